import { byteText, writePacked, type PackedBytes } from '../core/byte-text.ts'
import type { StorageKey } from './key-bytes.ts'
import { bigEndian, readTime, timeAt, writeTime } from './time-bytes.ts'

// A window store's entries lie under: segment (6 bytes), key, window start (8 bytes), and where the store retains
// duplicates a sequence number (4 bytes). All entries of a segment expire together and are dropped as one range; within
// a segment a key's windows lie side by side, by start.

/** How many bytes of a storage key tell the segment. */
export const segmentBytes = 6
const startBytes = 8
/** Java's window store keys end in a sequence number, which only stores that retain duplicates count up. */
const sequenceBytes = 4
/** Sequence numbers go round: as many as Java has, whose sign bit stays 0. */
const sequenceLimit = 2 ** 31

/** How long the window starts of one segment span. Source: Java's `Stores.persistentWindowStore`. */
export function segmentIntervalFor(retentionMs: number): number {
  return Math.max(Math.floor(retentionMs / 2), 60_000)
}

/** The first bytes of all keys of the segment that a window start lies in. */
export function segmentPrefix(segmentIntervalMs: number, windowStartMs: number): StorageKey {
  return bigEndian(Math.floor(windowStartMs / segmentIntervalMs)).slice(startBytes - segmentBytes)
}

/** Where a window's entry is stored; `sequence` in stores that retain duplicates. */
export function windowStorageKey(
  segmentIntervalMs: number,
  key: StorageKey,
  windowStartMs: number,
  sequence?: number,
): StorageKey {
  const stored = segmentPrefix(segmentIntervalMs, windowStartMs) + key + bigEndian(windowStartMs)
  if (sequence === undefined) return stored
  const low = sequence % sequenceLimit
  return (
    stored + String.fromCharCode(low >>> 24, (low >>> 16) & 0xff, (low >>> 8) & 0xff, low & 0xff)
  )
}

/** How many bytes follow the key in a storage key: the window start, and the sequence number where there is one. */
export function windowTailBytes(retainDuplicates: boolean): number {
  return retainDuplicates ? startBytes + sequenceBytes : startBytes
}

/** The serialized key within a storage key. */
export function keyOfWindow(stored: StorageKey, tailBytes: number = startBytes): StorageKey {
  return stored.slice(segmentBytes, stored.length - tailBytes)
}

/** The window start within a storage key. */
export function startOfWindow(stored: StorageKey, tailBytes: number = startBytes): number {
  return timeAt(stored, stored.length - tailBytes)
}

/** The length of the storage key of a serialized key; tells it from those of other keys in its range. */
export function windowStorageKeyLength(key: StorageKey, tailBytes: number = startBytes): number {
  return segmentBytes + key.length + tailBytes
}

/** The changelog key: key, window start, sequence number. Source: Java's `WindowKeySchema.toStoreKeyBinary`. */
export function windowChangelogKey(
  key: PackedBytes,
  windowStartMs: number,
  sequence = 0,
): PackedBytes {
  if (sequence === 0) return byteText(key) + bigEndian(windowStartMs) + noSequence
  const bytes = Buffer.allocUnsafe(key.length + startBytes + sequenceBytes)
  writePacked(key, bytes, 0)
  writeTime(bytes, windowStartMs, key.length)
  bytes.writeUInt32BE(sequence % sequenceLimit, key.length + startBytes)
  return bytes
}

const noSequence = '\0\0\0\0'

/** What a window's changelog key says. */
export interface WindowChangelogKey {
  readonly key: Buffer
  readonly windowStartMs: number
  readonly sequence: number
}

/** Takes a changelog key apart; undefined where it is too short to be one. */
export function parseWindowChangelogKey(bytes: Buffer): WindowChangelogKey | undefined {
  const keyLength = bytes.length - startBytes - sequenceBytes
  if (keyLength < 0) return undefined
  const windowStartMs = readTime(bytes, keyLength)
  if (windowStartMs === undefined) return undefined
  const sequence = bytes.readUInt32BE(keyLength + startBytes)
  return { key: bytes.subarray(0, keyLength), windowStartMs, sequence }
}
