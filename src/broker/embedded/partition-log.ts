import { OffsetOutOfRangeError } from '../../core/errors.ts'
import type { TopicPartition } from '../../core/topic-partition.ts'
import type { Isolation } from '../port.ts'
import { bytesOf, type RecordChunk, type UnplacedChunk } from './record-chunk.ts'

/** What one read of a partition found. */
export interface LogRead {
  /** Chunks whose records are visible; the first may begin before the wanted offset. */
  readonly chunks: readonly RecordChunk[]
  readonly bytes: number
  readonly nextOffset: number
}

/** The log of one partition, in memory: chunks by offset. */
export class PartitionLog {
  readonly topic: string
  readonly partition: number
  #chunks: RecordChunk[] = []
  #logStart = 0
  #end = 0
  /** First offsets of open transactions. */
  readonly #open = new Map<object, number>()
  readonly #listeners = new Set<() => void>()
  #recordsSinceCompaction = 0
  #records = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get logStart(): number {
    return this.#logStart
  }

  get highWatermark(): number {
    return this.#end
  }

  /** The offset before which every transaction has ended. */
  get lastStableOffset(): number {
    let stable = this.#end
    for (const first of this.#open.values()) stable = Math.min(stable, first)
    return stable
  }

  /** Records written since the log was compacted, against all that it holds. */
  get dirty(): { readonly records: number; readonly ratio: number } {
    const ratio = this.#records === 0 ? 0 : this.#recordsSinceCompaction / this.#records
    return { records: this.#recordsSinceCompaction, ratio }
  }

  endOffset(isolation: Isolation): number {
    return isolation === 'read_committed' ? this.lastStableOffset : this.#end
  }

  /** Calls back whenever more may be visible; returns what ends it. */
  onGrowth(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  append(unplaced: UnplacedChunk): RecordChunk {
    const baseOffset = this.#end
    const nextOffset = baseOffset + unplaced.count
    const chunk: RecordChunk = { ...unplaced, baseOffset, nextOffset, deltas: undefined }
    const { transaction } = chunk
    if (transaction?.state === 'open' && !this.#open.has(transaction)) {
      this.#open.set(transaction, baseOffset)
    }
    this.#chunks.push(chunk)
    this.#end = nextOffset
    this.#records += chunk.count
    this.#recordsSinceCompaction += chunk.count
    this.#notify()
    return chunk
  }

  /** Writes the marker that ends a transaction here. */
  endTransaction(transaction: object, marker: UnplacedChunk): RecordChunk {
    this.#open.delete(transaction)
    return this.append(marker)
  }

  /**
   * Reads on from an offset, at least one chunk where one is visible, and not much more than `maxBytes`.
   *
   * @throws OffsetOutOfRangeError before the log's start or beyond its end
   */
  read(from: number, isolation: Isolation, maxBytes: number): LogRead | undefined {
    if (from < this.#logStart || from > this.#end) {
      throw new OffsetOutOfRangeError(
        `The log has offsets ${this.#logStart} to ${this.#end}, so reading cannot go on here`,
        { topicPartition: this.#place(), offset: from, brokerCode: 1 },
      )
    }
    const limit = this.endOffset(isolation)
    if (from >= limit) return undefined
    const visible: RecordChunk[] = []
    let bytes = 0
    // Where compaction or markers left nothing to see, reading still has to move on.
    let nextOffset = limit
    for (let i = this.#indexOf(from); i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i]!
      if (chunk.baseOffset >= limit) break
      if (visible.length > 0 && bytes >= maxBytes) {
        nextOffset = chunk.baseOffset
        break
      }
      const aborted = isolation === 'read_committed' && chunk.transaction?.state === 'aborted'
      if (chunk.control || aborted || chunk.count === 0) continue
      visible.push(chunk)
      bytes += chunk.buffer.length + chunk.count * 16
    }
    return { chunks: visible, bytes, nextOffset }
  }

  /** The first offset whose record is at this time or later; undefined where there is none. */
  offsetForTime(timestampMs: number): number | undefined {
    for (const chunk of this.#chunks) {
      if (chunk.control || chunk.maxTimestampMs < timestampMs) continue
      const index = chunk.timestamps.findIndex((each) => each >= timestampMs)
      const offset = chunk.baseOffset + (chunk.deltas?.[index] ?? index)
      if (index >= 0 && offset >= this.#logStart) return offset
    }
    return undefined
  }

  /** Drops what lies before an offset. */
  deleteBefore(offset: number): void {
    if (offset > this.#end) {
      throw new OffsetOutOfRangeError(`Records cannot be deleted beyond the end ${this.#end}`, {
        topicPartition: this.#place(),
        offset,
        brokerCode: 1,
      })
    }
    this.#logStart = Math.max(this.#logStart, offset)
    const kept = this.#chunks.findIndex((chunk) => chunk.nextOffset > this.#logStart)
    this.#replace(kept < 0 ? [] : this.#chunks.slice(kept))
  }

  /** Drops leading chunks whose records are all older than this. */
  expireBefore(timestampMs: number): void {
    const stable = this.lastStableOffset
    const expired = this.#chunks.findIndex(
      (chunk) => chunk.maxTimestampMs >= timestampMs || chunk.nextOffset > stable,
    )
    const offset = expired < 0 ? this.#end : this.#chunks[expired]!.baseOffset
    if (offset > this.#logStart) this.deleteBefore(offset)
  }

  /** Keeps the last record of each key up to the last stable offset; tombstones and aborted records go. */
  compact(): void {
    const stable = this.lastStableOffset
    const last = new Map<string, number>()
    this.#eachVisible(stable, (chunk, index, offset) => {
      last.set(bytesOf(chunk, index, 0)?.toString('latin1') ?? '', offset)
    })
    const compacted = this.#chunks.flatMap((chunk) => {
      if (chunk.nextOffset > stable) return [chunk]
      const kept = keptOf(chunk, last)
      return kept ? [kept] : []
    })
    this.#replace(compacted)
    this.#recordsSinceCompaction = 0
  }

  #eachVisible(
    before: number,
    visit: (chunk: RecordChunk, index: number, offset: number) => void,
  ): void {
    for (const chunk of this.#chunks) {
      if (chunk.nextOffset > before) return
      if (chunk.control || chunk.transaction?.state === 'aborted') continue
      for (let index = 0; index < chunk.count; index++) {
        visit(chunk, index, chunk.baseOffset + (chunk.deltas?.[index] ?? index))
      }
    }
  }

  #replace(chunks: RecordChunk[]): void {
    this.#chunks = chunks
    this.#records = chunks.reduce((sum, chunk) => sum + chunk.count, 0)
    this.#recordsSinceCompaction = Math.min(this.#recordsSinceCompaction, this.#records)
  }

  /** Where the first chunk lies that ends after the offset. */
  #indexOf(offset: number): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#chunks[middle]!.nextOffset <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #place(): TopicPartition {
    return { topic: this.topic, partition: this.partition }
  }

  #notify(): void {
    for (const listener of this.#listeners) listener()
  }
}

function keptOf(chunk: RecordChunk, last: ReadonlyMap<string, number>): RecordChunk | undefined {
  if (chunk.control || chunk.transaction?.state === 'aborted') return undefined
  const kept: number[] = []
  for (let index = 0; index < chunk.count; index++) {
    const offset = chunk.baseOffset + (chunk.deltas?.[index] ?? index)
    const key = bytesOf(chunk, index, 0)?.toString('latin1') ?? ''
    if (last.get(key) === offset && bytesOf(chunk, index, 2) !== null) kept.push(index)
  }
  if (kept.length === 0) return undefined
  const { headers } = chunk
  return {
    ...chunk,
    count: kept.length,
    deltas: kept.map((index) => chunk.deltas?.[index] ?? index),
    timestamps: kept.map((index) => chunk.timestamps[index]!),
    bounds: kept.flatMap((index) => chunk.bounds.slice(index * 4, index * 4 + 4)),
    headers: headers && kept.map((index) => headers[index]),
  }
}
