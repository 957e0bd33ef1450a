import { LifecycleError, OffsetOutOfRangeError } from '../../../core/errors.ts'
import { topicPartitionName, type TopicPartition } from '../../../core/topic-partition.ts'
import type {
  FetchedPartition,
  Fetcher,
  FetcherOptions,
  Isolation,
  PartitionOffset,
  WaitOptions,
} from '../../port.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { scanBatches } from '../codec/batch-layout.ts'
import { RecordBatchCursor } from '../codec/record-batch-cursor.ts'
import { codes, errorCode } from '../protocol/error-codes.ts'
import type { FetchResponsePartition } from '../protocol/fetch.ts'
import { protocolError } from '../protocol/protocol-error.ts'
import { LeaderFetcher, type LeaderFetcherOwner } from './leader-fetcher.ts'
import { LeaderSearch } from './leader-search.ts'
import { PartitionState } from './partition-state.ts'

/** Defaults of {@link FetcherOptions}. */
const fetcherDefaults = Object.freeze({
  maxBufferedBytes: 32 << 20,
  maxPartitionBytes: 1 << 20,
  maxWaitMs: 500,
})

const largestRequestBytes = 0x7fffffff
/** The least to ask of a partition, however many there are; a batch that is larger comes whole all the same. */
const leastPartitionBytes = 16 << 10
/** Each leader is asked over two lanes at a time. */
const lanesPerLeader = 2

/** Fetches ahead of its caller, one set of requests for each broker that leads a partition. */
export class KafkaFetcher implements Fetcher, LeaderFetcherOwner {
  readonly isolation: Isolation
  readonly maxWaitMs: number
  readonly maxPartitionBytes: number
  readonly #cluster: Cluster
  readonly #maxBufferedBytes: number
  readonly #states = new Map<string, PartitionState>()
  readonly #leaders = new Map<number, LeaderFetcher>()
  readonly #search: LeaderSearch
  /** What concerns all partitions; the next polls throw it. */
  readonly #outages: Error[] = []
  readonly #waiting = new Set<() => void>()
  #pumpScheduled = false
  #closed = false

  constructor(cluster: Cluster, options: FetcherOptions) {
    this.#cluster = cluster
    this.isolation = options.isolation
    this.maxWaitMs = options.maxWaitMs ?? fetcherDefaults.maxWaitMs
    this.#maxBufferedBytes = options.maxBufferedBytes ?? fetcherDefaults.maxBufferedBytes
    this.maxPartitionBytes = options.maxPartitionBytes ?? fetcherDefaults.maxPartitionBytes
    this.#search = new LeaderSearch(cluster, {
      isWanted: (state) => this.#isCurrent(state),
      found: (state, leader) => this.#attach(state, leader),
      unknown: (state, error) => this.#park(state, error),
      outage: (error) => {
        this.#outages.push(error)
        this.#wake()
      },
    })
  }

  get bufferedBytes(): number {
    let bytes = 0
    for (const state of this.#states.values()) bytes += state.bufferedBytes
    return bytes
  }

  assign(positions: readonly PartitionOffset[]): void {
    this.#checkOpen()
    for (const { topic, partition, offset } of positions) {
      const name = topicPartitionName(topic, partition)
      const former = this.#states.get(name)
      if (former !== undefined) this.#detach(former)
      const state = new PartitionState(topic, partition, offset, this.maxPartitionBytes)
      this.#states.set(name, state)
      const leader = this.#cluster.leadersOf(topic)?.[partition]
      if (leader !== undefined && leader >= 0) this.#attach(state, leader)
      else this.#search.add(state)
    }
  }

  unassign(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const name = topicPartitionName(topic, partition)
      const state = this.#states.get(name)
      if (state === undefined) continue
      this.#states.delete(name)
      this.#detach(state)
    }
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const state = this.#states.get(topicPartitionName(topic, partition))
      if (state !== undefined) state.paused = true
    }
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const state = this.#states.get(topicPartitionName(topic, partition))
      if (state !== undefined) state.paused = false
    }
    if (this.#hasNews()) this.#wake()
    this.#schedulePump()
  }

  async poll(options: WaitOptions): Promise<FetchedPartition[]> {
    this.#checkOpen()
    options.signal?.throwIfAborted()
    if (!this.#hasNews()) await this.#news(options)
    options.signal?.throwIfAborted()
    this.#checkOpen()
    const error = this.#outages.shift() ?? this.#takeFailure()
    if (error !== undefined) throw error
    const taken: FetchedPartition[] = []
    for (const state of this.#states.values()) {
      const chunk = state.take()
      if (chunk !== undefined) taken.push(chunk)
    }
    if (taken.length > 0) this.#schedulePump()
    return taken
  }

  close(): Promise<void> {
    this.#closed = true
    this.#search.close()
    for (const leader of this.#leaders.values()) leader.close()
    this.#leaders.clear()
    this.#states.clear()
    this.#wake()
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // ---- what the leaders' requests call ----

  requestBytes(): number {
    const free = this.#maxBufferedBytes - this.bufferedBytes
    if (free <= 0) return 0
    // A part for each request that may be under way, so that together they bring no more than there is room for.
    const share = Math.ceil(free / (lanesPerLeader * Math.max(1, this.#leaders.size)))
    return Math.min(share, largestRequestBytes)
  }

  partitionBytes(): number {
    const share = Math.floor(this.#maxBufferedBytes / Math.max(1, this.#states.size))
    return Math.min(this.maxPartitionBytes, Math.max(leastPartitionBytes, share))
  }

  received(state: PartitionState, response: FetchResponsePartition): void {
    if (!this.#isCurrent(state)) return
    const { errorCode: code } = response
    if (code !== codes.none) {
      this.#partitionFailed(state, code)
      return
    }
    state.failingSinceMs = undefined
    this.#search.succeeded()
    if (response.end > response.start) this.#buffer(state, response)
  }

  failed(states: readonly PartitionState[], error: Error): void {
    for (const state of states) this.#searchAgain(state, error)
  }

  // ---- partitions ----

  #buffer(state: PartitionState, response: FetchResponsePartition): void {
    const { topic, partition } = response
    const { buffer, start, end } = ownBytes(response)
    const scan = scanBatches(buffer, start, end)
    const stuck = scan.nextOffset >= 0 && scan.nextOffset <= state.position
    if (scan.nextOffset < 0 && !scan.corrupt) {
      // Not even one batch fits. Brokers since 0.10.1 send the first one whole all the same.
      state.maxBytes = Math.min(state.maxBytes * 2, largestRequestBytes)
      return
    }
    // Reading the damaged bytes is what tells the caller; fetching them again would bring the same.
    if (scan.corrupt || stuck) state.parked = true
    const fromOffset = state.position
    state.position = Math.max(state.position, scan.nextOffset)
    const aborted = this.isolation === 'read_committed' ? response.aborted : undefined
    const bytes = { topic, partition, buffer, start, end, fromOffset, aborted }
    state.push({
      topic,
      partition,
      records: new RecordBatchCursor(bytes),
      bytes: end - start,
      nextOffset: state.position,
      highWatermark: response.highWatermark,
      lastStableOffset: response.lastStableOffset,
      logStartOffset: response.logStartOffset,
    })
    if (!state.paused) this.#wake()
  }

  #partitionFailed(state: PartitionState, code: number): void {
    const { topic, partition, position: offset } = state
    const topicPartition = { topic, partition }
    if (code === codes.offsetOutOfRange) {
      const message = `Offset ${offset} is not, or no longer, in the partition`
      this.#park(
        state,
        new OffsetOutOfRangeError(message, { topicPartition, offset, brokerCode: code }),
      )
      return
    }
    const error = protocolError(code, 'Fetching', { topicPartition, offset })
    if (errorCode(code).retriable) {
      this.#cluster.forget(topic)
      this.#searchAgain(state, error)
    } else {
      this.#park(state, error)
    }
  }

  #searchAgain(state: PartitionState, error: Error): void {
    if (!this.#isCurrent(state)) return
    this.#detach(state)
    state.failingSinceMs ??= this.#cluster.environment.clock.monotonicMs()
    state.lastFailure = error
    this.#search.addFailed(state)
  }

  #park(state: PartitionState, error: Error): void {
    if (!this.#isCurrent(state)) return
    state.parked = true
    state.failure = error
    this.#wake()
  }

  /** What a partition failed with, once all that it had brought before is delivered. */
  #takeFailure(): Error | undefined {
    for (const state of this.#states.values()) {
      if (!state.hasFailed) continue
      const { failure } = state
      state.failure = undefined
      return failure
    }
    return undefined
  }

  #attach(state: PartitionState, leader: number): void {
    let fetcher = this.#leaders.get(leader)
    if (fetcher === undefined) {
      fetcher = new LeaderFetcher(this.#cluster, leader, this)
      this.#leaders.set(leader, fetcher)
    }
    fetcher.partitions.add(state)
    this.#schedulePump()
  }

  #detach(state: PartitionState): void {
    for (const leader of this.#leaders.values()) leader.partitions.delete(state)
    this.#search.remove(state)
  }

  #isCurrent(state: PartitionState): boolean {
    return this.#states.get(topicPartitionName(state.topic, state.partition)) === state
  }

  // ---- waiting ----

  #hasNews(): boolean {
    if (this.#outages.length > 0) return true
    for (const state of this.#states.values()) {
      if (state.hasDeliverable || state.hasFailed) return true
    }
    return false
  }

  #news({ signal, timeoutMs }: WaitOptions): Promise<void> {
    const { clock } = this.#cluster.environment
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel()
        signal?.removeEventListener('abort', end)
        this.#waiting.delete(end)
        resolve()
      }
      const timer = clock.schedule(timeoutMs ?? this.maxWaitMs, end)
      signal?.addEventListener('abort', end, { once: true })
      this.#waiting.add(end)
    })
  }

  #wake(): void {
    for (const end of this.#waiting) end()
  }

  /** Once per turn, so that partitions assigned by several calls go into one request. */
  #schedulePump(): void {
    if (this.#pumpScheduled) return
    this.#pumpScheduled = true
    queueMicrotask(() => {
      this.#pumpScheduled = false
      if (this.#closed) return
      for (const leader of this.#leaders.values()) leader.pump()
    })
  }

  #checkOpen(): void {
    if (this.#closed) throw new LifecycleError('The fetcher is closed.')
  }
}

/**
 * The bytes of one partition. Where they are a small part of the response they are copied, so that a partition whose
 * records wait for long does not keep all of it in memory.
 */
function ownBytes({
  buffer,
  start,
  end,
}: FetchResponsePartition): Pick<FetchResponsePartition, 'buffer' | 'start' | 'end'> {
  const bytes = end - start
  if (bytes * 2 >= buffer.length) return { buffer, start, end }
  return { buffer: Buffer.from(buffer.subarray(start, end)), start: 0, end: bytes }
}
