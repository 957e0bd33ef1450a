import { describe, expect, it } from 'vitest'
import { decodeOffsetMetadata, encodeOffsetMetadata } from '../../src/runtime/offset-metadata.ts'

const none = new Map<string, number>()

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}

describe('the metadata of a committed offset', () => {
  it('is read back', () => {
    const progress = new Map([
      ['counts', 0],
      ['größte', 1_700_000_000_000],
    ])
    for (const partitionTimeMs of [-1, 0, 1_700_000_000_000, Number.MAX_SAFE_INTEGER]) {
      for (const metadata of [
        { partitionTimeMs, progress },
        { partitionTimeMs, progress: none },
      ]) {
        expect(decodeOffsetMetadata(encodeOffsetMetadata(metadata))).toEqual(metadata)
      }
    }
  })

  it('has the bytes that Kafka Streams reads: a version and eight bytes of time', () => {
    const metadata = { partitionTimeMs: 1_000, progress: none }
    expect(encodeOffsetMetadata(metadata)).toBe(base64('0100000000000003e8'))
  })

  it('has the bytes that Kafka Streams writes where processors keep something', () => {
    const metadata = { partitionTimeMs: 1_000, progress: new Map([['ab', 5]]) }
    const bytes = base64('0200000000000003e8000000010000000261620000000000000005')
    expect(encodeOffsetMetadata(metadata)).toBe(bytes)
  })

  it('is read where Kafka Streams wrote that processors keep nothing', () => {
    const metadata = { partitionTimeMs: 1_000, progress: none }
    expect(decodeOffsetMetadata(base64('0200000000000003e8'))).toEqual(metadata)
    expect(decodeOffsetMetadata(base64('0200000000000003e800000000'))).toEqual(metadata)
  })

  it('stays below what Kafka takes, and keeps what was noted first', () => {
    const names = Array.from({ length: 200 }, (_, i) => `a-store-of-many-in-one-task-${i}`)
    const progress = new Map(names.map((name, i) => [name, i]))
    const encoded = encodeOffsetMetadata({ partitionTimeMs: 7, progress })
    expect(encoded.length).toBeLessThanOrEqual(4096)
    const decoded = decodeOffsetMetadata(encoded)
    expect(decoded.partitionTimeMs).toBe(7)
    const kept = [...decoded.progress.keys()]
    expect(kept.length).toBeGreaterThan(50)
    expect(kept).toEqual(names.slice(0, kept.length))
  })

  it.each([undefined, '', 'abc', 'AQAA', base64('0900000000000003e8')])(
    'is unknown in %j',
    (metadata) => {
      expect(decodeOffsetMetadata(metadata)).toEqual({ partitionTimeMs: -1, progress: none })
    },
  )

  it.each([
    '02000000000000000100000001',
    '0200000000000000010000000100000009616200',
    '02000000000000000100000001ffffffff00',
  ])('has no progress where it is cut off: %s', (hex) => {
    expect(decodeOffsetMetadata(base64(hex))).toEqual({ partitionTimeMs: 1, progress: none })
  })
})
