import { systemClock, type Clock } from '../../core/clock.ts'
import { BrokerError, UnknownTopicError } from '../../core/errors.ts'
import { systemRandom, type Random } from '../../core/random.ts'
import type { CommittedOffset, GroupIdentity, NewTopic } from '../port.ts'
import type { EmbeddedBrokerOptions } from './broker-options.ts'
import { EmbeddedTopic } from './embedded-topic.ts'
import { GroupState } from './group-state.ts'
import { Journal } from './journal.ts'
import type { PartitionLog } from './partition-log.ts'
import type { RecordChunk, UnplacedChunk } from './record-chunk.ts'
import { Transactions } from './transactions.ts'

/** What an embedded broker knows, and keeps where it has a folder: topics, groups and transactions. */
export class BrokerState {
  readonly clock: Clock
  readonly random: Random
  readonly onRequest: EmbeddedBrokerOptions['onRequest']
  readonly transactions: Transactions
  readonly #topics = new Map<string, EmbeddedTopic>()
  readonly #groups = new Map<string, GroupState>()
  readonly #journal: Journal | undefined

  constructor(options: EmbeddedBrokerOptions) {
    this.clock = options.clock ?? systemClock
    this.random = options.random ?? systemRandom
    this.onRequest = options.onRequest
    this.transactions = new Transactions(this.clock, {
      onEpoch: (id, epoch) => this.#journal?.write({ type: 'epoch', id, epoch }),
      onEnd: (end) => {
        // Of a topic that was deleted under the transaction nothing is left to mark.
        const logs = [...end.logs].filter((log) => this.#isCurrent(log))
        const markers = logs.map(({ topic, partition }) => ({ topic, partition }))
        this.#journal?.writeEnd(end, markers)
      },
    })
    if (options.folder !== undefined) this.#journal = this.#openJournal(options.folder)
  }

  /** Ends all timers and, where there is a folder, makes sure that everything is in it. */
  close(): void {
    this.transactions.close()
    for (const group of this.#groups.values()) group.close()
    this.#journal?.close()
  }

  topicNames(): string[] {
    return [...this.#topics.keys()]
  }

  findTopic(name: string): EmbeddedTopic | undefined {
    return this.#topics.get(name)
  }

  /** Throws `UnknownTopicError`. */
  topic(name: string): EmbeddedTopic {
    const topic = this.#topics.get(name)
    if (topic) return topic
    throw this.#unknown(name)
  }

  /** Throws `UnknownTopicError`. */
  partition(topic: string, partition: number): PartitionLog {
    const log = this.topic(topic).partitions[partition]
    if (log) return log
    const { length } = this.topic(topic).partitions
    throw new UnknownTopicError(`Topic ${topic} has ${length} partitions and no such one`, {
      topicPartition: { topic, partition },
      brokerCode: 3,
    })
  }

  createTopic({ name, partitions, config = {} }: NewTopic): void {
    if (this.#topics.has(name)) return
    if (!/^[A-Za-z0-9._-]{1,249}$/.test(name) || name === '.' || name === '..') {
      throw new BrokerError(`${JSON.stringify(name)} is no topic name`, { brokerCode: 17 })
    }
    if (!Number.isInteger(partitions) || partitions < 1) {
      throw new BrokerError(`Topic ${name} cannot have ${partitions} partitions`, {
        brokerCode: 37,
      })
    }
    const topic = new EmbeddedTopic(name, partitions, config, this.clock.now())
    this.#journal?.write({ type: 'topic', name, partitions, config })
    this.#topics.set(name, topic)
  }

  /** Throws `UnknownTopicError`, and `BrokerError` where the topic has as many partitions or more. */
  addPartitions(name: string, partitions: number): void {
    const topic = this.topic(name)
    const { length } = topic.partitions
    if (!Number.isInteger(partitions) || partitions <= length) {
      throw new BrokerError(
        `Topic ${name} has ${length} partitions; it can be given more, and ${partitions} are not more`,
        { brokerCode: 37 },
      )
    }
    this.#journal?.write({ type: 'topic', name, partitions, config: topic.config })
    topic.growTo(partitions)
  }

  deleteTopic(name: string): void {
    const topic = this.#topics.get(name)
    if (!topic) return
    this.#journal?.write({ type: 'topic-deleted', name })
    this.#forgetTopic(name)
    for (const log of topic.partitions) log.notify()
  }

  deleteRecords(topic: string, partition: number, before: number): void {
    this.partition(topic, partition).deleteBefore(before)
    this.#journal?.write({ type: 'records-deleted', topic, partition, before })
  }

  group(id: string): GroupState {
    let group = this.#groups.get(id)
    if (!group) {
      group = new GroupState(id, this.clock)
      this.#groups.set(id, group)
    }
    return group
  }

  append(topic: EmbeddedTopic, log: PartitionLog, unplaced: UnplacedChunk): RecordChunk {
    if (!this.#isCurrent(log)) throw this.#unknown(topic.name)
    this.#journal?.writeChunk(log, unplaced)
    const chunk = log.append(unplaced)
    const nowMs = this.clock.now()
    topic.compactWhenDirty(log, nowMs)
    for (const expired of topic.expired(nowMs)) {
      this.deleteRecords(topic.name, expired.log.partition, expired.before)
    }
    return chunk
  }

  commitOffsets(
    group: GroupState,
    identity: GroupIdentity,
    offsets: readonly CommittedOffset[],
  ): void {
    group.checkOffsetCommit(identity)
    this.#journal?.write({ type: 'offsets', group: group.id, offsets })
    group.offsets.commit(offsets)
  }

  #unknown(name: string): UnknownTopicError {
    return new UnknownTopicError(
      `There is no topic ${name} on the embedded broker; create it first`,
      { brokerCode: 3 },
    )
  }

  #isCurrent(log: PartitionLog): boolean {
    return this.#topics.get(log.topic)?.partitions[log.partition] === log
  }

  #forgetTopic(name: string): void {
    this.#topics.delete(name)
    for (const { offsets } of this.#groups.values()) offsets.forgetTopic(name)
  }

  #openJournal(folder: string): Journal {
    const journal = new Journal(folder)
    try {
      journal.replay({
        topic: (name, partitions, config) => {
          const known = this.#topics.get(name)
          if (known) known.growTo(partitions)
          else this.#topics.set(name, new EmbeddedTopic(name, partitions, config, this.clock.now()))
        },
        topicDeleted: (name) => this.#forgetTopic(name),
        recordsDeleted: (topic, partition, before) =>
          this.partition(topic, partition).deleteBefore(before),
        offsets: (group, offsets) => this.group(group).offsets.commit(offsets),
        epoch: (id, epoch) => this.transactions.restoreEpoch(id, epoch),
        log: (topic, partition) => this.partition(topic, partition),
      })
      const nowMs = this.clock.now()
      for (const topic of this.#topics.values()) {
        for (const log of topic.partitions) topic.compactWhenDirty(log, nowMs)
      }
      journal.shrink({
        topics: [...this.#topics.values()],
        epochs: this.transactions.epochs(),
        groups: [...this.#groups.values()].map(({ id, offsets }) => ({
          group: id,
          offsets: offsets.all(),
        })),
      })
    } catch (error) {
      journal.close()
      throw error
    }
    return journal
  }
}
