import type { FetchedPartition } from '../broker/port.ts'
import { DeserializationError, isStreamsError, messageOf, ProcessingError } from '../core/errors.ts'
import { noHeaders, type Headers } from '../core/headers.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { Record } from '../core/record.ts'
import type { TaskId } from '../core/task-id.ts'
import type { SerdeContext } from '../serdes/serde.ts'
import type { AnyRecord } from './graph-node.ts'
import { RecordChunk } from './record-chunk.ts'
import type { InputRecord } from './task-scope.ts'
import type { TaskSourceNode } from './task-source-node.ts'

/** What a queue must know beside its partition. */
export interface RecordQueueOptions {
  readonly taskId: TaskId
  readonly source: TaskSourceNode
  readonly maxChunkRecords: number
  /** Called for a record whose extractor gave a negative time; it is dropped. */
  readonly onNegativeTimestamp: (record: InputRecord, timestampMs: number) => void
}

/**
 * The records of one input partition that were fetched: bytes, and a chunk of them decoded. Its head is the record to
 * process next.
 *
 * @remarks Source: Java's `RecordQueue`.
 */
export class RecordQueue implements InputRecord {
  readonly topic: string
  readonly partition: number
  readonly source: TaskSourceNode
  readonly #taskId: TaskId
  readonly #onNegativeTimestamp: RecordQueueOptions['onNegativeTimestamp']
  readonly #keyContext: SerdeContext
  readonly #valueContext: SerdeContext
  readonly #chunk: RecordChunk
  /** Fetched and not wholly taken into chunks. */
  readonly #fetched: FetchedPartition[] = []
  #index = 0
  /** Whether the chunk's places are known but its values are not, since the serdes could not be made ready. */
  #unread = false
  /** Where the next fetch begins, if the chunk ends with all that one fetch brought. */
  #endOffset: number | undefined
  #chunkBytes = 0
  #bufferedBytes = 0
  /** The highest event time of what was decoded; what a timestamp extractor is told. */
  #decodedTimeMs = -1

  /** The event time of the record at the head; −1 where there is none, or one that cannot be read. */
  headTimestampMs = -1
  /** The highest event time of the records taken; −1 before the first. */
  partitionTimeMs = -1
  /** The offset after the last record taken; undefined before the first. */
  position: number | undefined
  /** Records that the broker has beyond those fetched; undefined where it is not known. */
  lagRecords: number | undefined
  /** When waiting for this empty partition ends, by the wall clock. */
  idleDeadlineMs: number | undefined

  constructor(topic: string, partition: number, options: RecordQueueOptions) {
    this.topic = topic
    this.partition = partition
    this.source = options.source
    this.#taskId = options.taskId
    this.#onNegativeTimestamp = options.onNegativeTimestamp
    this.#keyContext = { topic, part: 'key' }
    this.#valueContext = { topic, part: 'value' }
    this.#chunk = new RecordChunk(options.maxChunkRecords)
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** Whether there is no head while there is something to make one of. */
  get fillable(): boolean {
    if (this.headTimestampMs >= 0) return false
    return this.#chunk.count > 0 || this.#fetched.length > 0
  }

  /** The head, where {@link headTimestampMs} says that there is one. */
  get head(): AnyRecord {
    return this.#chunk.records[this.#index]!
  }

  /** Why the record at the head cannot be read; undefined where it can or there is none. */
  get headFault(): Error | undefined {
    return this.#chunk.faults.get(this.#index)
  }

  get offset(): number {
    return this.#chunk.offset(this.#index)
  }

  get timestampMs(): number {
    return this.#chunk.timestampMs(this.#index)
  }

  get headers(): Headers {
    return this.#index < this.#chunk.count ? this.#chunk.headers(this.#index) : noHeaders
  }

  keyBytes(): Buffer | null {
    return copy(this.#chunk.keySlice(this.#index))
  }

  valueBytes(): Buffer | null {
    return copy(this.#chunk.valueSlice(this.#index))
  }

  /** Takes over the partition time of an earlier owner. */
  restoreTime(timestampMs: number): void {
    this.partitionTimeMs = timestampMs
    this.#decodedTimeMs = timestampMs
  }

  add(fetched: FetchedPartition): void {
    this.#fetched.push(fetched)
    this.#bufferedBytes += fetched.bytes
  }

  /** Reads the next chunk; undefined where that needed no waiting. Call it where the queue is {@link fillable}. */
  fill(): MaybePromise<void> {
    if (!this.#unread) {
      this.#take()
      if (this.#chunk.count === 0) {
        this.#finishChunk()
        return undefined
      }
      this.#unread = true
    }
    const { source } = this
    if (source.key.resolve !== undefined || source.value.resolve !== undefined) {
      const pending = this.#chunk.resolve(
        source.key,
        this.#keyContext,
        source.value,
        this.#valueContext,
      )
      if (isPromise(pending)) return pending.then(() => this.#decode())
    }
    this.#decode()
    return undefined
  }

  /** Takes the record at the head off, and makes the next one the head. */
  advance(): void {
    if (this.headTimestampMs > this.partitionTimeMs) this.partitionTimeMs = this.headTimestampMs
    this.position = this.#chunk.offset(this.#index) + 1
    this.#index++
    this.#settleHead()
  }

  clear(): void {
    this.#fetched.length = 0
    this.#chunk.clear()
    this.#index = 0
    this.#unread = false
    this.#bufferedBytes = 0
    this.#chunkBytes = 0
    this.headTimestampMs = -1
  }

  #take(): void {
    const chunk = this.#chunk
    this.#endOffset = undefined
    while (this.#fetched.length > 0 && chunk.count < chunk.capacity) {
      const first = this.#fetched[0]!
      if (!chunk.take(first.records)) {
        this.#endOffset = undefined
        return
      }
      this.#fetched.shift()
      this.#chunkBytes += first.bytes
      this.#endOffset = first.nextOffset
    }
  }

  #decode(): void {
    const chunk = this.#chunk
    this.#unread = false
    for (let i = 0; i < chunk.count; i++) chunk.records[i] = this.#read(i)
    if (this.source.prefetches) {
      for (let i = 0; i < chunk.count; i++) {
        const record = chunk.records[i]
        if (record !== undefined) this.source.prefetch(record)
      }
    }
    this.#index = 0
    this.idleDeadlineMs = undefined
    this.#settleHead()
  }

  #read(i: number): AnyRecord | undefined {
    const { source } = this
    const chunk = this.#chunk
    let key: unknown
    let value: unknown
    try {
      key = chunk.readKey(i, source.key, this.#keyContext)
      value = chunk.readValue(i, source.value, this.#valueContext)
    } catch (error) {
      chunk.faults.set(i, this.#fault(i, error))
      return undefined
    }
    let record = new Record(key, value, chunk.timestampMs(i), chunk.headers(i))
    if (source.timestampExtractor !== undefined) record = this.#retime(i, record)
    if (record.timestampMs < 0) {
      this.#dropNegative(i, record.timestampMs)
      return undefined
    }
    if (record.timestampMs > this.#decodedTimeMs) this.#decodedTimeMs = record.timestampMs
    return record
  }

  #retime(i: number, record: AnyRecord): AnyRecord {
    let timestampMs: number
    try {
      timestampMs = this.source.timestampExtractor!(record, this.#decodedTimeMs)
    } catch (error) {
      throw this.#extractorError(i, messageOf(error), error)
    }
    if (!Number.isFinite(timestampMs)) {
      throw this.#extractorError(i, `it gave ${String(timestampMs)}`, undefined)
    }
    const wholeMs = Math.floor(timestampMs)
    return wholeMs === record.timestampMs ? record : record.withTimestamp(wholeMs)
  }

  #extractorError(i: number, what: string, cause: unknown): ProcessingError {
    return new ProcessingError(
      `The timestamp extractor of the source ${this.source.name} failed: ${what}. ` +
        'Let it return a negative number for records that are to be dropped.',
      { taskId: this.#taskId, topicPartition: this, offset: this.#chunk.offset(i), cause },
    )
  }

  #fault(i: number, error: unknown): Error {
    // A registry that cannot be reached is no fault of the record.
    if (isStreamsError(error) && error.scope !== 'record') throw error
    return new DeserializationError(`A record cannot be read: ${messageOf(error)}`, {
      taskId: this.#taskId,
      topicPartition: this,
      offset: this.#chunk.offset(i),
      field: isStreamsError(error) ? error.field : undefined,
      cause: error,
    })
  }

  #dropNegative(i: number, timestampMs: number): void {
    const index = this.#index
    this.#index = i
    this.#onNegativeTimestamp(this, timestampMs)
    this.#index = index
  }

  /** Moves over records that are not wanted to the next that is, or that cannot be read, or to the chunk's end. */
  #settleHead(): void {
    const chunk = this.#chunk
    while (this.#index < chunk.count) {
      const record = chunk.records[this.#index]
      if (record !== undefined) {
        this.headTimestampMs = record.timestampMs
        return
      }
      this.headTimestampMs = -1
      if (chunk.faults.has(this.#index)) return
      this.position = chunk.offset(this.#index) + 1
      this.#index++
    }
    this.#finishChunk()
  }

  #finishChunk(): void {
    this.headTimestampMs = -1
    if (this.#endOffset !== undefined) this.position = this.#endOffset
    this.#endOffset = undefined
    this.#bufferedBytes -= this.#chunkBytes
    this.#chunkBytes = 0
    this.#chunk.clear()
    this.#index = 0
  }
}

function copy(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes)
}
