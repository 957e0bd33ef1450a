/**
 * A key together with the window that its value belongs to: what windowed aggregations have as their key.
 *
 * @remarks Source: `org.apache.kafka.streams.kstream.Windowed`.
 */
export interface Windowed<K> {
  readonly key: K
  /** First millisecond of the window, since the epoch. */
  readonly startMs: number
  /** End of the window in milliseconds since the epoch, exclusive. */
  readonly endMs: number
}
