import type { Broker, CommittedOffset, PartitionOffset } from '../broker/port.ts'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { topicPartitionName } from '../core/topic-partition.ts'

/** What {@link RepartitionPurge} needs. */
export interface RepartitionPurgeOptions {
  readonly broker: Broker
  readonly clock: Clock
  readonly logger: Logger
  readonly topics: ReadonlySet<string>
  readonly intervalMs: number
}

/**
 * Has the broker drop the records of repartition topics once they are processed, since those topics keep what they have
 * for ever. It is not part of a commit: what fails is tried again with the next.
 *
 * @remarks Source: KAFKA-6150, `repartition.purge.interval.ms`.
 */
export class RepartitionPurge {
  readonly #options: RepartitionPurgeOptions
  readonly #offsets = new Map<string, PartitionOffset>()
  #purgedMs: number
  #purging: Promise<void> | undefined

  constructor(options: RepartitionPurgeOptions) {
    this.#options = options
    this.#purgedMs = options.clock.monotonicMs()
  }

  /** Notes what was committed, and purges when it is time. */
  committed(offsets: readonly CommittedOffset[]): void {
    const { topics, clock, intervalMs } = this.#options
    for (const { topic, partition, offset } of offsets) {
      if (!topics.has(topic)) continue
      this.#offsets.set(topicPartitionName(topic, partition), { topic, partition, offset })
    }
    const nowMs = clock.monotonicMs()
    if (this.#offsets.size === 0 || this.#purging || nowMs - this.#purgedMs < intervalMs) return
    this.#purgedMs = nowMs
    this.#purging = this.#purge([...this.#offsets.values()])
    this.#offsets.clear()
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#purging
  }

  async #purge(offsets: readonly PartitionOffset[]): Promise<void> {
    try {
      await this.#options.broker.deleteRecords(offsets)
    } catch (error) {
      this.#options.logger.warn('Processed records of repartition topics could not be deleted', {
        reason: messageOf(error),
      })
    }
    this.#purging = undefined
  }
}
