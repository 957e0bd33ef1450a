import { OffsetOutOfRangeError } from '../../core/errors.ts'
import type { TopicPartition } from '../../core/topic-partition.ts'
import type { Isolation } from '../port.ts'
import { coalesceLast } from './chunk-rewriter.ts'
import { compactChunks, type CompactionTimes } from './log-compaction.ts'
import { offsetOf, type RecordChunk, type UnplacedChunk } from './record-chunk.ts'

/** What one read of a partition found. */
export interface LogRead {
  /** Chunks whose records are visible; the first may begin before the wanted offset. */
  readonly chunks: readonly RecordChunk[]
  readonly bytes: number
  readonly nextOffset: number
}

/** What a record takes beside its key and value, for bounding buffers. */
const recordOverheadBytes = 16

/** The log of one partition, in memory: chunks by offset, with gaps where nothing is to be seen. */
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

  /** All there is, in the order of offsets. */
  get chunks(): readonly RecordChunk[] {
    return this.#chunks
  }

  endOffset(isolation: Isolation): number {
    return isolation === 'read_committed' ? this.lastStableOffset : this.#end
  }

  /** Calls back whenever more may be visible, or nothing ever will be; returns what ends it. */
  onChange(listener: () => void): () => void {
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
    this.#add(chunk)
    coalesceLast(this.#chunks)
    this.notify()
    return chunk
  }

  /** Notes the end of a transaction that wrote here; as a marker of Kafka's, it takes an offset and is never seen. */
  endTransaction(transaction: object): void {
    this.#open.delete(transaction)
    this.#end++
    coalesceLast(this.#chunks)
    this.notify()
  }

  /** Puts a chunk back where it was in an earlier life. */
  restore(chunk: RecordChunk): void {
    this.#add(chunk)
  }

  /** Leaves room for the end of a transaction of an earlier life. */
  restoreMarker(): void {
    this.#end++
  }

  /** Takes over the bounds of an earlier life, which what is left of the records need not reach. */
  restoreBounds(logStart: number, end: number): void {
    this.#logStart = logStart
    this.#end = end
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
    // Where there is nothing to see, as after compaction or a transaction's end, reading still has to move on.
    let nextOffset = limit
    for (let i = this.#indexOf(from); i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i]!
      if (chunk.baseOffset >= limit) break
      if (visible.length > 0 && bytes >= maxBytes) {
        nextOffset = chunk.baseOffset
        break
      }
      const aborted = isolation === 'read_committed' && chunk.transaction?.state === 'aborted'
      if (aborted) continue
      visible.push(chunk)
      bytes += bytesFrom(chunk, from)
    }
    return { chunks: visible, bytes, nextOffset }
  }

  /** The first offset whose record is at this time or later; undefined where there is none. */
  offsetForTime(timestampMs: number): number | undefined {
    for (const chunk of this.#chunks) {
      if (chunk.maxTimestampMs < timestampMs) continue
      for (let index = 0; index < chunk.count; index++) {
        if (chunk.timestamps[index]! < timestampMs) continue
        const offset = offsetOf(chunk, index)
        if (offset >= this.#logStart) return offset
      }
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
    if (offset <= this.#logStart) return
    this.#logStart = offset
    const kept = this.#chunks.findIndex((chunk) => chunk.nextOffset > offset)
    this.#replace(kept < 0 ? [] : this.#chunks.slice(kept))
  }

  /** Where the log begins once the leading records are dropped that are older than this. */
  startWithout(timestampMs: number): number {
    const stable = this.lastStableOffset
    const kept = this.#chunks.find(
      (chunk) => chunk.maxTimestampMs >= timestampMs || chunk.nextOffset > stable,
    )
    if (!kept) return Math.max(this.#logStart, stable)
    const first = kept.timestamps.findIndex((each) => each >= timestampMs)
    const offset = kept.nextOffset > stable || first < 0 ? kept.baseOffset : offsetOf(kept, first)
    return Math.max(this.#logStart, offset)
  }

  /** Keeps the last record of each key up to the last stable offset. */
  compact(times: CompactionTimes): void {
    this.#replace(compactChunks(this.#chunks, this.lastStableOffset, times))
    this.#recordsSinceCompaction = 0
  }

  notify(): void {
    for (const listener of this.#listeners) listener()
  }

  #add(chunk: RecordChunk): void {
    this.#chunks.push(chunk)
    this.#end = chunk.nextOffset
    this.#records += chunk.count
    this.#recordsSinceCompaction += chunk.count
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
}

/** Bytes of the chunk's records from an offset on. */
function bytesFrom(chunk: RecordChunk, from: number): number {
  let first = 0
  if (chunk.baseOffset < from) {
    while (first < chunk.count && offsetOf(chunk, first) < from) first++
  }
  const start = first < chunk.count ? chunk.bounds[first * 4]! : chunk.buffer.length
  return chunk.buffer.length - start + (chunk.count - first) * recordOverheadBytes
}
