import { BrokerError, CorruptBatchError } from '../../../core/errors.ts'
import { noHeaders, type Header, type Headers } from '../../../core/headers.ts'
import type { RecordCursor } from '../../port.ts'
import { AbortedTransactions, type AbortedTransaction } from './aborted-transactions.ts'
import {
  attributesAt,
  baseTimestampAt,
  compressionMask,
  controlFlag,
  crcAt,
  lastOffsetDeltaAt,
  lengthAt,
  lengthCountsFrom,
  logAppendTimeFlag,
  magicAt,
  maxTimestampAt,
  producerIdAt,
  readInt64,
  recordCountAt,
  recordsAt,
  transactionalFlag,
} from './batch-layout.ts'
import { canInflate, compressionName, inflate } from './compression.ts'
import { crc32c } from './crc32c.ts'

const unsupportedCompressionType = 76
const unsupportedForMessageFormat = 43
const abortMarker = 0

/** The bytes of one partition's fetch and what is needed to read them. */
export interface FetchedBytes {
  readonly topic: string
  readonly partition: number
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  /** Records before this offset are skipped: a batch may begin before the offset that was asked for. */
  readonly fromOffset: number
  /** Undefined for read_uncommitted. */
  readonly aborted?: readonly AbortedTransaction[] | undefined
}

/** Walks the visible records of fetched record batches in place. */
export class RecordBatchCursor implements RecordCursor {
  offset = -1
  timestampMs = -1
  buffer: Buffer
  keyStart = 0
  keyEnd = -1
  valueStart = 0
  valueEnd = -1

  readonly #fetched: FetchedBytes
  readonly #aborted: AbortedTransactions | undefined
  /** Where the next batch begins. */
  #batchAt: number
  /** Read position among the records of the current batch, and where they end. */
  #position = 0
  #recordsEnd = 0
  #recordsLeft = 0
  #baseOffset = 0
  #baseTimestampMs = 0
  #logAppendTime = false
  #headersAt = 0
  #recordEnd = 0

  constructor(fetched: FetchedBytes) {
    this.#fetched = fetched
    this.buffer = fetched.buffer
    this.#batchAt = fetched.start
    this.#aborted = fetched.aborted?.length ? new AbortedTransactions(fetched.aborted) : undefined
  }

  next(): boolean {
    for (;;) {
      if (this.#recordsLeft === 0 && !this.#nextBatch()) return false
      this.#recordsLeft--
      const offset = this.#readRecord()
      if (offset < this.#fetched.fromOffset) continue
      this.offset = offset
      return true
    }
  }

  headers(): Headers {
    this.#position = this.#headersAt
    const count = this.#varint()
    if (count === 0) return noHeaders
    if (count < 0) throw this.#corrupt('a record has a negative header count', this.offset)
    const headers: Header[] = []
    for (let i = 0; i < count; i++) {
      const keyLength = this.#varint()
      const keyStart = this.#position
      this.#skip(keyLength)
      const valueLength = this.#varint()
      const valueStart = this.#position
      if (valueLength >= 0) this.#skip(valueLength)
      headers.push({
        key: this.buffer.toString('utf8', keyStart, keyStart + keyLength),
        value: valueLength < 0 ? null : this.buffer.subarray(valueStart, this.#position),
      })
    }
    // The next record begins where this one ends, whether or not its headers were read.
    this.#position = this.#recordEnd
    return headers
  }

  #skip(length: number): void {
    this.#position += length
    if (length < 0 || this.#position > this.#recordEnd) {
      throw this.#corrupt('a header reaches beyond its record', this.offset)
    }
  }

  /** Moves on to the next batch that may hold a visible record. */
  #nextBatch(): boolean {
    const { buffer, end: fetchedEnd, fromOffset } = this.#fetched
    for (;;) {
      const at = this.#batchAt
      if (at + recordsAt > fetchedEnd) return false
      const length = buffer.readInt32BE(at + lengthAt)
      const baseOffset = readInt64(buffer, at)
      if (length < recordsAt - lengthCountsFrom) {
        throw this.#corrupt(`a batch claims a length of ${length} bytes`, baseOffset)
      }
      const end = at + lengthCountsFrom + length
      // The broker may cut the last batch off at the fetch size; it comes whole with the next fetch.
      if (end > fetchedEnd) return false
      this.#check(at, end, baseOffset)
      this.#batchAt = end
      const attributes = buffer.readInt16BE(at + attributesAt)
      const lastOffset = baseOffset + buffer.readInt32BE(at + lastOffsetDeltaAt)
      const aborted = this.#isAborted(at, end, attributes, lastOffset)
      if (aborted || attributes & controlFlag || lastOffset < fromOffset) continue
      const count = buffer.readInt32BE(at + recordCountAt)
      if (count < 0) throw this.#corrupt(`a batch claims ${count} records`, baseOffset)
      // Compaction leaves the headers of batches whose records are all gone.
      if (count === 0) continue
      this.#open(at, end, attributes, baseOffset, count)
      return true
    }
  }

  #check(at: number, end: number, baseOffset: number): void {
    const { buffer } = this.#fetched
    const magic = buffer[at + magicAt]
    if (magic !== 2) {
      const { topic, partition } = this.#fetched
      throw new BrokerError(
        `A record batch has message format version ${magic}; only version 2, of Kafka 0.11 and later, is read.`,
        {
          topicPartition: { topic, partition },
          offset: baseOffset,
          brokerCode: unsupportedForMessageFormat,
        },
      )
    }
    if (crc32c(buffer, at + attributesAt, end) !== buffer.readUInt32BE(at + crcAt)) {
      throw this.#corrupt('the checksum of a batch is wrong', baseOffset)
    }
  }

  #isAborted(at: number, end: number, attributes: number, lastOffset: number): boolean {
    const aborted = this.#aborted
    if (aborted === undefined) return false
    aborted.reach(lastOffset)
    if ((attributes & transactionalFlag) === 0) return false
    const producerId = this.#fetched.buffer.readBigInt64BE(at + producerIdAt)
    if ((attributes & controlFlag) === 0) return aborted.includes(producerId)
    if (this.#controlType(at, end) === abortMarker) aborted.end(producerId)
    return false
  }

  /** The key of a control record is a version and a type, 16 bits each. */
  #controlType(at: number, end: number): number {
    this.buffer = this.#fetched.buffer
    this.#position = at + recordsAt
    this.#recordsEnd = end
    this.#baseOffset = readInt64(this.buffer, at)
    this.#baseTimestampMs = 0
    this.#readRecord()
    if (this.keyEnd - this.keyStart < 4) {
      throw this.#corrupt('a control record has no type', this.#baseOffset)
    }
    return this.buffer.readInt16BE(this.keyStart + 2)
  }

  #open(at: number, end: number, attributes: number, baseOffset: number, count: number): void {
    const { buffer, topic, partition } = this.#fetched
    this.#baseOffset = baseOffset
    this.#logAppendTime = (attributes & logAppendTimeFlag) !== 0
    const timestampAt = this.#logAppendTime ? maxTimestampAt : baseTimestampAt
    this.#baseTimestampMs = readInt64(buffer, at + timestampAt)
    this.#recordsLeft = count
    const codec = attributes & compressionMask
    if (codec === 0) {
      this.buffer = buffer
      this.#position = at + recordsAt
      this.#recordsEnd = end
      return
    }
    if (!canInflate(codec)) {
      throw new BrokerError(
        `A record batch is compressed with ${compressionName(codec)}, which cannot be read here: its package is not installed or has no build for this machine; install the optional dependencies of millrace.`,
        {
          topicPartition: { topic, partition },
          offset: baseOffset,
          brokerCode: unsupportedCompressionType,
        },
      )
    }
    try {
      this.buffer = inflate(codec, buffer.subarray(at + recordsAt, end))
    } catch (cause) {
      const what = `the ${compressionName(codec)} data of a batch cannot be inflated`
      throw this.#corrupt(what, baseOffset, cause)
    }
    this.#position = 0
    this.#recordsEnd = this.buffer.length
  }

  /** Reads one record into the fields; returns its offset. */
  #readRecord(): number {
    const length = this.#varint()
    const end = this.#position + length
    if (length < 0 || end > this.#recordsEnd) {
      throw this.#corrupt('a record reaches beyond its batch', this.#baseOffset)
    }
    this.#position++ // The attributes of a record are unused.
    const timestampDelta = this.#varlong()
    this.timestampMs = this.#logAppendTime
      ? this.#baseTimestampMs
      : this.#baseTimestampMs + timestampDelta
    const offset = this.#baseOffset + this.#varint()
    const keyLength = this.#varint()
    this.keyStart = this.#position
    if (keyLength < 0) this.keyEnd = -1
    else this.#position = this.keyEnd = this.#position + keyLength
    // Checked before the value is read, whose length would be read from wherever the key's claims to end.
    if (this.#position > end) throw this.#corrupt('a key reaches beyond its record', offset)
    const valueLength = this.#varint()
    this.valueStart = this.#position
    if (valueLength < 0) this.valueEnd = -1
    else this.#position = this.valueEnd = this.#position + valueLength
    if (this.#position > end) throw this.#corrupt('a value reaches beyond its record', offset)
    this.#headersAt = this.#position
    this.#position = this.#recordEnd = end
    return offset
  }

  #varint(): number {
    const buffer = this.buffer
    let position = this.#position
    let byte = buffer[position++]!
    let bits = byte & 0x7f
    for (let shift = 7; byte & 0x80; shift += 7) {
      if (shift > 28) throw this.#corrupt('a varint is longer than five bytes', this.#baseOffset)
      byte = buffer[position++]!
      bits |= (byte & 0x7f) << shift
    }
    this.#position = position
    return (bits >>> 1) ^ -(bits & 1)
  }

  #varlong(): number {
    const buffer = this.buffer
    let position = this.#position
    let byte = buffer[position++]!
    let bits = byte & 0x7f
    for (let shift = 7; byte & 0x80; shift += 7) {
      // Timestamps rarely differ by more than 21 bits, some 17 minutes, within a batch.
      if (shift > 14) return this.#longVarlong()
      byte = buffer[position++]!
      bits |= (byte & 0x7f) << shift
    }
    this.#position = position
    return (bits >>> 1) ^ -(bits & 1)
  }

  #longVarlong(): number {
    const buffer = this.buffer
    let position = this.#position
    let byte = buffer[position++]!
    let zigzag = BigInt(byte & 0x7f)
    for (let shift = 7n; byte & 0x80; shift += 7n) {
      if (shift > 63n) throw this.#corrupt('a varlong is longer than ten bytes', this.#baseOffset)
      byte = buffer[position++]!
      zigzag |= BigInt(byte & 0x7f) << shift
    }
    this.#position = position
    const value = BigInt.asUintN(64, zigzag)
    return Number((value >> 1n) ^ -(value & 1n))
  }

  #corrupt(what: string, offset: number, cause?: unknown): CorruptBatchError {
    const { topic, partition } = this.#fetched
    return new CorruptBatchError(`Fetched records are damaged: ${what}.`, {
      topicPartition: { topic, partition },
      offset,
      cause,
    })
  }
}
