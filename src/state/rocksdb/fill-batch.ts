import type { Clock } from '../../core/clock.ts'
import type { ChangelogCursor } from '../changelog-cursor.ts'
import type { RocksDbBatch } from './binding.ts'
import type { ByteBuffers } from './byte-buffers.ts'
import { timeBytes } from './database-value.ts'
import { prefixLength, writeNumber } from './store-table.ts'

/** Up to here a loop in JavaScript copies faster than a call into Node does. */
const loopCopyMax = 48

/** What {@link fillBatch} works with. */
export interface FillBatchOptions {
  readonly batch: RocksDbBatch
  readonly buffers: ByteBuffers
  /** The number that tells the store. */
  readonly storeId: number
  readonly clock: Clock
  /** After so many records the event loop gets its turn. */
  readonly recordsPerTurn: number
}

/**
 * Puts changelog records into a batch, as the database has them, straight from the bytes that were fetched; gives how many.
 * Of several records of a key the last one counts, as in the changelog.
 */
export async function fillBatch(
  records: ChangelogCursor,
  { batch, buffers, storeId, clock, recordsPerTurn }: FillBatchOptions,
): Promise<number> {
  let count = 0
  while (records.next()) {
    const { buffer, keyStart, keyEnd, valueStart, valueEnd } = records
    if (keyEnd < 0) continue
    if (count > 0 && count % recordsPerTurn === 0) await clock.yieldToEventLoop()
    count++
    const key = buffers.take(prefixLength + keyEnd - keyStart)
    key[0] = storeId >> 8
    key[1] = storeId & 0xff
    copy(buffer, keyStart, keyEnd, key, prefixLength)
    if (valueEnd < 0) {
      batch.delete(key)
      continue
    }
    const value = buffers.take(timeBytes + valueEnd - valueStart)
    writeNumber(value, records.timestampMs)
    copy(buffer, valueStart, valueEnd, value, timeBytes)
    batch.put(key, value)
  }
  return count
}

function copy(source: Buffer, start: number, end: number, target: Buffer, at: number): void {
  if (end - start > loopCopyMax) {
    source.copy(target, at, start, end)
    return
  }
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!
}
