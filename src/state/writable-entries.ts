import type { EntryReader } from './entry-reader.ts'
import type { StorageKey } from './key-bytes.ts'
import type { LayerEntry } from './layer-entry.ts'

/** What a key-value store writes to: its layer, perhaps with something in between. */
export interface WritableEntries extends EntryReader {
  readonly name: string
  /** How often uncommitted writes were dropped; tells a reader that waited that its write is no longer wanted. */
  readonly discards: number
  put(key: StorageKey, entry: LayerEntry): void
  /** Asks for an entry to be read together with the others of the batch. */
  want(key: StorageKey): void
}
