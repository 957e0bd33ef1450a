import type { PackedBytes } from '../core/byte-text.ts'
import type { Headers } from '../core/headers.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'

/**
 * Where a task's outputs go: sink records, repartition records, changelog records, dead letters. Topic names are
 * those on the broker.
 */
export interface RecordCollector {
  /** Whether {@link send} also takes keys and values as strings of one character a byte. */
  readonly takesText?: boolean
  /**
   * Appends a record; synchronous. `partition` undefined: Kafka's default by key, and by turns where the key is null.
   * Throws `ProductionError` where this very record cannot be written. Strings are for those only that say so in
   * {@link takesText}.
   */
  send(
    topic: string,
    partition: number | undefined,
    timestampMs: number,
    key: PackedBytes | null,
    value: PackedBytes | null,
    headers: Headers,
  ): void
  /** Undefined unless what is buffered must drain before more is processed. */
  ready(): Promise<void> | undefined
  /** How many partitions a topic has. Throws `UnknownTopicError` for one that was not prepared and is unknown. */
  partitions(topic: string): number
  /** Makes a topic that was not known at start usable (dynamic topic names). */
  prepare(topics: readonly string[]): MaybePromise<void>
}
