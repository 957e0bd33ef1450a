import type { Headers } from '../../core/headers.ts'

/** The state of the transaction that a chunk was written in. */
export interface ChunkTransaction {
  state: 'open' | 'committed' | 'aborted'
}

/**
 * Records of one partition that were appended together. Bytes lie in one buffer, four bounds a record, so that neither
 * appending nor reading makes an object a record.
 */
export interface RecordChunk {
  readonly baseOffset: number
  /** The offset after the last that the chunk takes; a chunk that was compacted takes more than it has. */
  readonly nextOffset: number
  /** Offsets of the records, relative to the base; undefined where they follow one another. */
  readonly deltas: readonly number[] | undefined
  readonly count: number
  readonly timestamps: readonly number[]
  readonly maxTimestampMs: number
  readonly buffer: Buffer
  /** Key start, key end, value start, value end of each record; an end of −1 stands for null. */
  readonly bounds: readonly number[]
  /** Undefined where no record has any. */
  readonly headers: readonly (Headers | undefined)[] | undefined
  readonly transaction: ChunkTransaction | undefined
  /** Until when its tombstones outlive compaction; undefined where it was not compacted yet. */
  readonly tombstonesUntilMs?: number | undefined
}

/** A chunk before it has its place in a partition. */
export type UnplacedChunk = Omit<
  RecordChunk,
  'baseOffset' | 'nextOffset' | 'deltas' | 'tombstonesUntilMs'
>

const initialCapacity = 4_096

/** Collects records for one partition until they are appended. */
export class ChunkBuilder {
  #buffer = Buffer.allocUnsafe(initialCapacity)
  #position = 0
  #timestamps: number[] = []
  #bounds: number[] = []
  #headers: (Headers | undefined)[] | undefined
  #maxTimestampMs = -1

  get count(): number {
    return this.#timestamps.length
  }

  get bytes(): number {
    return this.#position
  }

  /** Copies a record's bytes in. */
  append(timestampMs: number, key: Buffer | null, value: Buffer | null, headers?: Headers): void {
    const needed = (key?.length ?? 0) + (value?.length ?? 0)
    if (this.#position + needed > this.#buffer.length) this.#grow(needed)
    if (headers && headers.length > 0) {
      this.#headers ??= []
      this.#headers[this.count] = headers.map((header) => ({
        key: header.key,
        value: header.value && Buffer.from(header.value),
      }))
    }
    this.#put(key)
    this.#put(value)
    this.#timestamps.push(timestampMs)
    if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs
  }

  /** The records so far; the builder begins anew. */
  take(transaction: ChunkTransaction | undefined): UnplacedChunk {
    // What is mostly empty is copied out, as a log of many small chunks would keep the empty parts for ever.
    const copied = this.#position < this.#buffer.length / 2
    const written = this.#buffer.subarray(0, this.#position)
    const chunk: UnplacedChunk = {
      count: this.count,
      timestamps: this.#timestamps,
      maxTimestampMs: this.#maxTimestampMs,
      buffer: copied ? Buffer.from(written) : written,
      bounds: this.#bounds,
      headers: this.#headers,
      transaction,
    }
    if (!copied) this.#buffer = Buffer.allocUnsafe(Math.max(initialCapacity, this.#position))
    this.#position = 0
    this.#timestamps = []
    this.#bounds = []
    this.#headers = undefined
    this.#maxTimestampMs = -1
    return chunk
  }

  #put(bytes: Buffer | null): void {
    if (bytes === null) {
      this.#bounds.push(this.#position, -1)
      return
    }
    const start = this.#position
    this.#buffer.set(bytes, start)
    this.#position = start + bytes.length
    this.#bounds.push(start, this.#position)
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#position + needed))
    this.#buffer.copy(grown, 0, 0, this.#position)
    this.#buffer = grown
  }
}

/** The bytes of a key or value as the log has it; `part` is 0 for the key, 2 for the value. */
export function bytesOf(chunk: RecordChunk, index: number, part: 0 | 2): Buffer | null {
  const start = chunk.bounds[index * 4 + part]!
  const end = chunk.bounds[index * 4 + part + 1]!
  return end < 0 ? null : chunk.buffer.subarray(start, end)
}

/** The offset of one of a chunk's records. */
export function offsetOf(chunk: RecordChunk, index: number): number {
  return chunk.baseOffset + (chunk.deltas ? chunk.deltas[index]! : index)
}
