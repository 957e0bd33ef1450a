import { PartitionLog } from './partition-log.ts'

/** Kafka's own default for `max.message.bytes`. */
const defaultMaxMessageBytes = 1_048_588

/** A topic of the embedded broker: its settings and its partitions. */
export class EmbeddedTopic {
  readonly name: string
  readonly partitions: readonly PartitionLog[]
  readonly config: Readonly<globalThis.Record<string, string>>
  readonly maxMessageBytes: number
  readonly compacted: boolean
  /** Undefined: kept for ever. */
  readonly retentionMs: number | undefined

  constructor(
    name: string,
    partitions: number,
    config: Readonly<globalThis.Record<string, string>>,
  ) {
    this.name = name
    this.config = config
    this.partitions = Array.from({ length: partitions }, (_, i) => new PartitionLog(name, i))
    this.maxMessageBytes = Number(config['max.message.bytes'] ?? defaultMaxMessageBytes)
    const policies = (config['cleanup.policy'] ?? 'delete').split(',').map((each) => each.trim())
    this.compacted = policies.includes('compact')
    const retentionMs = Number(config['retention.ms'] ?? -1)
    this.retentionMs = policies.includes('delete') && retentionMs >= 0 ? retentionMs : undefined
  }
}
