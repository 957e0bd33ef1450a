/**
 * A key together with the window that its value belongs to, of any kind: what windowed aggregations have as their key.
 *
 * @remarks Source: `org.apache.kafka.streams.kstream.Windowed`.
 */
export interface WindowedKey<K> {
  readonly key: K
  /** First millisecond of the window, since the epoch. */
  readonly startMs: number
  /** End of the window in milliseconds since the epoch: exclusive, but inclusive for sliding and session windows. */
  readonly endMs: number
  /** Never there at run time; tells keys of different windows apart, which have different bytes and stores. */
  readonly windowType?: 'time' | 'session'
}

/** A key together with a window of fixed size: tumbling, hopping or sliding. */
export interface Windowed<K> extends WindowedKey<K> {
  readonly windowType?: 'time'
}

/** A key together with its session, from the session's first record's time to its last one's, both inclusive. */
export interface SessionWindowed<K> extends WindowedKey<K> {
  readonly windowType?: 'session'
}
