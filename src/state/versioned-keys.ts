import type { StorageKey } from './key-bytes.ts'
import type { StoredEntry } from './stored-entry.ts'
import { bigEndian, timeAt } from './time-bytes.ts'
import { segmentBytes, segmentPrefix } from './window-keys.ts'

// A versioned store's entries lie in three areas, told by their first byte:
//   0  closed versions: segment of the end of validity (6 bytes), key, end of validity (8 bytes)
//   1  the latest version of each key: key
//   2  which keys' latest versions are deletions: time of the deletion (8 bytes), key
// An entry's time is the start of its validity. All closed versions of a segment expire together and are dropped as one
// range, which is why they come first. A key's versions leave no gap: a deletion is a version too.

const closedArea = '\0'
const latestArea = '\x01'
const deletionArea = '\x02'
const timeBytes = 8

/** Where closed versions begin that end their validity in the segment of this time. */
export function closedSegment(segmentIntervalMs: number, validToMs: number): StorageKey {
  return closedArea + segmentPrefix(segmentIntervalMs, validToMs)
}

/** Where a closed version is stored. */
export function closedKey(
  segmentIntervalMs: number,
  key: StorageKey,
  validToMs: number,
): StorageKey {
  return closedSegment(segmentIntervalMs, validToMs) + key + bigEndian(validToMs)
}

/** The length of the storage key of a closed version; tells it from those of other keys in its range. */
export function closedKeyLength(key: StorageKey): number {
  return closedArea.length + segmentBytes + key.length + timeBytes
}

/** When a closed version stopped being valid. */
export function validToOf(closed: StorageKey): number {
  return timeAt(closed, closed.length - timeBytes)
}

/** Where a key's latest version is stored. */
export function latestKey(key: StorageKey): StorageKey {
  return latestArea + key
}

/** The area of the latest versions; a bound on keys goes behind its start. */
export const latestVersions: { readonly from: StorageKey; readonly to: StorageKey } = {
  from: latestArea,
  to: deletionArea,
}

/** Where it is noted that a key's latest version is a deletion. */
export function deletionKey(deletedMs: number, key: StorageKey): StorageKey {
  return deletionArea + bigEndian(deletedMs) + key
}

/** The notes of deletions up to this time, inclusive. */
export function deletionsUntil(timeMs: number): { from: StorageKey; to: StorageKey } {
  return { from: deletionArea, to: deletionArea + bigEndian(timeMs + 1) }
}

/** What {@link deletionKey} was made of. */
export function deletionOf(stored: StorageKey): { deletedMs: number; key: StorageKey } {
  return { deletedMs: timeAt(stored, 1), key: stored.slice(1 + timeBytes) }
}

/** The serialized key within any storage key. */
export function keyOfVersion(stored: StorageKey): StorageKey {
  if (stored.startsWith(latestArea)) return stored.slice(1)
  if (stored.startsWith(deletionArea)) return deletionOf(stored).key
  return stored.slice(1 + segmentBytes, stored.length - timeBytes)
}

/** Deletions have no value; their times are kept as what is below 0. */
export function isDeletion(entry: StoredEntry): boolean {
  return entry.timestampMs < 0
}

/** The time of an entry that may be a deletion. */
export function validFromOf({ timestampMs }: StoredEntry): number {
  return timestampMs < 0 ? -1 - timestampMs : timestampMs
}

/** The time under which a deletion is kept. */
export function deletionTime(validFromMs: number): number {
  return -1 - validFromMs
}
