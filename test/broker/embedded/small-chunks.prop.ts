import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ChunkCursor } from '../../../src/broker/embedded/chunk-cursor.ts'
import { PartitionLog } from '../../../src/broker/embedded/partition-log.ts'
import { ChunkBuilder, type ChunkTransaction } from '../../../src/broker/embedded/record-chunk.ts'

/** Appends so many records whose value is their number, every third without a key, every fifth with a header. */
function append(log: PartitionLog, from: number, count: number, open?: ChunkTransaction): void {
  const builder = new ChunkBuilder()
  for (let number = from; number < from + count; number++) {
    const value = Buffer.from(String(number))
    const headers = number % 5 === 0 ? [{ key: 'h', value }] : []
    builder.append(number, number % 3 === 0 ? null : Buffer.from(`k${number}`), value, headers)
  }
  log.append(builder.take(open))
}

/** All numbers from an offset on, checked against everything else that the record says. */
function readFrom(log: PartitionLog, from: number): number[] {
  const numbers: number[] = []
  for (let offset = from; ;) {
    const read = log.read(offset, 'read_committed', 50)
    if (!read) return numbers
    const cursor = new ChunkCursor(read.chunks, offset)
    while (cursor.next()) {
      const { buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs } = cursor
      const number = Number(buffer.toString('utf8', valueStart, valueEnd))
      const key = keyEnd < 0 ? null : buffer.toString('utf8', keyStart, keyEnd)
      expect(timestampMs).toBe(number)
      expect(key).toBe(number % 3 === 0 ? null : `k${number}`)
      expect(cursor.headers()[0]?.value?.toString()).toBe(
        number % 5 === 0 ? `${number}` : undefined,
      )
      numbers.push(number)
    }
    offset = read.nextOffset
  }
}

const batch = fc.record({
  count: fc.integer({ min: 1, max: 4 }),
  transaction: fc.constantFrom('none', 'committed', 'aborted'),
})

it('small batches, however they are joined, are read on from any offset', () => {
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 40 }), (batches) => {
      const log = new PartitionLog('topic', 0)
      const offsets: number[] = []
      let number = 0
      for (const { count, transaction } of batches) {
        const open = transaction === 'none' ? undefined : { state: 'open' as const }
        const start = log.highWatermark
        append(log, number, count, open)
        const seen = transaction === 'aborted' ? 0 : count
        for (let each = 0; each < seen; each++) offsets[number + each] = start + each
        number += count
        if (open) {
          Object.assign(open, { state: transaction })
          log.endTransaction(open)
        }
      }
      const visible = Object.keys(offsets).map(Number)
      for (let from = 0; from <= log.highWatermark; from++) {
        expect(readFrom(log, from)).toEqual(visible.filter((each) => offsets[each]! >= from))
      }
      for (const each of visible)
        expect(log.offsetForTime(each)).toBeLessThanOrEqual(offsets[each]!)
    }),
    { numRuns: 200 },
  )
})

it('records that are flushed one by one, or each in a transaction, end up in few chunks', () => {
  const log = new PartitionLog('topic', 0)
  const count = 5_000
  for (let number = 0; number < count; number++) {
    const open = number % 2 === 0 ? undefined : { state: 'open' as const }
    append(log, number, 1, open)
    if (!open) continue
    Object.assign(open, { state: 'committed' })
    log.endTransaction(open)
  }
  expect(log.chunks.length).toBeLessThan(30)
  expect(readFrom(log, 0)).toHaveLength(count)
})

it('the first record at a time is found also where records before it in its chunk are deleted', () => {
  const log = new PartitionLog('topic', 0)
  append(log, 0, 10)
  log.deleteBefore(4)
  expect([0, 4, 7, 10].map((time) => log.offsetForTime(time))).toEqual([4, 4, 7, undefined])
})

it('what compaction drops takes no memory, also where one record of a large chunk is kept', () => {
  const log = new PartitionLog('topic', 0)
  const builder = new ChunkBuilder()
  for (let number = 0; number < 1_000; number++) {
    builder.append(number, Buffer.from('the same'), Buffer.alloc(1_000))
  }
  log.append(builder.take(undefined))
  log.compact({ nowMs: 0, deleteRetentionMs: 0 })
  expect(log.chunks.reduce((sum, { buffer }) => sum + buffer.length, 0)).toBeLessThan(2_000)
  const read = log.read(0, 'read_committed', 100)!
  expect(read.nextOffset).toBe(1_000)
})
