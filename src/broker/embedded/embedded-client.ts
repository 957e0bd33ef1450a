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

/** One client of an embedded broker, as a process of its own would be. */
export class EmbeddedClient implements Broker {
  readonly name = 'embedded'
  readonly supportsTransactions = true
  readonly clientId: string
  /** The broker that it is a client of. */
  readonly broker: EmbeddedBroker
  readonly #resources = new Set<Resource>()
  /** Called with the reason when the client ends: what waits for something then waits no longer. */
  readonly #waiting = new Set<(ended: Error) => void>()
  /** Why it can no longer be used; undefined while it can. */
  #ended: Error | undefined

  constructor(broker: EmbeddedBroker, clientId: string) {
    this.broker = broker
    this.clientId = clientId
  }

  async connect(options: WaitOptions = {}): Promise<void> {
    await this.request('connect', options.signal)
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
    await this.request('committedOffsets', options.signal)
    const { offsets } = this.broker.group(groupId)
    await waitFor({
      clock: this.broker.clock,
      what: `Waiting for the open transactions of group ${groupId}`,
      timeoutMs: defaultTimeoutMs,
      ...options,
      isDone: () => this.#ended !== undefined || !offsets.hasPending(partitions),
      onChange: (changed) => {
        const stopPending = offsets.onPendingEnded(changed)
        const stopEnd = this.onEnd(changed)
        return () => {
          stopPending()
          stopEnd()
        }
      },
    })
    this.checkUsable()
    return offsets.committed(partitions)
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

  /** Closes all that was opened of it. Throws the first failure, after everything is closed. */
  async close(): Promise<void> {
    if (this.#ended) return
    const closed = await Promise.allSettled([...this.#resources].map((each) => each.close()))
    this.#end(new LifecycleError('The client of the embedded broker is closed'))
    const failed = closed.find((each) => each.status === 'rejected')
    if (failed) throw failed.reason
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
    this.#ended = undefined
    this.#end(error)
    for (const resource of this.#resources) resource.crash(error)
    this.#resources.clear()
  }

  /**
   * The one place that each request passes. Rejects where the client has ended, or the broker's hook says so.
   *
   * @internal
   */
  async request(name: string, signal?: AbortSignal): Promise<void> {
    this.checkUsable()
    signal?.throwIfAborted()
    const held = this.broker.onRequest?.(this.clientId, name)
    if (held) await this.#whileUsable(held, signal)
    this.checkUsable()
    signal?.throwIfAborted()
  }

  /** @internal */
  checkUsable(): void {
    if (this.#ended) throw this.#ended
  }

  /** @internal Calls back when the client ends; returns what ends that. */
  onEnd(ended: (error: Error) => void): () => void {
    this.#waiting.add(ended)
    return () => this.#waiting.delete(ended)
  }

  /** @internal */
  untrack(resource: Resource): void {
    this.#resources.delete(resource)
  }

  #end(error: Error): void {
    if (this.#ended) return
    this.#ended = error
    for (const ended of [...this.#waiting]) ended(error)
    this.broker.forget(this)
  }

  #whileUsable(held: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const stop = this.onEnd((error) => end(() => reject(error)))
      const onAbort = (): void => end(() => reject(signal?.reason as Error))
      const end = (finish: () => void): void => {
        stop()
        signal?.removeEventListener('abort', onAbort)
        finish()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      held.then(
        () => end(resolve),
        (error: Error) => end(() => reject(error)),
      )
    })
  }

  #track<R extends Resource>(resource: R): R {
    this.checkUsable()
    this.#resources.add(resource)
    return resource
  }
}
