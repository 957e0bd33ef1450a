import type { FetchedPartition } from '../broker/port.ts'
import { noHeaders, type Headers } from '../core/headers.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { AnyRecord } from './graph-node.ts'
import { RecordChunk } from './record-chunk.ts'
import { RecordDecoder, type RecordDecoderOptions } from './record-decoder.ts'
import type { InputRecord } from './task-scope.ts'
import type { TaskSourceNode } from './task-source-node.ts'

/** What a queue must know beside its partition. */
export interface RecordQueueOptions extends RecordDecoderOptions {
  readonly maxChunkRecords: number
}

/**
 * The records of one input partition that were fetched: bytes, a chunk of them prepared, and where that is worth it the
 * chunk after it. Its head is the record to process next.
 *
 * @remarks Source: Java's `RecordQueue`.
 */
export class RecordQueue implements InputRecord {
  readonly topic: string
  readonly partition: number
  readonly source: TaskSourceNode
  readonly #decoder: RecordDecoder
  /** Fetched and not wholly taken into chunks. */
  readonly #fetched: FetchedPartition[] = []
  #chunk: RecordChunk
  #ahead: RecordChunk
  #index = 0
  #head: AnyRecord | undefined
  #bufferedBytes = 0
  /** Why no more can be taken from what was fetched; due once what was taken before is processed. */
  #broken: { readonly error: unknown } | undefined

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
    this.#decoder = new RecordDecoder({ topic, partition }, options)
    this.#chunk = new RecordChunk(options.maxChunkRecords)
    this.#ahead = new RecordChunk(options.maxChunkRecords)
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** Whether there is no head while there is something to make one of. */
  get fillable(): boolean {
    if (this.headTimestampMs >= 0) return false
    return this.#chunk.count > 0 || this.#ahead.count > 0 || this.#hasFetched
  }

  /** The head, where {@link headTimestampMs} says that there is one. */
  get head(): AnyRecord {
    return this.#head!
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

  /** The key's bytes as a string of one character a byte; undefined for a null key. */
  keyText(): string | undefined {
    return this.#chunk.keySlice(this.#index)?.toString('latin1')
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
    this.#decoder.partitionTimeMs = timestampMs
  }

  add(fetched: FetchedPartition): void {
    this.#fetched.push(fetched)
    this.#bufferedBytes += fetched.bytes
  }

  /**
   * Makes a head; undefined where that needed no waiting. Call it where the queue is {@link fillable}. Throws what the
   * cursor throws of damaged bytes, once the records before them are processed.
   */
  fill(): MaybePromise<void> {
    if (this.#chunk.count === 0) {
      if (this.#ahead.count > 0) this.#turnToAhead()
      else this.#take(this.#chunk)
      if (this.#chunk.count === 0) {
        this.#finishChunk()
        if (this.#broken !== undefined) throw this.#broken.error
        return undefined
      }
    }
    if (!this.#chunk.prepared) {
      const pending = this.#decoder.resolve(this.#chunk)
      if (isPromise(pending)) return pending.then(() => this.#begin())
    }
    this.#begin()
    return undefined
  }

  /**
   * Prepares the next chunk while there still is a head, so that what it needs can be read meanwhile; gives whether
   * there was one.
   */
  readAhead(): boolean {
    if (this.#ahead.count > 0 || !this.#hasFetched || this.headTimestampMs < 0) return false
    const ahead = this.#ahead
    this.#take(ahead)
    if (ahead.count === 0) {
      // Nothing but an offset that moved on, which it will have when the current chunk is processed.
      this.#chunk.endOffset = ahead.endOffset ?? this.#chunk.endOffset
      this.#chunk.bytes += ahead.bytes
      ahead.clear()
      return false
    }
    const pending = this.#decoder.resolve(ahead)
    if (isPromise(pending)) {
      // Asked again when it is needed, and then waited for.
      pending.catch(() => {})
      return false
    }
    this.#decoder.prepare(ahead)
    return true
  }

  /** Reads the record at the head again, which could not be read. */
  reread(): MaybePromise<void> {
    const pending = this.#decoder.resolve(this.#chunk)
    if (isPromise(pending)) return pending.then(() => this.#reread())
    this.#reread()
  }

  #reread(): void {
    this.#decoder.readAgain(this.#chunk, this.#index)
    this.#settleHead()
  }

  /** Takes the record at the head off, and makes the next one the head. */
  advance(): void {
    if (this.headTimestampMs > this.partitionTimeMs) this.partitionTimeMs = this.headTimestampMs
    this.leaveOut()
  }

  /** Takes the record at the head off as if its time had not come. */
  leaveOut(): void {
    this.position = this.#chunk.offset(this.#index) + 1
    this.#index++
    this.#settleHead()
  }

  clear(): void {
    this.#fetched.length = 0
    this.#chunk.clear()
    this.#ahead.clear()
    this.#broken = undefined
    this.#index = 0
    this.#head = undefined
    this.#bufferedBytes = 0
    this.headTimestampMs = -1
  }

  get #hasFetched(): boolean {
    return this.#fetched.length > 0 || this.#broken !== undefined
  }

  #take(chunk: RecordChunk): void {
    while (this.#fetched.length > 0 && chunk.count < chunk.capacity) {
      const first = this.#fetched[0]!
      chunk.endOffset = undefined
      let ended: boolean
      try {
        ended = chunk.take(first.records)
      } catch (error) {
        this.#broken = { error }
        return
      }
      if (!ended) return
      this.#fetched.shift()
      chunk.bytes += first.bytes
      chunk.endOffset = first.nextOffset
    }
  }

  #turnToAhead(): void {
    const emptied = this.#chunk
    this.#chunk = this.#ahead
    this.#ahead = emptied
  }

  #begin(): void {
    if (!this.#chunk.prepared) this.#decoder.prepare(this.#chunk)
    this.idleDeadlineMs = undefined
    this.#settleHead()
  }

  /** Moves over records that are not wanted to the next that is, or that cannot be read, or to the chunk's end. */
  #settleHead(): void {
    const chunk = this.#chunk
    this.headTimestampMs = -1
    while (this.#index < chunk.count) {
      const head = this.#decoder.take(chunk, this.#index)
      this.#head = head
      if (head !== undefined) {
        this.headTimestampMs = head.timestampMs
        return
      }
      if (chunk.faults.has(this.#index)) return
      this.position = chunk.offset(this.#index) + 1
      this.#index++
    }
    this.#finishChunk()
  }

  #finishChunk(): void {
    const chunk = this.#chunk
    this.#head = undefined
    this.headTimestampMs = -1
    if (chunk.endOffset !== undefined) this.position = chunk.endOffset
    this.#bufferedBytes -= chunk.bytes
    chunk.clear()
    this.#index = 0
  }
}

function copy(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes)
}
