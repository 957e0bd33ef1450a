import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { prepareCodecs } from '../../../../src/broker/kafkajs/codec/compression.ts'
import type { Compression } from '../../../../src/broker/port.ts'
import { BrokerError } from '../../../../src/core/errors.ts'
import { scanBatches } from '../../../../src/broker/kafkajs/codec/batch-layout.ts'
import {
  BatchWriter,
  batchBytesOf,
  laterRecordExtraBytes,
} from '../../../../src/broker/kafkajs/codec/batch-writer.ts'
import { readAll, type ReadRecord } from './read-all.ts'

const bytes = fc
  .oneof(
    { weight: 9, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 16_000, maxLength: 17_000, size: 'max' }) },
  )
  .map((array) => Buffer.from(array))
const bytesOrNull = fc.option(bytes, { nil: null })
const record = fc.record({
  timestampMs: fc.oneof(
    fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
    fc.integer({ min: 0, max: 4_102_444_800_000 }),
  ),
  key: bytesOrNull,
  value: bytesOrNull,
  headers: fc.array(
    fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 20 }), value: bytesOrNull }),
    { maxLength: 3 },
  ),
})
const records = fc.array(record, { minLength: 1, maxLength: 40 })
const compression = fc.constantFrom<Compression>('none', 'gzip', 'snappy', 'lz4', 'zstd')
const producer = { producerId: 7n, epoch: 2, sequence: 10, transactional: false }

function write(of: readonly Omit<ReadRecord, 'offset'>[], how: Compression = 'none'): Buffer {
  const writer = new BatchWriter(64)
  for (const { timestampMs, key, value, headers } of of) {
    writer.append(timestampMs, key, value, headers)
  }
  return Buffer.from(writer.seal(producer, how))
}

/** Texts compare in a moment where buffers are compared byte by byte. */
function comparable({ offset, timestampMs, key, value, headers }: ReadRecord): unknown[] {
  const text = (of: Buffer | null): string | null => of?.toString('latin1') ?? null
  const named = headers.map((header) => [header.key, text(header.value)])
  return [offset, timestampMs, text(key), text(value), named]
}

beforeAll(prepareCodecs)

it('what is written is read again', () => {
  fc.assert(
    fc.property(records, compression, (of, how) => {
      const expected = of.map((each, offset) => comparable({ offset, ...each }))
      expect(readAll(write(of, how)).map(comparable)).toEqual(expected)
    }),
  )
})

it('records before the wanted offset are left out', () => {
  fc.assert(
    fc.property(records, fc.nat(45), (of, fromOffset) => {
      const expected = of.map((_, offset) => offset).filter((offset) => offset >= fromOffset)
      expect(readAll(write(of), { fromOffset }).map(({ offset }) => offset)).toEqual(expected)
    }),
  )
})

it('a batch that is cut off is left for the next fetch, and those before it are read', () => {
  fc.assert(
    fc.property(records, records, fc.double({ min: 0, max: 0.999, noNaN: true }), (a, b, part) => {
      const first = write(a)
      const second = write(b)
      const cut = first.length + Math.floor(second.length * part)
      const both = Buffer.concat([first, second]).subarray(0, cut)
      expect(readAll(both)).toHaveLength(a.length)
      expect(scanBatches(both, 0, both.length)).toEqual({ nextOffset: a.length, corrupt: false })
    }),
  )
})

it('any damaged byte behind the length is found by the checksum', () => {
  fc.assert(
    fc.property(
      records,
      compression,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (of, how, at, flip) => {
        const batch = write(of, how)
        // Base offset, length and leader epoch are the broker's to fill in, so the checksum leaves them out.
        const position = 16 + (at % (batch.length - 16))
        batch[position]! ^= flip
        expect(() => readAll(batch)).toThrow(BrokerError)
      },
    ),
  )
})

it('arbitrary bytes end in an error that names the place, or in nothing, never in a hang', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (array, withMagic) => {
      const noise = Buffer.from(array)
      if (withMagic && noise.length > 16) {
        noise.writeInt32BE(Math.max(0, noise.length - 12), 8)
        noise[16] = 2
      }
      try {
        expect(readAll(noise)).toEqual([])
      } catch (error) {
        expect(error).toBeInstanceOf(BrokerError)
        expect(error).toMatchObject({ topicPartition: { topic: 'topic', partition: 3 } })
      }
    }),
  )
})

it('the size of a record is told exactly for the first of a batch, and bounded for later ones', () => {
  fc.assert(
    fc.property(records, (of) => {
      const writer = new BatchWriter(64)
      for (const [index, { timestampMs, key, value, headers }] of of.entries()) {
        const before = writer.bytes
        writer.append(timestampMs, key, value, headers)
        const told = batchBytesOf(key, value, headers)
        if (index === 0) expect(writer.bytes).toBe(told)
        else expect(writer.bytes - before).toBeLessThanOrEqual(told - 61 + laterRecordExtraBytes)
      }
    }),
  )
})
