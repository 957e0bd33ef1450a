import { BrokerTimeoutError, BrokerUnavailableError } from '../../core/errors.ts'
import type { TopicPartition } from '../../core/topic-partition.ts'
import type {
  Broker,
  CommittedOffset,
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
} from '../port.ts'
import { Cluster, type ClusterEnvironment } from './cluster/cluster.ts'
import { Offsets, type OffsetTime } from './cluster/offsets.ts'
import { retry } from './cluster/retry.ts'
import { Topics } from './cluster/topics.ts'
import { Wait } from './cluster/wait.ts'
import { checkCompression, prepareCodecs } from './codec/compression.ts'
import { KafkaFetcher } from './fetcher/kafka-fetcher.ts'
import { KafkaGroup } from './group/kafka-group.ts'
import { IdempotentProducer } from './producer/idempotent-producer.ts'
import { TransactionalProducer } from './producer/transactional-producer.ts'

/** A Kafka cluster, reached over kafkajs's connections with requests of our own. */
export class KafkajsBroker implements Broker {
  readonly name: string
  readonly supportsTransactions = true
  readonly #environment: ClusterEnvironment
  /** For topics, offsets and groups. */
  readonly #cluster: Cluster
  readonly #topics: Topics
  readonly #offsets: Offsets
  /** Consuming and producing keep their own view of the leaders, each put right by its own failures. */
  readonly #fetching: Cluster
  readonly #producing: Cluster
  readonly #opened = new Set<{ close(): Promise<void> }>()

  constructor(name: string, environment: ClusterEnvironment) {
    this.name = name
    this.#environment = environment
    this.#cluster = new Cluster(environment)
    this.#fetching = new Cluster(environment)
    this.#producing = new Cluster(environment)
    this.#topics = new Topics(this.#cluster)
    this.#offsets = new Offsets(this.#cluster)
  }

  get throttledMs(): number {
    return this.#clusters.reduce((sum, { throttledMs }) => sum + throttledMs, 0)
  }

  async connect(options?: WaitOptions): Promise<void> {
    const { clock, random, settings } = this.#environment
    const wait = new Wait(clock, options, settings.connectionTimeoutMs)
    try {
      await retry('Connecting', random, wait, () => this.#cluster.refresh([]))
    } catch (error) {
      if (!(error instanceof BrokerTimeoutError)) throw error
      const addresses = settings.brokers.join(', ')
      throw new BrokerUnavailableError(
        `Kafka cannot be reached at ${addresses}: no answer within ${wait.timeoutMs} ms.`,
        { cause: error, retriable: true },
      )
    }
  }

  describeTopics(names: readonly string[]): Promise<Map<string, TopicDescription>> {
    return this.#topics.describe(names)
  }

  listTopics(): Promise<string[]> {
    return this.#topics.list()
  }

  createTopics(topics: readonly NewTopic[]): Promise<void> {
    return this.#topics.create(topics)
  }

  deleteTopics(names: readonly string[]): Promise<void> {
    return this.#topics.delete(names)
  }

  deleteRecords(before: readonly PartitionOffset[]): Promise<void> {
    return this.#topics.deleteRecords(before)
  }

  listOffsets(
    partitions: readonly TopicPartition[],
    at: OffsetTime,
    isolation: Isolation,
  ): Promise<PartitionOffset[]> {
    return this.#offsets.list(partitions, at, isolation)
  }

  committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options?: WaitOptions,
  ): Promise<CommittedOffset[]> {
    return this.#offsets.committed(groupId, partitions, options)
  }

  openFetcher(options: FetcherOptions): Fetcher {
    return this.#track(new KafkaFetcher(this.#fetching, options))
  }

  async openProducer(options: ProducerOptions): Promise<Producer> {
    const { transactionalId, compression = 'none' } = options
    await prepareCodecs()
    checkCompression(compression)
    const producer =
      transactionalId === undefined
        ? await IdempotentProducer.open(this.#producing, options)
        : await TransactionalProducer.open(this.#producing, { ...options, transactionalId })
    return this.#track(producer)
  }

  openGroup(options: GroupOptions): GroupMembership {
    return this.#track(new KafkaGroup(this.#cluster, options))
  }

  async close(): Promise<void> {
    const opened = [...this.#opened]
    this.#opened.clear()
    await Promise.all(opened.map((each) => each.close()))
    for (const cluster of this.#clusters) cluster.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #clusters(): readonly Cluster[] {
    return [this.#cluster, this.#fetching, this.#producing]
  }

  /** Remembers what was opened, to close it along with the broker. */
  #track<T extends { close(): Promise<void> }>(opened: T): T {
    this.#opened.add(opened)
    const close = opened.close.bind(opened)
    opened.close = () => {
      this.#opened.delete(opened)
      return close()
    }
    return opened
  }
}
