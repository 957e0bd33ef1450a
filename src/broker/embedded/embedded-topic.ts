import { BrokerError } from '../../core/errors.ts'
import { PartitionLog } from './partition-log.ts'

/** Kafka's own defaults for `max.message.bytes`, `delete.retention.ms` and `log.retention.check.interval.ms`. */
const defaultMaxMessageBytes = 1_048_588
const defaultDeleteRetentionMs = 86_400_000
const retentionCheckMs = 300_000

const invalidConfig = 40

/** Compaction runs when this many records were written since the last, and they are half of the log. */
const dirtyRecordsMin = 10_000
const dirtyRatioMin = 0.5

/** A topic of the embedded broker: its settings and its partitions. */
export class EmbeddedTopic {
  readonly name: string
  readonly #partitions: PartitionLog[]
  readonly config: Readonly<globalThis.Record<string, string>>
  readonly maxMessageBytes: number
  readonly compacted: boolean
  readonly #deleteRetentionMs: number
  /** Undefined: kept for ever. */
  readonly #retentionMs: number | undefined
  #checkedAtMs: number

  /** Throws `BrokerError` where a setting cannot be used. */
  constructor(
    name: string,
    partitions: number,
    config: Readonly<globalThis.Record<string, string>>,
    nowMs: number,
  ) {
    this.name = name
    this.config = config
    this.#partitions = Array.from({ length: partitions }, (_, i) => new PartitionLog(name, i))
    this.maxMessageBytes = this.#number('max.message.bytes', defaultMaxMessageBytes)
    const policies = (config['cleanup.policy'] ?? 'delete').split(',').map((each) => each.trim())
    this.compacted = policies.includes('compact')
    this.#deleteRetentionMs = this.#number('delete.retention.ms', defaultDeleteRetentionMs)
    const retentionMs = this.#number('retention.ms', -1)
    this.#retentionMs = policies.includes('delete') && retentionMs >= 0 ? retentionMs : undefined
    this.#checkedAtMs = nowMs
  }

  get partitions(): readonly PartitionLog[] {
    return this.#partitions
  }

  /** Adds partitions until there are so many. */
  growTo(partitions: number): void {
    while (this.#partitions.length < partitions) {
      this.#partitions.push(new PartitionLog(this.name, this.#partitions.length))
    }
  }

  /** Compacts all partitions now, whatever the configuration says. */
  compact(nowMs: number): void {
    for (const log of this.partitions) this.#compactLog(log, nowMs)
  }

  /** Compacts a partition where its topic is to be compacted and enough has gathered. */
  compactWhenDirty(log: PartitionLog, nowMs: number): void {
    if (!this.compacted) return
    const { records, ratio } = log.dirty
    if (records >= dirtyRecordsMin && ratio >= dirtyRatioMin) this.#compactLog(log, nowMs)
  }

  /**
   * Where partitions begin once what is too old is dropped; those alone that would begin later than now. As with
   * Kafka, this is looked into at intervals, so that old records can be read for a while.
   */
  expired(nowMs: number): readonly { readonly log: PartitionLog; readonly before: number }[] {
    if (this.#retentionMs === undefined || nowMs < this.#checkedAtMs + retentionCheckMs) return []
    this.#checkedAtMs = nowMs
    const oldest = nowMs - this.#retentionMs
    return this.partitions
      .map((log) => ({ log, before: log.startWithout(oldest) }))
      .filter(({ log, before }) => before > log.logStart)
  }

  #number(key: string, otherwise: number): number {
    const value = this.config[key]
    if (value === undefined) return otherwise
    if (/^-?\d+$/.test(value)) return Number(value)
    throw new BrokerError(`Topic ${this.name} cannot have ${key}=${value}: it is no whole number`, {
      brokerCode: invalidConfig,
    })
  }

  #compactLog(log: PartitionLog, nowMs: number): void {
    log.compact({ nowMs, deleteRetentionMs: this.#deleteRetentionMs })
  }
}
