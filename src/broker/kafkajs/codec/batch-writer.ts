import { writePacked, type PackedBytes } from '../../../core/byte-text.ts'
import type { Headers } from '../../../core/headers.ts'
import {
  attributesAt,
  baseOffsetAt,
  baseSequenceAt,
  baseTimestampAt,
  crcAt,
  lastOffsetDeltaAt,
  leaderEpochAt,
  lengthAt,
  lengthCountsFrom,
  magicAt,
  maxTimestampAt,
  producerEpochAt,
  producerIdAt,
  recordCountAt,
  recordsAt,
  transactionalFlag,
} from './batch-layout.ts'
import type { Compression } from '../../port.ts'
import { deflate } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts'

/** Who writes a batch, for the broker's check of order and duplicates. */
export interface BatchProducer {
  readonly producerId: bigint
  readonly epoch: number
  /** The number of the batch's first record among this producer's records of the partition. */
  readonly sequence: number
  readonly transactional: boolean
}

/** Bytes that an uncompressed batch takes which holds only this record. */
export function batchBytesOf(
  key: PackedBytes | null,
  value: PackedBytes | null,
  headers: Headers,
): number {
  const keyLength = key === null ? -1 : key.length
  const valueLength = value === null ? -1 : value.length
  const length =
    3 + // attributes, timestamp delta 0, offset delta 0
    varintSize(keyLength) +
    (keyLength < 0 ? 0 : keyLength) +
    varintSize(valueLength) +
    (valueLength < 0 ? 0 : valueLength) +
    (headers.length === 0 ? 1 : headersSize(headers))
  return recordsAt + varintSize(length) + length
}

/** Up to this many bytes more than {@link batchBytesOf} says, less the header, a further record of a batch takes. */
export const laterRecordExtraBytes = 16

/** Builds one record batch of version 2 in a buffer that grows. */
export class BatchWriter {
  #buffer: Buffer
  #position = recordsAt
  #count = 0
  #baseTimestampMs = 0
  #maxTimestampMs = 0

  constructor(capacityBytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(capacityBytes, recordsAt))
  }

  /** Records in the batch. */
  get count(): number {
    return this.#count
  }

  /** Size of the batch, uncompressed. */
  get bytes(): number {
    return this.#position
  }

  /** Bytes that the batch can take before it must grow. */
  get capacity(): number {
    return this.#buffer.length
  }

  /** Empties the batch, to be filled again; what {@link seal} returned without compression is overwritten then. */
  reset(): void {
    this.#position = recordsAt
    this.#count = 0
  }

  /** Appends one record; its bytes are copied. */
  append(
    timestampMs: number,
    key: PackedBytes | null,
    value: PackedBytes | null,
    headers: Headers,
  ): void {
    if (this.#count === 0) {
      this.#baseTimestampMs = timestampMs
      this.#maxTimestampMs = timestampMs
    } else if (timestampMs > this.#maxTimestampMs) {
      this.#maxTimestampMs = timestampMs
    }
    const timestampDelta = timestampMs - this.#baseTimestampMs
    const keyLength = key === null ? -1 : key.length
    const valueLength = value === null ? -1 : value.length
    const length =
      1 +
      varlongSize(timestampDelta) +
      varintSize(this.#count) +
      varintSize(keyLength) +
      (keyLength < 0 ? 0 : keyLength) +
      varintSize(valueLength) +
      (valueLength < 0 ? 0 : valueLength) +
      (headers.length === 0 ? 1 : headersSize(headers))
    if (this.#position + length + 5 > this.#buffer.length) this.#grow(length + 5)
    const buffer = this.#buffer
    let at = writeVarint(buffer, this.#position, length)
    buffer[at++] = 0 // The attributes of a record are unused.
    at = writeVarlong(buffer, at, timestampDelta)
    at = writeVarint(buffer, at, this.#count)
    at = writeVarint(buffer, at, keyLength)
    if (key !== null) at = writePacked(key, buffer, at)
    at = writeVarint(buffer, at, valueLength)
    if (value !== null) at = writePacked(value, buffer, at)
    if (headers.length === 0) buffer[at++] = 0
    else at = writeHeaders(buffer, at, headers)
    this.#position = at
    this.#count++
  }

  /**
   * Completes the header and returns the batch: without compression a view, valid until {@link reset}.
   * May be called again, with another producer.
   */
  seal(producer: BatchProducer, compression: Compression): Buffer {
    const uncompressed = this.#buffer.subarray(0, this.#position)
    if (compression === 'none') return this.#fillHeader(uncompressed, producer, 0)
    const { id, bytes } = deflate(compression, uncompressed.subarray(recordsAt))
    const batch = Buffer.allocUnsafe(recordsAt + bytes.length)
    bytes.copy(batch, recordsAt)
    return this.#fillHeader(batch, producer, id)
  }

  #fillHeader(batch: Buffer, producer: BatchProducer, codec: number): Buffer {
    batch.writeBigInt64BE(0n, baseOffsetAt)
    batch.writeInt32BE(batch.length - lengthCountsFrom, lengthAt)
    batch.writeInt32BE(-1, leaderEpochAt)
    batch[magicAt] = 2
    batch.writeInt16BE((producer.transactional ? transactionalFlag : 0) | codec, attributesAt)
    batch.writeInt32BE(this.#count - 1, lastOffsetDeltaAt)
    batch.writeBigInt64BE(BigInt(this.#baseTimestampMs), baseTimestampAt)
    batch.writeBigInt64BE(BigInt(this.#maxTimestampMs), maxTimestampAt)
    batch.writeBigInt64BE(producer.producerId, producerIdAt)
    batch.writeInt16BE(producer.epoch, producerEpochAt)
    batch.writeInt32BE(producer.sequence, baseSequenceAt)
    batch.writeInt32BE(this.#count, recordCountAt)
    batch.writeUInt32BE(crc32c(batch, attributesAt, batch.length), crcAt)
    return batch
  }

  #grow(bytes: number): void {
    const wanted = Math.max(this.#buffer.length * 2, this.#position + bytes)
    const grown = Buffer.allocUnsafeSlow(wanted)
    this.#buffer.copy(grown, 0, 0, this.#position)
    this.#buffer = grown
  }
}

function headersSize(headers: Headers): number {
  let size = varintSize(headers.length)
  for (const { key, value } of headers) {
    const keyLength = Buffer.byteLength(key)
    size += varintSize(keyLength) + keyLength
    size += value === null ? 1 : varintSize(value.length) + value.length
  }
  return size
}

function writeHeaders(buffer: Buffer, position: number, headers: Headers): number {
  let at = writeVarint(buffer, position, headers.length)
  for (const { key, value } of headers) {
    at = writeVarint(buffer, at, Buffer.byteLength(key))
    at += buffer.write(key, at, 'utf8')
    at = writeVarint(buffer, at, value === null ? -1 : value.length)
    if (value !== null) at = writePacked(value, buffer, at)
  }
  return at
}
