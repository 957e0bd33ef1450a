import { writePacked, type PackedBytes } from '../../core/byte-text.ts'
import { committedEntry, type LayerEntry } from '../layer-entry.ts'
import type { ByteBuffers } from './byte-buffers.ts'
import { readNumber, writeNumber } from './store-table.ts'

/** How many bytes of a value tell its event time. */
export const timeBytes = 8

/** A value as the database has it: 8 bytes of event time, then the value. */
export function databaseValue(
  value: PackedBytes,
  timestampMs: number,
  buffers: ByteBuffers,
): Buffer {
  const bytes = buffers.take(timeBytes + value.length)
  writeNumber(bytes, timestampMs)
  writePacked(value, bytes, timeBytes)
  return bytes
}

/** The entry that a value of the database is. */
export function databaseEntry(bytes: Buffer): LayerEntry {
  return committedEntry(bytes.toString('latin1', timeBytes), readNumber(bytes))
}
