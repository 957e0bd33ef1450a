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
import type { BrokerState } from './broker-state.ts'
import type { ClientSession } from './client-session.ts'
import { EmbeddedFetcher } from './embedded-fetcher.ts'
import { EmbeddedMembership } from './embedded-membership.ts'
import { EmbeddedProducer } from './embedded-producer.ts'
import type { ProducerIdentity } from './transactions.ts'
import { waitFor } from './wait-for.ts'

const defaultTimeoutMs = 30_000
const defaultTransactionTimeoutMs = 60_000

/** One client of an embedded broker, as a process of its own would be. */
export class EmbeddedClient implements Broker {
  readonly name = 'embedded'
  readonly supportsTransactions = true
  /** It has no quotas. */
  readonly throttledMs = 0
  readonly #session: ClientSession

  /** @internal Opened by `EmbeddedBroker.open`. */
  constructor(session: ClientSession) {
    this.#session = session
  }

  /** By what name the broker's `onRequest` knows it. */
  get clientId(): string {
    return this.#session.clientId
  }

  async connect(options: WaitOptions = {}): Promise<void> {
    await this.#session.request('connect', options.signal)
  }

  async describeTopics(names: readonly string[]): Promise<Map<string, TopicDescription>> {
    await this.#session.request('describeTopics')
    const found = names.flatMap((name) => this.#state.findTopic(name) ?? [])
    return new Map(
      found.map(({ name, partitions }) => [name, { name, partitions: partitions.length }]),
    )
  }

  async listTopics(): Promise<string[]> {
    await this.#session.request('listTopics')
    return this.#state.topicNames()
  }

  async createTopics(topics: readonly NewTopic[]): Promise<void> {
    await this.#session.request('createTopics')
    for (const topic of topics) this.#state.createTopic(topic)
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    await this.#session.request('deleteTopics')
    for (const name of names) this.#state.deleteTopic(name)
  }

  async deleteRecords(before: readonly PartitionOffset[]): Promise<void> {
    await this.#session.request('deleteRecords')
    for (const each of before) {
      this.#state.deleteRecords(each.topic, each.partition, each.offset)
    }
  }

  async listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest' | { readonly timestampMs: number },
    isolation: Isolation,
  ): Promise<PartitionOffset[]> {
    await this.#session.request('listOffsets')
    return partitions.map(({ topic, partition }) => {
      const log = this.#state.partition(topic, partition)
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
    await this.#session.request('committedOffsets', options.signal)
    const { offsets } = this.#state.group(groupId)
    await waitFor({
      clock: this.#state.clock,
      what: `Waiting for the open transactions of group ${groupId}`,
      timeoutMs: defaultTimeoutMs,
      ...options,
      isDone: () => this.#session.hasEnded || !offsets.hasPending(partitions),
      onChange: (changed) => {
        const stopPending = offsets.onPendingEnded(changed)
        const stopEnd = this.#session.onEnd(changed)
        return () => {
          stopPending()
          stopEnd()
        }
      },
    })
    this.#session.checkUsable()
    return offsets.committed(partitions)
  }

  openFetcher(options: FetcherOptions): Fetcher {
    return this.#session.track(new EmbeddedFetcher(this.#session, options))
  }

  async openProducer(options: ProducerOptions): Promise<Producer> {
    const again = (): void => void initialized(this.#state, options)
    await this.#session.request('initProducerId', undefined, again)
    return this.#session.track(
      new EmbeddedProducer(this.#session, options, initialized(this.#state, options)),
    )
  }

  /** `isNew` says whether the group has not heard of the member yet. */
  openGroup(options: GroupOptions): GroupMembership & { readonly isNew: boolean } {
    return this.#session.track(new EmbeddedMembership(this.#session, options))
  }

  /** Closes all that was opened of it. Throws the first failure, after everything is closed. */
  close(): Promise<void> {
    return this.#session.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /**
   * Ends as a killed process does: what is under way fails, nothing is left or flushed, memberships and transactions
   * stay until they time out or are fenced.
   */
  crash(): void {
    this.#session.crash()
  }

  get #state(): BrokerState {
    return this.#session.state
  }
}

/** Who a new producer writes as: nobody else of its transactional id does any longer. */
function initialized(
  { transactions }: BrokerState,
  { transactionalId, transactionTimeoutMs = defaultTransactionTimeoutMs }: ProducerOptions,
): ProducerIdentity | undefined {
  return transactionalId === undefined
    ? undefined
    : transactions.initialize(transactionalId, transactionTimeoutMs)
}
