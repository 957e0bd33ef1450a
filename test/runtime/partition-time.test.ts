import { describe, expect, it } from 'vitest'
import { decodePartitionTime, encodePartitionTime } from '../../src/runtime/partition-time.ts'

describe('the partition time in the metadata of an offset', () => {
  it('is read back', () => {
    for (const timestampMs of [-1, 0, 1_700_000_000_000, Number.MAX_SAFE_INTEGER]) {
      expect(decodePartitionTime(encodePartitionTime(timestampMs))).toBe(timestampMs)
    }
  })

  it('has the bytes that Kafka Streams writes: a version and eight bytes of time', () => {
    expect(encodePartitionTime(1_000)).toBe(
      Buffer.from('0100000000000003e8', 'hex').toString('base64'),
    )
  })

  it('is read where Kafka Streams added metadata of processors', () => {
    const bytes = Buffer.from('0200000000000003e800000000', 'hex')
    expect(decodePartitionTime(bytes.toString('base64'))).toBe(1_000)
  })

  it.each([
    undefined,
    '',
    'abc',
    'AQAA',
    Buffer.from('0900000000000003e8', 'hex').toString('base64'),
  ])('is unknown in %j', (metadata) => {
    expect(decodePartitionTime(metadata)).toBe(-1)
  })
})
