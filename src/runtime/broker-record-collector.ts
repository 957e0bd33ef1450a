import type {
  Broker,
  CommittedOffset,
  GroupIdentity,
  IdentityRenewal,
  Producer,
} from '../broker/port.ts'
import type { PackedBytes } from '../core/byte-text.ts'
import { UnknownTopicError } from '../core/errors.ts'
import type { Headers } from '../core/headers.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import { partitionForKey } from '../core/murmur2.ts'
import type { RecordCollector } from './record-collector.ts'

/** Sends what all tasks of a worker put out through the worker's one producer. */
export class BrokerRecordCollector implements RecordCollector {
  readonly #broker: Broker
  readonly #transactional: boolean
  readonly #partitions = new Map<string, number>()
  /** The partition of the next record without a key, by topic. */
  readonly #turns = new Map<string, number>()
  #producer: Producer
  #inTransaction = false
  /** A commit has failed: its transaction is open as far as is known. */
  #mustAbort = false

  constructor(broker: Broker, producer: Producer, transactional: boolean) {
    this.#broker = broker
    this.#producer = producer
    this.#transactional = transactional
  }

  get producer(): Producer {
    return this.#producer
  }

  get takesText(): boolean {
    return this.#producer.takesText === true
  }

  /** Whether anything was sent that is in a transaction which has not ended. */
  get inTransaction(): boolean {
    return this.#inTransaction
  }

  /** Takes a new producer, as after a failure; nothing is open in it. */
  async replaceProducer(producer: Producer): Promise<void> {
    this.#producer = producer
    this.#inTransaction = false
    this.#mustAbort = false
    await producer.prepare([...this.#partitions.keys()])
  }

  send(
    topic: string,
    partition: number | undefined,
    timestampMs: number,
    key: PackedBytes | null,
    value: PackedBytes | null,
    headers: Headers,
  ): void {
    if (this.#transactional && !this.#inTransaction) this.beginTransaction()
    const chosen = partition ?? this.#choose(topic, key)
    this.#producer.send(topic, chosen, timestampMs, key, value, headers)
  }

  /** Opens a transaction where none is open and producing needs one. */
  beginTransaction(): void {
    if (this.#inTransaction || !this.#transactional) return
    this.#producer.beginTransaction()
    this.#inTransaction = true
  }

  /**
   * Commits what was sent so far, with these offsets. What is sent from now on belongs to the next transaction, even
   * before this resolves. `renew`: who commits where the group has moved on meanwhile.
   */
  async commitTransaction(
    member: GroupIdentity,
    offsets: readonly CommittedOffset[],
    renew: IdentityRenewal,
  ): Promise<void> {
    this.beginTransaction()
    const sending = this.#producer.sendOffsets(member, offsets, renew)
    const committing = this.#producer.commitTransaction()
    this.#inTransaction = false
    try {
      await Promise.all([sending, committing])
    } catch (error) {
      this.#mustAbort = true
      throw error
    }
  }

  /** Ends a transaction that is open, or may be, as if nothing had been sent in it. */
  async abortTransaction(): Promise<void> {
    if (!this.#inTransaction && !this.#mustAbort) return
    await this.#producer.abortTransaction()
    this.#inTransaction = false
    this.#mustAbort = false
  }

  ready(): Promise<void> | undefined {
    return this.#producer.ready()
  }

  partitions(topic: string): number {
    const partitions = this.#partitions.get(topic)
    if (partitions !== undefined) return partitions
    throw new UnknownTopicError(`Nothing is known of topic ${topic}; it has to be prepared first`)
  }

  /** Throws `UnknownTopicError` naming the topic that does not exist. */
  prepare(topics: readonly string[]): MaybePromise<void> {
    const unknown = topics.filter((topic) => !this.#partitions.has(topic))
    return unknown.length === 0 ? undefined : this.#lookUp(unknown)
  }

  async #lookUp(topics: readonly string[]): Promise<void> {
    const found = await this.#broker.describeTopics(topics)
    for (const topic of topics) {
      const description = found.get(topic)
      if (!description) {
        throw new UnknownTopicError(`The output topic ${topic} does not exist; create it first`)
      }
      this.#partitions.set(topic, description.partitions)
    }
    await this.#producer.prepare(topics)
  }

  #choose(topic: string, key: PackedBytes | null): number {
    const partitions = this.partitions(topic)
    if (partitions === 1) return 0
    if (key !== null) return partitionForKey(key, partitions)
    const turn = this.#turns.get(topic) ?? 0
    this.#turns.set(topic, (turn + 1) % partitions)
    return turn
  }
}
