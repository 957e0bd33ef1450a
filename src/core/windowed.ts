/**
 * A key together with the window that its value belongs to: what windowed aggregations have as their key.
 *
 * @remarks Source: `org.apache.kafka.streams.kstream.Windowed`.
 */
export interface Windowed<K> {
  readonly key: K
  /** First millisecond of the window, since the epoch. */
  readonly startMs: number
  /** End of the window in milliseconds since the epoch: exclusive, but inclusive for sliding and session windows. */
  readonly endMs: number
  /** Never there at run time; tells the types of keys of different windows apart, and so their tables' stores. */
  readonly windowType?: 'time' | 'session'
}

/** A key together with its session, from the session's first record's time to its last one's, both inclusive. */
export interface SessionWindowed<K> extends Windowed<K> {
  readonly windowType?: 'session'
}
