import { CompactEntry } from '../stored-entry.ts'
import { readNumber, writeNumber } from './store-table.ts'

/** A value as the database has it: 8 bytes of event time, then the value. */
export function databaseValue(value: Buffer, timestampMs: number): Buffer {
  const bytes = Buffer.allocUnsafe(8 + value.length)
  writeNumber(bytes, timestampMs)
  value.copy(bytes, 8)
  return bytes
}

/** The entry that a value of the database is. */
export function databaseEntry(bytes: Buffer): CompactEntry {
  return new CompactEntry(bytes.subarray(8), readNumber(bytes))
}
