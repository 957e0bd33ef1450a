import type { StorageKey } from './key-bytes.ts'
import { LayerEntry } from './layer-entry.ts'
import type { StoreLayer } from './store-layer.ts'
import { bigEndian, timeAt } from './time-bytes.ts'

// The entries of a key-value store whose values expire lie in two areas, told by their first byte:
//   1  the values: key
//   2  notes of when which keys were written: the value's timestamp (8 bytes), key
// A note may be out of date; what it says is checked against the value.

const valueArea = '\x01'
const noteArea = '\x02'
const afterNotes = '\x03'
const timeBytes = 8

/** Stands for the value of a note. */
const noBytes = Buffer.alloc(0)

/** Where a key's value is stored. */
export function timedKey(key: StorageKey): StorageKey {
  return valueArea + key
}

/** Above all values. */
export const afterTimedKeys: StorageKey = noteArea

/** All notes, by time. */
export const allNotes: { readonly from: StorageKey; readonly to: StorageKey } = {
  from: noteArea,
  to: afterNotes,
}

/** Where it is noted that a key was written with this timestamp. */
export function noteKey(timestampMs: number, key: StorageKey): StorageKey {
  return noteArea + bigEndian(Math.max(0, timestampMs)) + key
}

/** A note of that key and time, and its removal. */
export function noteEntry(there: boolean): LayerEntry {
  return new LayerEntry(undefined, there ? noBytes : null, 0)
}

/** What {@link noteKey} was made of. */
export function noteOf(stored: StorageKey): { timestampMs: number; key: StorageKey } {
  return { timestampMs: timeAt(stored, 1), key: stored.slice(1 + timeBytes) }
}

/** The serialized key within any storage key. */
export function keyOfTimed(stored: StorageKey): StorageKey {
  return stored.startsWith(valueArea) ? stored.slice(1) : noteOf(stored).key
}

/** Puts what the changelog says of a key into a layer. */
export function putTimed(layer: StoreLayer, key: StorageKey, entry: LayerEntry): void {
  layer.observedMs = Math.max(layer.observedMs, entry.timestampMs)
  layer.put(timedKey(key), entry)
  if (entry.value !== null) layer.put(noteKey(entry.timestampMs, key), noteEntry(true))
}
