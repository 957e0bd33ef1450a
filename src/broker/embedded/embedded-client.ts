import { BrokerUnavailableError, LifecycleError } from '../../core/errors.ts'
import type { TopicPartition } from '../../core/topic-partition.ts'
import type {
  Broker,
  CommittedOffset,
  FetcherOptions,
  GroupMembership,
  GroupOptions,
  Isolation,
  NewTopic,
  PartitionOffset,
  Producer,
  ProducerOptions,
  TopicDescription,
  WaitOptions,
} from '../port.ts'
import type { EmbeddedBroker } from './embedded-broker.ts'
import { EmbeddedFetcher } from './embedded-fetcher.ts'
import { EmbeddedMembership } from './embedded-membership.ts'
import { EmbeddedProducer } from './embedded-producer.ts'
import { waitFor } from './wait-for.ts'

const defaultTimeoutMs = 30_000

/** Something of a client's that ends with it. */
interface Resource {
  close(): Promise<void>
  /** Ends at once, telling the broker nothing. */
  crash(error: Error): void
}

/** One client of an embedded broker. */
export class EmbeddedClient implements Broker {
  readonly name = 'embedded'
  readonly supportsTransactions = true
  readonly clientId: string
  readonly broker: EmbeddedBroker
  readonly #resources = new Set<Resource>()
  /** Why it can no longer be used; undefined while it can. */
  #ended: Error | undefined

  constructor(broker: EmbeddedBroker, clientId: string) {
    this.broker = broker
    this.clientId = clientId
  }

  async connect(): Promise<void> {
    await this.request('connect')
  }

  async describeTopics(names: readonly string[]): Promise<Map<string, TopicDescription>> {
    await this.request('describeTopics')
    const found = names.flatMap((name) => this.broker.findTopic(name) ?? [])
    return new Map(
      found.map(({ name, partitions }) => [name, { name, partitions: partitions.length }]),
    )
  }

  async listTopics(): Promise<string[]> {
    await this.request('listTopics')
    return this.broker.topicNames()
  }

  async createTopics(topics: readonly NewTopic[]): Promise<void> {
    await this.request('createTopics')
    for (const topic of topics) this.broker.createTopic(topic)
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    await this.request('deleteTopics')
    for (const name of names) this.broker.deleteTopic(name)
  }

  async deleteRecords(before: readonly PartitionOffset[]): Promise<void> {
    await this.request('deleteRecords')
    for (const each of before) {
      this.broker.deleteRecords(each.topic, each.partition, each.offset)
    }
  }

  async listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest' | { readonly timestampMs: number },
    isolation: Isolation,
  ): Promise<PartitionOffset[]> {
    await this.request('listOffsets')
    return partitions.map(({ topic, partition }) => {
      const log = this.broker.partition(topic, partition)
      const end = log.endOffset(isolation)
      if (at === 'earliest') return { topic, partition, offset: log.logStart }
      if (at === 'latest') return { topic, partition, offset: end }
      const found = log.offsetForTime(at.timestampMs) ?? end
      return { topic, partition, offset: Math.min(found, end) }
    })
  }

  async committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options: WaitOptions = {},
  ): Promise<CommittedOffset[]> {
    await this.request('committedOffsets')
    const group = this.broker.group(groupId)
    await waitFor({
      clock: this.broker.clock,
      what: `Waiting for the open transactions of group ${groupId}`,
      timeoutMs: defaultTimeoutMs,
      ...options,
      isDone: () => this.#ended !== undefined || !group.hasPending(partitions),
      onChange: (changed) => group.onPendingEnded(changed),
    })
    this.checkUsable()
    return group.committed(partitions)
  }

  openFetcher(options: FetcherOptions): EmbeddedFetcher {
    return this.#track(new EmbeddedFetcher(this, options))
  }

  async openProducer(options: ProducerOptions): Promise<Producer> {
    await this.request('initProducerId')
    return this.#track(new EmbeddedProducer(this, options))
  }

  openGroup(options: GroupOptions): GroupMembership {
    return this.#track(new EmbeddedMembership(this, options))
  }

  async close(): Promise<void> {
    if (this.#ended) return
    for (const resource of [...this.#resources]) await resource.close()
    this.#ended ??= new LifecycleError('The client of the embedded broker is closed')
    this.broker.forget(this)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /**
   * Ends as a killed process does: what is under way fails, nothing is left or flushed, memberships and transactions
   * stay until they time out or are fenced.
   */
  crash(): void {
    const error = new BrokerUnavailableError('This client of the embedded broker has crashed')
    this.#ended = error
    for (const resource of this.#resources) resource.crash(error)
    this.#resources.clear()
    this.broker.forget(this)
  }

  /** The one place that each request passes. Rejects where the client has ended, or the broker's hook says so. */
  async request(name: string): Promise<void> {
    this.checkUsable()
    const held = this.broker.onRequest?.(this.clientId, name)
    if (!held) return
    await held
    this.checkUsable()
  }

  checkUsable(): void {
    if (this.#ended) throw this.#ended
  }

  untrack(resource: Resource): void {
    this.#resources.delete(resource)
  }

  #track<R extends Resource>(resource: R): R {
    this.checkUsable()
    this.#resources.add(resource)
    return resource
  }
}
