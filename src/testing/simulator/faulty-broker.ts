import type { TopicPartition } from '../../core/topic-partition.ts'
import type { EmbeddedClient } from '../../broker/embedded/embedded-client.ts'
import type {
  Broker,
  CommittedOffset,
  FetchedPartition,
  Fetcher,
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
} from '../../broker/port.ts'
import type { BrokerLink } from './broker-link.ts'
import { FaultyMembership } from './faulty-membership.ts'
import { FaultyProducer } from './faulty-producer.ts'

/** A worker's client of the broker, over a link on which things go wrong. */
export class FaultyBroker implements Broker {
  readonly name: string
  readonly supportsTransactions: boolean
  readonly #client: EmbeddedClient
  readonly #link: BrokerLink
  readonly #onTransactionalId: (id: string) => void

  constructor(client: EmbeddedClient, link: BrokerLink, onTransactionalId: (id: string) => void) {
    this.name = client.name
    this.supportsTransactions = client.supportsTransactions
    this.#client = client
    this.#link = link
    this.#onTransactionalId = onTransactionalId
  }

  get throttledMs(): number {
    return this.#client.throttledMs
  }

  connect(options?: WaitOptions): Promise<void> {
    return this.#link.call('connect', () => this.#client.connect(options))
  }

  describeTopics(names: readonly string[]): Promise<Map<string, TopicDescription>> {
    return this.#link.call('describeTopics', () => this.#client.describeTopics(names))
  }

  listTopics(): Promise<string[]> {
    return this.#link.call('listTopics', () => this.#client.listTopics())
  }

  createTopics(topics: readonly NewTopic[]): Promise<void> {
    return this.#link.call('createTopics', () => this.#client.createTopics(topics))
  }

  deleteTopics(names: readonly string[]): Promise<void> {
    return this.#link.call('deleteTopics', () => this.#client.deleteTopics(names))
  }

  deleteRecords(before: readonly PartitionOffset[]): Promise<void> {
    return this.#link.call('deleteRecords', () => this.#client.deleteRecords(before))
  }

  listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest' | { readonly timestampMs: number },
    isolation: Isolation,
  ): Promise<PartitionOffset[]> {
    const run = (): Promise<PartitionOffset[]> =>
      this.#client.listOffsets(partitions, at, isolation)
    return this.#link.call('listOffsets', run)
  }

  committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options?: WaitOptions,
  ): Promise<CommittedOffset[]> {
    const run = (): Promise<CommittedOffset[]> =>
      this.#client.committedOffsets(groupId, partitions, options)
    return this.#link.call('committedOffsets', run)
  }

  openFetcher(options: FetcherOptions): Fetcher {
    return new FaultyFetcher(this.#client.openFetcher(options), this.#link)
  }

  async openProducer(options: ProducerOptions): Promise<Producer> {
    if (options.transactionalId !== undefined) this.#onTransactionalId(options.transactionalId)
    const open = (): Promise<Producer> => this.#client.openProducer(options)
    return new FaultyProducer(await this.#link.call('initProducerId', open), this.#link)
  }

  openGroup(options: GroupOptions): GroupMembership {
    return new FaultyMembership(this.#client, options, this.#link)
  }

  close(): Promise<void> {
    return this.#link.call('disconnect', () => this.#client.close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

class FaultyFetcher implements Fetcher {
  readonly #fetcher: Fetcher
  readonly #link: BrokerLink

  constructor(fetcher: Fetcher, link: BrokerLink) {
    this.#fetcher = fetcher
    this.#link = link
  }

  get bufferedBytes(): number {
    return this.#fetcher.bufferedBytes
  }

  assign(positions: readonly PartitionOffset[]): void {
    if (this.#link.process.isDead) return
    this.#link.note('reads on from', positions)
    this.#fetcher.assign(positions)
  }

  unassign(partitions: readonly TopicPartition[]): void {
    this.#fetcher.unassign(partitions)
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.resume(partitions)
  }

  poll(options: WaitOptions): Promise<FetchedPartition[]> {
    return this.#link.call('fetch', () => this.#fetcher.poll(options))
  }

  close(): Promise<void> {
    return this.#link.call('close', () => this.#fetcher.close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
