import { systemClock, type Clock } from '../../core/clock.ts'
import type { AsyncCloseable } from '../../core/disposable.ts'
import { BrokerError, LifecycleError, UnknownTopicError } from '../../core/errors.ts'
import { systemRandom, type Random } from '../../core/random.ts'
import type { BrokerConnector, BrokerEnvironment } from '../connector.ts'
import type { NewTopic } from '../port.ts'
import { EmbeddedClient } from './embedded-client.ts'
import { EmbeddedTopic } from './embedded-topic.ts'
import { GroupState } from './group-state.ts'
import { Journal } from './journal.ts'
import type { PartitionLog } from './partition-log.ts'
import type { RecordChunk, UnplacedChunk } from './record-chunk.ts'
import { Transactions } from './transactions.ts'

/** How an {@link EmbeddedBroker} is set up. */
export interface EmbeddedBrokerOptions {
  /**
   * A folder in which everything is kept for the next start; one broker a folder.
   *
   * @defaultValue none: all is gone when the process ends
   */
  readonly folder?: string
  /** @defaultValue the machine's clock */
  readonly clock?: Clock
  /** @defaultValue the machine's randomness */
  readonly random?: Random
  /**
   * Called before each request of a client takes effect, with the client's id and the name of the request, as
   * `produce`; what it throws, the request throws. For tests that make requests fail, or wait.
   */
  readonly onRequest?: (clientId: string, request: string) => Promise<void> | undefined
}

/** Compaction runs when this many records were written since the last, and they are half of the log. */
const dirtyRecordsMin = 10_000
const dirtyRatioMin = 0.5

/**
 * A broker within the process: partitions, groups, transactions and compaction as Kafka has them, for first steps,
 * tests and development. It serves this process only; production is Kafka.
 *
 * Workers of the same process that are given the same instance share it. Closing a client leaves it as it is.
 */
export class EmbeddedBroker implements BrokerConnector, AsyncCloseable {
  readonly name = 'embedded'
  readonly clock: Clock
  readonly random: Random
  readonly onRequest: EmbeddedBrokerOptions['onRequest']
  readonly transactions: Transactions
  readonly #topics = new Map<string, EmbeddedTopic>()
  readonly #groups = new Map<string, GroupState>()
  readonly #clients = new Set<EmbeddedClient>()
  readonly #journal: Journal | undefined
  #closed = false

  constructor(options: EmbeddedBrokerOptions = {}) {
    this.clock = options.clock ?? systemClock
    this.random = options.random ?? systemRandom
    this.onRequest = options.onRequest
    this.transactions = new Transactions(this.clock, {
      onEpoch: (id, epoch) => this.#journal?.write({ type: 'epoch', id, epoch }),
      onOffsets: (group, offsets) => this.#journalOffsets(group, offsets),
      onMarker: (log, marker) => this.#journal?.writeChunk(log, marker),
      onEnd: (transaction) => this.#journal?.writeEnd(transaction),
    })
    if (options.folder !== undefined) {
      const journal = Journal.open(options.folder)
      journal.replay(this.#replayTarget())
      this.#journal = journal
    }
  }

  /** A new client. Throws `LifecycleError` after {@link close}. */
  open(environment: Partial<BrokerEnvironment> = {}): EmbeddedClient {
    if (this.#closed) throw new LifecycleError('The embedded broker is closed')
    const client = new EmbeddedClient(this, environment.clientId ?? 'client')
    this.#clients.add(client)
    return client
  }

  /** Ends all clients and, where there is a folder, makes sure that everything is in it. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const client of this.#clients) await client.close()
    this.transactions.close()
    for (const group of this.#groups.values()) group.close()
    this.#journal?.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Compacts a topic now, whatever its configuration says. */
  compact(topic: string): void {
    for (const log of this.topic(topic).partitions) log.compact()
  }

  /** @internal */
  forget(client: EmbeddedClient): void {
    this.#clients.delete(client)
  }

  /** @internal */
  topicNames(): string[] {
    return [...this.#topics.keys()]
  }

  /** @internal */
  findTopic(name: string): EmbeddedTopic | undefined {
    return this.#topics.get(name)
  }

  /** @internal Throws `UnknownTopicError`. */
  topic(name: string): EmbeddedTopic {
    const topic = this.#topics.get(name)
    if (topic) return topic
    throw new UnknownTopicError(
      `There is no topic ${name} on the embedded broker; create it first`,
      {
        brokerCode: 3,
      },
    )
  }

  /** @internal Throws `UnknownTopicError`. */
  partition(topic: string, partition: number): PartitionLog {
    const log = this.topic(topic).partitions[partition]
    if (log) return log
    const { length } = this.topic(topic).partitions
    throw new UnknownTopicError(`Topic ${topic} has ${length} partitions and no such one`, {
      topicPartition: { topic, partition },
      brokerCode: 3,
    })
  }

  /** @internal */
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
    this.#topics.set(name, new EmbeddedTopic(name, partitions, config))
    this.#journal?.write({ type: 'topic', name, partitions, config })
  }

  /** @internal */
  deleteTopic(name: string): void {
    if (this.#topics.delete(name)) this.#journal?.write({ type: 'topic-deleted', name })
  }

  /** @internal */
  deleteRecords(topic: string, partition: number, before: number): void {
    this.partition(topic, partition).deleteBefore(before)
    this.#journal?.write({ type: 'records-deleted', topic, partition, before })
  }

  /** @internal */
  group(id: string): GroupState {
    let group = this.#groups.get(id)
    if (!group) {
      group = new GroupState(id, this.clock)
      this.#groups.set(id, group)
    }
    return group
  }

  /** @internal */
  append(topic: EmbeddedTopic, log: PartitionLog, unplaced: UnplacedChunk): RecordChunk {
    const chunk = log.append(unplaced)
    this.#journal?.writeChunk(log, chunk)
    this.#clean(topic, log)
    return chunk
  }

  /** @internal */
  commitOffsets(group: GroupState, ...args: Parameters<GroupState['commit']>): void {
    group.commit(...args)
    this.#journalOffsets(group, args[1])
  }

  #journalOffsets(group: GroupState, offsets: Parameters<GroupState['storeOffsets']>[0]): void {
    this.#journal?.write({ type: 'offsets', group: group.id, offsets })
  }

  #clean(topic: EmbeddedTopic, log: PartitionLog): void {
    if (topic.compacted) {
      const { records, ratio } = log.dirty
      if (records >= dirtyRecordsMin && ratio >= dirtyRatioMin) log.compact()
    }
    if (topic.retentionMs !== undefined) log.expireBefore(this.clock.now() - topic.retentionMs)
  }

  #replayTarget(): Parameters<Journal['replay']>[0] {
    return {
      topic: (name, partitions, config) => {
        this.#topics.set(name, new EmbeddedTopic(name, partitions, config))
      },
      topicDeleted: (name) => this.#topics.delete(name),
      recordsDeleted: (topic, partition, before) =>
        this.partition(topic, partition).deleteBefore(before),
      offsets: (group, offsets) => this.group(group).storeOffsets(offsets),
      epoch: (id, epoch) => this.transactions.restoreEpoch(id, epoch),
      chunk: (topic, partition, chunk) => this.partition(topic, partition).append(chunk),
    }
  }
}
