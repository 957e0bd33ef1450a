import { LifecycleError } from '../../core/errors.ts'
import { topicPartitionName, type TopicPartition } from '../../core/topic-partition.ts'
import type {
  FetchedPartition,
  Fetcher,
  FetcherOptions,
  PartitionOffset,
  WaitOptions,
} from '../port.ts'
import { ChunkCursor } from './chunk-cursor.ts'
import type { ClientSession } from './client-session.ts'
import type { PartitionLog } from './partition-log.ts'

interface Position {
  readonly topic: string
  readonly partition: number
  offset: number
  paused: boolean
  /** Failed in a way that only another assignment mends. */
  parked: boolean
  /** Undefined until the topic is found. */
  log: PartitionLog | undefined
  stopListening: (() => void) | undefined
}

const defaultMaxPartitionBytes = 1_048_576
const leastPartitionBytes = 16_384
const defaultMaxBytes = 8_388_608
const defaultWaitMs = 500

/** Reads partitions of the embedded broker straight from their logs. */
export class EmbeddedFetcher implements Fetcher {
  /** It reads when it is asked, not ahead. */
  readonly bufferedBytes = 0
  readonly #session: ClientSession
  readonly #options: FetcherOptions
  readonly #positions = new Map<string, Position>()
  /** The partition that the next poll begins with, so that none is always last. */
  #turn = 0
  #ended: Error | undefined
  /** Of partitions; the next polls throw them, one each. */
  readonly #failures = new Map<Position, Error>()
  readonly #waiting = new Set<() => void>()

  constructor(session: ClientSession, options: FetcherOptions) {
    this.#session = session
    this.#options = options
  }

  assign(positions: readonly PartitionOffset[]): void {
    this.#checkUsable()
    for (const { topic, partition, offset } of positions) {
      this.unassign([{ topic, partition }])
      const position: Position = {
        topic,
        partition,
        offset,
        paused: false,
        parked: false,
        log: undefined,
        stopListening: undefined,
      }
      this.#positions.set(topicPartitionName(topic, partition), position)
    }
    this.#wake()
  }

  unassign(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const name = topicPartitionName(topic, partition)
      const position = this.#positions.get(name)
      if (!position) continue
      position.stopListening?.()
      this.#positions.delete(name)
      this.#failures.delete(position)
    }
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#setPaused(partitions, true)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#setPaused(partitions, false)
    this.#wake()
  }

  async poll(options: WaitOptions): Promise<FetchedPartition[]> {
    const { signal, timeoutMs = defaultWaitMs } = options
    this.#checkUsable()
    await this.#session.request('fetch', signal)
    const { clock } = this.#session.state
    const deadlineMs = clock.monotonicMs() + timeoutMs
    for (;;) {
      signal?.throwIfAborted()
      this.#checkUsable()
      const ready = this.#read()
      const leftMs = deadlineMs - clock.monotonicMs()
      if (ready.length > 0 || leftMs <= 0) return ready
      // What woke it need not be visible: records of a transaction that is open are not.
      await this.#untilChange(leftMs, signal)
    }
  }

  close(): Promise<void> {
    this.#end(new LifecycleError('The fetcher is closed'))
    this.#session.untrack(this)
    return Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  crash(error: Error): void {
    this.#end(error)
  }

  #end(error: Error): void {
    if (this.#ended) return
    this.#ended = error
    this.unassign([...this.#positions.values()])
    this.#wake()
  }

  #checkUsable(): void {
    if (this.#ended) throw this.#ended
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  #setPaused(partitions: readonly TopicPartition[], paused: boolean): void {
    for (const { topic, partition } of partitions) {
      const position = this.#positions.get(topicPartitionName(topic, partition))
      if (position) position.paused = paused
    }
  }

  #read(): FetchedPartition[] {
    const { maxBufferedBytes = defaultMaxBytes } = this.#options
    const positions = [...this.#positions.values()]
    const fetched: FetchedPartition[] = []
    let bytes = 0
    const first = positions.length === 0 ? 0 : this.#turn % positions.length
    for (let i = 0; i < positions.length && bytes < maxBufferedBytes; i++) {
      const position = positions[(first + i) % positions.length]!
      if (position.paused || position.parked) continue
      this.#turn = first + i + 1
      try {
        const found = this.#readOne(position)
        if (!found) continue
        fetched.push(found)
        bytes += found.bytes
      } catch (error) {
        position.parked = true
        this.#failures.set(position, error as Error)
      }
    }
    // What was read is delivered before any failure, as its positions have moved on.
    if (fetched.length === 0) this.#throwFailure()
    return fetched
  }

  #throwFailure(): void {
    for (const [position, error] of this.#failures) {
      this.#failures.delete(position)
      throw error
    }
  }

  /** Each partition gets its part of what may be read, as from a real broker. */
  #partitionBytes(): number {
    const { maxBufferedBytes = defaultMaxBytes } = this.#options
    const { maxPartitionBytes = defaultMaxPartitionBytes } = this.#options
    const share = Math.floor(maxBufferedBytes / Math.max(1, this.#positions.size))
    return Math.min(maxPartitionBytes, Math.max(leastPartitionBytes, share))
  }

  #readOne(position: Position): FetchedPartition | undefined {
    const log = this.#listenTo(position)
    const read = log.read(position.offset, this.#options.isolation, this.#partitionBytes())
    if (!read) return undefined
    const from = position.offset
    position.offset = read.nextOffset
    return {
      topic: position.topic,
      partition: position.partition,
      records: new ChunkCursor(read.chunks, from),
      bytes: read.bytes,
      nextOffset: read.nextOffset,
      highWatermark: log.highWatermark,
      lastStableOffset: log.lastStableOffset,
      logStartOffset: log.logStart,
    }
  }

  /** The partition's log; looked up anew where the topic was deleted and made again. */
  #listenTo(position: Position): PartitionLog {
    const log = this.#session.state.partition(position.topic, position.partition)
    if (position.log !== log) {
      position.stopListening?.()
      position.log = log
      position.stopListening = log.onChange(() => {
        if (!position.paused) this.#wake()
      })
    }
    return log
  }

  #untilChange(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        timer.cancel()
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      const timer = this.#session.state.clock.schedule(timeoutMs, wake)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }
}
