import { describe, expect, it } from 'vitest'
import { BrokerError, CorruptBatchError } from '../../../../src/core/errors.ts'
import { noHeaders } from '../../../../src/core/headers.ts'
import { BatchWriter } from '../../../../src/broker/kafkajs/codec/batch-writer.ts'
import { crc32c } from '../../../../src/broker/kafkajs/codec/crc32c.ts'
import { RecordBatchCursor } from '../../../../src/broker/kafkajs/codec/record-batch-cursor.ts'
import { readAll } from './read-all.ts'

interface BatchOptions {
  readonly producerId?: bigint
  readonly transactional?: boolean
  readonly baseOffset?: number
}

function batch(values: readonly string[], options: BatchOptions = {}): Buffer {
  const writer = new BatchWriter(64)
  for (const value of values) writer.append(1000, null, Buffer.from(value), noHeaders)
  return sealed(writer, options)
}

function sealed(writer: BatchWriter, options: BatchOptions): Buffer {
  const { producerId = -1n, transactional = false, baseOffset = 0 } = options
  const bytes = Buffer.from(
    writer.seal({ producerId, epoch: 0, sequence: 0, transactional }, 'none'),
  )
  bytes.writeBigInt64BE(BigInt(baseOffset), 0)
  return bytes
}

/** Sets fields of a batch and makes its checksum right again. */
function changed(bytes: Buffer, change: (bytes: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes)
  change(copy)
  copy.writeUInt32BE(crc32c(copy, 21, copy.length), 17)
  return copy
}

function abortMarker(producerId: bigint, baseOffset: number): Buffer {
  const writer = new BatchWriter(64)
  writer.append(1000, Buffer.from([0, 0, 0, 0]), Buffer.alloc(6), noHeaders)
  const control = 0x20 | 0x10
  return changed(sealed(writer, { producerId, transactional: true, baseOffset }), (bytes) => {
    bytes.writeInt16BE(control, 21)
  })
}

const values = (bytes: Buffer, aborted: { producerId: bigint; firstOffset: number }[]): string[] =>
  readAll(bytes, { aborted }).map(({ value }) => value!.toString())

describe('the filter of aborted transactions', () => {
  it("is not ended by a user's record whose key is that of an abort marker", () => {
    const writer = new BatchWriter(64)
    writer.append(1000, Buffer.from([0, 0, 0, 0]), Buffer.from('a'), noHeaders)
    const first = sealed(writer, { producerId: 1n, transactional: true })
    const second = batch(['b', 'c'], { producerId: 1n, transactional: true, baseOffset: 1 })
    const bytes = Buffer.concat([first, second, abortMarker(1n, 3)])
    expect(values(bytes, [{ producerId: 1n, firstOffset: 0 }])).toEqual([])
  })

  it('takes every entry up to a batch, not one for each batch', () => {
    // Both aborted transactions begin before the bytes that were fetched.
    const bytes = batch(['from 2'], { producerId: 2n, transactional: true, baseOffset: 20 })
    const aborted = [
      { producerId: 1n, firstOffset: 10 },
      { producerId: 2n, firstOffset: 11 },
    ]
    expect(values(bytes, aborted)).toEqual([])
  })

  it('does not rely on the order of the entries', () => {
    const bytes = Buffer.concat([
      batch(['a'], { producerId: 1n, transactional: true, baseOffset: 30 }),
      batch(['b'], { producerId: 2n, transactional: true, baseOffset: 31 }),
    ])
    const aborted = [
      { producerId: 2n, firstOffset: 31 },
      { producerId: 1n, firstOffset: 30 },
    ]
    expect(values(bytes, aborted)).toEqual([])
  })

  it('shows what a producer writes after its abort, and what others wrote outside transactions', () => {
    const bytes = Buffer.concat([
      batch(['aborted'], { producerId: 1n, transactional: true }),
      batch(['plain'], { producerId: 1n, baseOffset: 1 }),
      abortMarker(1n, 2),
      batch(['next'], { producerId: 1n, transactional: true, baseOffset: 3 }),
    ])
    expect(values(bytes, [{ producerId: 1n, firstOffset: 0 }])).toEqual(['plain', 'next'])
  })
})

describe('damaged batches', () => {
  const good = batch(['one', 'two'])

  it.each([
    ['a record longer than its batch', 61, 0x7e],
    ['a negative record length', 61, 0x01],
    ['a key longer than its record', 65, 0x7e],
    ['a value longer than its record', 66, 0x7e],
  ])('with a right checksum are refused: %s', (_, position, value) => {
    const bad = changed(good, (bytes) => (bytes[position] = value))
    expect(() => readAll(bad)).toThrow(CorruptBatchError)
  })

  it('that claim more records than they hold are refused, after those that they hold', () => {
    const bad = changed(good, (bytes) => bytes.writeInt32BE(3, 57))
    const cursor = new RecordBatchCursor({
      topic: 'topic',
      partition: 0,
      buffer: bad,
      start: 0,
      end: bad.length,
      fromOffset: 0,
    })
    expect([cursor.next(), cursor.next()]).toEqual([true, true])
    expect(() => cursor.next()).toThrow(CorruptBatchError)
  })

  it('of another message format are refused, naming it', () => {
    const old = Buffer.from(good)
    old[16] = 1
    expect(() => readAll(old)).toThrow(/message format version 1/)
    expect(() => readAll(old)).toThrow(BrokerError)
  })

  it('name topic, partition and offset', () => {
    const bad = Buffer.from(batch(['x'], { baseOffset: 77 }))
    bad[bad.length - 2]! ^= 1
    expect(() => readAll(bad)).toThrow(
      expect.objectContaining({
        offset: 77,
        topicPartition: { topic: 'topic', partition: 3 },
        message: expect.stringContaining('checksum'),
      }),
    )
  })

  it('whose gzip data ends early are refused with the cause', () => {
    const writer = new BatchWriter(64)
    writer.append(1000, null, Buffer.alloc(1000, 65), noHeaders)
    const gzip = writer.seal(
      { producerId: -1n, epoch: -1, sequence: -1, transactional: false },
      'gzip',
    )
    const cut = changed(gzip.subarray(0, gzip.length - 12), (bytes) => {
      bytes.writeInt32BE(bytes.length - 12, 8)
    })
    expect(() => readAll(cut)).toThrow(CorruptBatchError)
    expect(() => readAll(cut)).toThrow(/gzip/)
  })
})

it('a batch that compaction emptied is passed over', () => {
  const emptied = changed(batch(['x']).subarray(0, 61), (bytes) => {
    bytes.writeInt32BE(61 - 12, 8)
    bytes.writeInt32BE(0, 57)
  })
  const bytes = Buffer.concat([emptied, batch(['y'], { baseOffset: 1 })])
  expect(readAll(bytes).map(({ offset }) => offset)).toEqual([1])
})

it('headers may be read or left before the next record is', () => {
  const writer = new BatchWriter(64)
  const headers = [{ key: 'h', value: Buffer.from('1') }]
  for (let i = 0; i < 3; i++) writer.append(i, Buffer.from(`k${i}`), null, headers)
  const bytes = sealed(writer, {})
  const { length: end } = bytes
  const place = { topic: 't', partition: 0, buffer: bytes, start: 0, end, fromOffset: 0 }
  const cursor = new RecordBatchCursor(place)
  cursor.next()
  cursor.next()
  expect(cursor.headers()).toEqual(headers)
  expect(cursor.headers()).toEqual(headers)
  expect(cursor.next()).toBe(true)
  expect(cursor.buffer.toString('utf8', cursor.keyStart, cursor.keyEnd)).toBe('k2')
  expect(cursor.next()).toBe(false)
})
