import type { StorageKey } from './key-bytes.ts'

// A window store's entries lie under: segment (6 bytes), key, window start (8 bytes). All entries of a segment expire
// together and are dropped as one range; within a segment a key's windows lie side by side, by start.

const segmentBytes = 6
const startBytes = 8
/** Java's window store keys end in a sequence number, which only stores that retain duplicates count up. */
const sequenceBytes = 4
/** Windows begin at few different times within a while: their bytes are worth keeping. */
const remembered = new Map<number, StorageKey>()
const rememberedMax = 4096

/** How long the window starts of one segment span. Source: Java's `Stores.persistentWindowStore`. */
export function segmentIntervalFor(retentionMs: number): number {
  return Math.max(Math.floor(retentionMs / 2), 60_000)
}

/** The first bytes of all keys of the segment that a window start lies in. */
export function segmentPrefix(segmentIntervalMs: number, windowStartMs: number): StorageKey {
  return bigEndian(Math.floor(windowStartMs / segmentIntervalMs)).slice(startBytes - segmentBytes)
}

/** Where a window's entry is stored. */
export function windowStorageKey(
  segmentIntervalMs: number,
  key: StorageKey,
  windowStartMs: number,
): StorageKey {
  return segmentPrefix(segmentIntervalMs, windowStartMs) + key + bigEndian(windowStartMs)
}

/** The serialized key within a storage key. */
export function keyOfWindow(stored: StorageKey): StorageKey {
  return stored.slice(segmentBytes, stored.length - startBytes)
}

/** The window start within a storage key. */
export function startOfWindow(stored: StorageKey): number {
  let start = 0
  for (let at = stored.length - startBytes; at < stored.length; at++) {
    start = start * 256 + stored.charCodeAt(at)
  }
  return start
}

/** The length of the storage key of a serialized key; tells it from those of other keys in its range. */
export function windowStorageKeyLength(key: StorageKey): number {
  return segmentBytes + key.length + startBytes
}

/** The changelog key: key, window start, sequence number 0. Source: Java's `WindowKeySchema.toStoreKeyBinary`. */
export function windowChangelogKey(key: Buffer, windowStartMs: number): Buffer {
  const bytes = Buffer.allocUnsafe(key.length + startBytes + sequenceBytes)
  key.copy(bytes)
  writeStart(bytes, windowStartMs, key.length)
  bytes.writeUInt32BE(0, key.length + startBytes)
  return bytes
}

/** Takes a changelog key apart; undefined where it is too short to be one. */
export function parseWindowChangelogKey(
  bytes: Buffer,
): { readonly key: Buffer; readonly windowStartMs: number } | undefined {
  const keyLength = bytes.length - startBytes - sequenceBytes
  if (keyLength < 0) return undefined
  const windowStartMs = bytes.readUInt32BE(keyLength) * 2 ** 32 + bytes.readUInt32BE(keyLength + 4)
  if (!Number.isSafeInteger(windowStartMs)) return undefined
  return { key: bytes.subarray(0, keyLength), windowStartMs }
}

function writeStart(bytes: Buffer, startMs: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(startMs / 2 ** 32), at)
  bytes.writeUInt32BE(startMs % 2 ** 32, at + 4)
}

function bigEndian(value: number): StorageKey {
  const known = remembered.get(value)
  if (known !== undefined) return known
  const bytes = Buffer.allocUnsafe(startBytes)
  writeStart(bytes, value, 0)
  const text = bytes.toString('latin1')
  if (remembered.size >= rememberedMax) remembered.clear()
  remembered.set(value, text)
  return text
}
