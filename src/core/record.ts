import { noHeaders, type Headers } from './headers.ts'

/**
 * A record as processors see it: a key, a value, an event time in milliseconds since the epoch, and headers.
 *
 * Records are immutable; the `with` methods return changed copies.
 *
 * @remarks Source: `org.apache.kafka.streams.processor.api.Record`.
 */
export class Record<K, V> {
  readonly key: K
  readonly value: V
  readonly timestampMs: number
  readonly headers: Headers

  constructor(key: K, value: V, timestampMs: number, headers: Headers = noHeaders) {
    this.key = key
    this.value = value
    this.timestampMs = timestampMs
    this.headers = headers
  }

  /** The same record under another key. */
  withKey<NewK>(key: NewK): Record<NewK, V> {
    return new Record(key, this.value, this.timestampMs, this.headers)
  }

  /** The same record with another value. */
  withValue<NewV>(value: NewV): Record<K, NewV> {
    return new Record(this.key, value, this.timestampMs, this.headers)
  }

  /** The same record at another event time, in milliseconds since the epoch. */
  withTimestamp(timestampMs: number): Record<K, V> {
    return new Record(this.key, this.value, timestampMs, this.headers)
  }

  /** The same record with other headers. */
  withHeaders(headers: Headers): Record<K, V> {
    return new Record(this.key, this.value, this.timestampMs, headers)
  }
}
