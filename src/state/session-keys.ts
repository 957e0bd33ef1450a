import type { StorageKey } from './key-bytes.ts'
import { bigEndian, readTime, timeAt, writeTime } from './time-bytes.ts'
import { segmentBytes, segmentPrefix } from './window-keys.ts'

// A session store's entries lie under: segment of the session's end (6 bytes), key, end (8 bytes), start (8 bytes), so
// that a key's sessions lie side by side within a segment, by end.

/** How many bytes follow the key in a storage key. */
export const sessionTailBytes = 16

/** A session's times, both inclusive. */
export interface SessionTimes {
  readonly startMs: number
  readonly endMs: number
}

/** Where a session's entry is stored. */
export function sessionStorageKey(
  segmentIntervalMs: number,
  key: StorageKey,
  { startMs, endMs }: SessionTimes,
): StorageKey {
  return segmentPrefix(segmentIntervalMs, endMs) + key + bigEndian(endMs) + bigEndian(startMs)
}

/** Where the sessions of a key begin that end at this time or later, within the segment of that time. */
export function firstSessionKey(
  segmentIntervalMs: number,
  key: StorageKey,
  endMs: number,
): StorageKey {
  return segmentPrefix(segmentIntervalMs, endMs) + key + bigEndian(endMs)
}

/** The serialized key within a storage key. */
export function keyOfSession(stored: StorageKey): StorageKey {
  return stored.slice(segmentBytes, stored.length - sessionTailBytes)
}

/** The session's times within a storage key. */
export function timesOfSession(stored: StorageKey): SessionTimes {
  const at = stored.length - sessionTailBytes
  return { startMs: timeAt(stored, at + 8), endMs: timeAt(stored, at) }
}

/** The changelog key: key, session end, session start. Source: Java's `SessionKeySchema.toBinary`. */
export function sessionChangelogKey(key: Buffer, { startMs, endMs }: SessionTimes): Buffer {
  const bytes = Buffer.allocUnsafe(key.length + sessionTailBytes)
  key.copy(bytes)
  writeTime(bytes, endMs, key.length)
  writeTime(bytes, startMs, key.length + 8)
  return bytes
}

/** Takes a changelog key apart; undefined where it is none. */
export function parseSessionChangelogKey(
  bytes: Buffer,
): { readonly key: Buffer; readonly times: SessionTimes } | undefined {
  const keyLength = bytes.length - sessionTailBytes
  if (keyLength < 0) return undefined
  const endMs = readTime(bytes, keyLength)
  const startMs = readTime(bytes, keyLength + 8)
  if (endMs === undefined || startMs === undefined) return undefined
  return { key: bytes.subarray(0, keyLength), times: { startMs, endMs } }
}
