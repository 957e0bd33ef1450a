import { beforeAll, describe, expect, it } from 'vitest'
import { BrokerError } from '../../../../src/core/errors.ts'
import {
  attributesAt,
  crcAt,
  recordsAt,
  scanBatches,
} from '../../../../src/broker/kafkajs/codec/batch-layout.ts'
import { prepareCodecs } from '../../../../src/broker/kafkajs/codec/compression.ts'
import { crc32c } from '../../../../src/broker/kafkajs/codec/crc32c.ts'
import { BatchWriter } from '../../../../src/broker/kafkajs/codec/batch-writer.ts'
import { fromHex, golden, type GoldenRecord } from './golden-batches.ts'
import { readAll, type ReadRecord } from './read-all.ts'

const asRead = ({ offset, timestampMs, key, value, headers }: GoldenRecord): ReadRecord => ({
  offset,
  timestampMs,
  key: fromHex(key),
  value: fromHex(value),
  headers: headers.map(([name, bytes]) => ({ key: name, value: fromHex(bytes) })),
})

describe('batches that the Java client wrote', () => {
  beforeAll(prepareCodecs)

  it.each([
    'plain',
    'idempotent',
    'transactional',
    'gzip',
    'snappy',
    'lz4',
    'zstd',
    'log-append-time',
  ])('are read as Java reads them: %s', (name) => {
    const { bytes, records } = golden(name)
    expect(records.length).toBeGreaterThan(0)
    expect(readAll(bytes)).toEqual(records.map(asRead))
  })

  it.each(['plain', 'idempotent', 'transactional'])('are written byte for byte: %s', (name) => {
    const { bytes, records } = golden(name)
    const writer = new BatchWriter(100)
    for (const record of records.map(asRead)) {
      writer.append(record.timestampMs, record.key, record.value, record.headers)
    }
    const { producerId, epoch, sequence, transactional, offset } = records[0]!
    const producer = { producerId: BigInt(producerId), epoch, sequence, transactional }
    const written = Buffer.from(writer.seal(producer, 'none'))
    // The base offset is the broker's to write; the checksum leaves it out.
    written.writeBigInt64BE(BigInt(offset), 0)
    expect(written.equals(bytes)).toBe(true)
  })

  it('are refused by name where the codec is not known', () => {
    const bytes = Buffer.from(golden('snappy').bytes)
    // A number that no codec has, with the checksum that goes with it.
    bytes.writeInt16BE(7, attributesAt)
    bytes.writeUInt32BE(crc32c(bytes, attributesAt, bytes.length), crcAt)
    let thrown: unknown
    try {
      readAll(bytes)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(BrokerError)
    expect((thrown as BrokerError).message).toContain('compressed with unknown codec 7')
    expect(thrown).toMatchObject({
      topicPartition: { topic: 'topic', partition: 3 },
      offset: 5,
      brokerCode: 76,
    })
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('are refused where they are damaged: %s', (name) => {
    const bytes = Buffer.from(golden(name).bytes)
    bytes.fill(0xff, recordsAt + 20)
    bytes.writeUInt32BE(crc32c(bytes, attributesAt, bytes.length), crcAt)
    expect(() => readAll(bytes)).toThrow(/topic topic, partition 3, offset \d+/)
  })
})

describe('transactions', () => {
  const { bytes, records } = golden('transactions')
  const visible = (aborted: { producerId: bigint; firstOffset: number }[] | undefined): string[] =>
    readAll(bytes, { aborted }).map(({ value }) => value!.toString())
  // The broker lists them in the order in which they ended, which is not that of their beginnings.
  const aborted = [
    { producerId: 2n, firstOffset: 2 },
    { producerId: 1n, firstOffset: 0 },
  ]

  it('show only committed and plain records to read_committed', () => {
    expect(visible(aborted)).toEqual(['committed', 'plain', 'committed, after an abort'])
  })

  it('show all but control records to read_uncommitted', () => {
    const expected = records.filter(({ control }) => !control).map(({ value }) => value)
    expect(visible(undefined)).toEqual(expected.map((value) => fromHex(value)!.toString()))
  })

  it('are scanned to the offset behind the last control record', () => {
    expect(scanBatches(bytes, 0, bytes.length)).toEqual({ nextOffset: 11, corrupt: false })
  })
})
