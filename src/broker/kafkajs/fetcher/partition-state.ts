import type { FetchedPartition } from '../../port.ts'

/** Several responses may wait for the caller; a flood of small ones is held at the broker instead. */
const chunksMax = 16

/** What the fetcher knows of one assigned partition. A partition that is assigned anew gets a new one. */
export class PartitionState {
  readonly topic: string
  readonly partition: number
  /** Where the next fetch begins. */
  position: number
  /** Bytes to ask for; grows where not even one batch fits. */
  maxBytes: number
  paused = false
  /** Failed in a way that only another assignment mends. */
  parked = false
  /** Why it is parked, as long as the caller was not told. */
  failure: Error | undefined
  /** Asked for in a request that is under way. */
  inRequest = false
  /** Since when it could not be fetched; for telling a hiccup from an outage. */
  failingSinceMs: number | undefined
  lastFailure: Error | undefined
  readonly #chunks: FetchedPartition[] = []
  #bufferedBytes = 0

  constructor(topic: string, partition: number, position: number, maxBytes: number) {
    this.topic = topic
    this.partition = partition
    this.position = position
    this.maxBytes = maxBytes
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** Whether the next request to its leader should ask for it. */
  get wantsFetch(): boolean {
    return (
      !this.paused &&
      !this.parked &&
      !this.inRequest &&
      this.#bufferedBytes < this.maxBytes &&
      this.#chunks.length < chunksMax
    )
  }

  /** Keeps what a response brought, until the caller takes it. */
  push(chunk: FetchedPartition): void {
    this.#chunks.push(chunk)
    this.#bufferedBytes += chunk.bytes
  }

  /** The oldest of what is buffered, where it may be delivered. */
  take(): FetchedPartition | undefined {
    if (this.paused) return undefined
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) this.#bufferedBytes -= chunk.bytes
    return chunk
  }

  /** Whether the caller is to be told of a failure: it comes after what was fetched before it. */
  get hasFailed(): boolean {
    return this.failure !== undefined && this.#chunks.length === 0
  }

  get hasDeliverable(): boolean {
    return !this.paused && this.#chunks.length > 0
  }
}
