import { DeserializationError, isStreamsError, messageOf, ProcessingError } from '../core/errors.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import { Record } from '../core/record.ts'
import type { TaskId } from '../core/task-id.ts'
import type { TopicPartition } from '../core/topic-partition.ts'
import type { SerdeContext } from '../serdes/serde.ts'
import type { ExtractionContext } from '../topology/topology-plan.ts'
import type { AnyRecord } from './graph-node.ts'
import type { RecordChunk } from './record-chunk.ts'
import type { TaskSourceNode } from './task-source-node.ts'

/**
 * So many records are read at once, as the turn of the first comes. One at a time costs a tenth more; all of a chunk, and
 * they push the state that was read for them out of the processor's cache, and live long enough to be moved as garbage
 * is collected.
 */
const defaultReadRecords = 64

/** What a decoder must know beside its partition. */
export interface RecordDecoderOptions {
  /** How many records {@link RecordDecoder.take} reads at once. @defaultValue 64 */
  readonly maxReadRecords?: number | undefined
  readonly taskId: TaskId
  readonly source: TaskSourceNode
  /** The wall clock, for extractors that ask for it. */
  readonly clock: ExtractionContext
  /** Called for a record whose extractor gave a negative time; it is dropped. */
  readonly onNegativeTimestamp: (place: TopicPartition, offset: number, timestampMs: number) => void
}

/**
 * Makes records of the bytes of one partition. Most are made as their turn comes, since values that are read a chunk ahead
 * outlive young garbage collections and push state out of the processor's caches.
 */
export class RecordDecoder {
  readonly #place: TopicPartition
  readonly #taskId: TaskId
  readonly #source: TaskSourceNode
  readonly #clock: ExtractionContext
  readonly #onNegativeTimestamp: RecordDecoderOptions['onNegativeTimestamp']
  readonly #maxReadRecords: number
  readonly #keyContext: SerdeContext
  readonly #valueContext: SerdeContext
  /** The highest event time of what was decoded; what a timestamp extractor is told. */
  partitionTimeMs = -1

  constructor(place: TopicPartition, options: RecordDecoderOptions) {
    this.#place = place
    this.#taskId = options.taskId
    this.#source = options.source
    this.#clock = options.clock
    this.#onNegativeTimestamp = options.onNegativeTimestamp
    this.#maxReadRecords = options.maxReadRecords ?? defaultReadRecords
    this.#keyContext = { topic: place.topic, part: 'key' }
    this.#valueContext = { topic: place.topic, part: 'value' }
  }

  /** Lets the serdes get what they need to read a chunk; undefined where nothing is missing. */
  resolve(chunk: RecordChunk): MaybePromise<void> {
    const { key, value } = this.#source
    if (key.resolve === undefined && value.resolve === undefined) return undefined
    return chunk.resolve(key, this.#keyContext, value, this.#valueContext)
  }

  /** Reads ahead what has to be, and asks for the state that the records will touch. */
  prepare(chunk: RecordChunk): void {
    const source = this.#source
    if (source.readsAhead) {
      this.readTo(chunk, chunk.count)
      if (source.prefetches) this.#prefetchFor(chunk)
    } else if (source.prefetches) {
      for (let i = 0; i < chunk.count; i++) this.#prefetchByKey(chunk, i)
    }
    chunk.prepared = true
  }

  /**
   * Gives a record of a prepared chunk whose turn has come; undefined where it is dropped, or cannot be read and its fault
   * says why.
   */
  take(chunk: RecordChunk, i: number): AnyRecord | undefined {
    if (i >= chunk.readTo) this.readTo(chunk, Math.min(i + this.#maxReadRecords, chunk.count))
    const record = chunk.records[i]
    // Whoever takes it lets go of it when it is processed, and not when the chunk is.
    chunk.records[i] = undefined
    return record
  }

  /** Reads a record that could not be read as if for the first time. */
  readAgain(chunk: RecordChunk, i: number): void {
    chunk.faults.delete(i)
    chunk.records[i] = this.#read(chunk, i)
  }

  /** Reads on to a record of a chunk. What fails is kept in its place, to be dealt with when its turn comes. */
  readTo(chunk: RecordChunk, to: number): void {
    for (let i = chunk.readTo; i < to; i++) {
      // Its key could not be read ahead.
      const isFaulty = chunk.faults.size > 0 && chunk.faults.has(i)
      chunk.records[i] = isFaulty ? undefined : this.#read(chunk, i)
    }
    chunk.readTo = to
  }

  #prefetchFor(chunk: RecordChunk): void {
    for (let i = 0; i < chunk.count; i++) {
      const record = chunk.records[i]
      if (record !== undefined) this.#source.prefetch(record.key, record.timestampMs, record.value)
    }
  }

  /** That the value may turn out to be unreadable does not matter: state was read for nothing then. */
  #prefetchByKey(chunk: RecordChunk, i: number): void {
    let key: unknown
    try {
      key = chunk.readKeyAhead(i, this.#source.key, this.#keyContext)
    } catch (error) {
      chunk.faults.set(i, this.#unreadable(chunk, i, error))
      return
    }
    const timestampMs = chunk.timestampMs(i)
    if (timestampMs >= 0) this.#source.prefetch(key, timestampMs, undefined)
  }

  #read(chunk: RecordChunk, i: number): AnyRecord | undefined {
    const { key: keySerde, value: valueSerde, timestampExtractor } = this.#source
    let record: AnyRecord
    try {
      const key = chunk.takeKey(i, keySerde, this.#keyContext)
      const value = chunk.readValue(i, valueSerde, this.#valueContext)
      record = new Record(key, value, chunk.timestampMs(i), chunk.headers(i))
    } catch (error) {
      chunk.faults.set(i, this.#unreadable(chunk, i, error))
      return undefined
    }
    if (timestampExtractor !== undefined) {
      try {
        record = this.#retime(record)
      } catch (error) {
        chunk.faults.set(i, this.#untimed(chunk, i, error))
        return undefined
      }
    }
    const { timestampMs } = record
    if (timestampMs < 0) {
      this.#onNegativeTimestamp(this.#place, chunk.offset(i), timestampMs)
      return undefined
    }
    if (timestampMs > this.partitionTimeMs) this.partitionTimeMs = timestampMs
    return record
  }

  #retime(record: AnyRecord): AnyRecord {
    const extract = this.#source.timestampExtractor!
    const timestampMs = extract(record, this.partitionTimeMs, this.#clock)
    if (!Number.isFinite(timestampMs)) throw new TypeError(`it gave ${String(timestampMs)}`)
    const wholeMs = Math.floor(timestampMs)
    return wholeMs === record.timestampMs ? record : record.withTimestamp(wholeMs)
  }

  #unreadable(chunk: RecordChunk, i: number, error: unknown): Error {
    // A registry that cannot be reached is no fault of the record.
    if (isStreamsError(error) && error.scope !== 'record') return error
    return new DeserializationError(`A record cannot be read: ${messageOf(error)}`, {
      taskId: this.#taskId,
      topicPartition: this.#place,
      offset: chunk.offset(i),
      field: isStreamsError(error) ? error.field : undefined,
      cause: error,
    })
  }

  #untimed(chunk: RecordChunk, i: number, cause: unknown): ProcessingError {
    return new ProcessingError(
      `The timestamp extractor of the source ${this.#source.name} failed: ${messageOf(cause)}. ` +
        'Let it return a negative number for records that are to be dropped.',
      { taskId: this.#taskId, topicPartition: this.#place, offset: chunk.offset(i), cause },
    )
  }
}
