import { unpacked, type PackedBytes } from '../core/byte-text.ts'
import type { StorageKey } from './key-bytes.ts'
import type { StoredEntry } from './stored-entry.ts'

/** What an entry takes in memory beyond its key and value: objects, the map's slot. An estimate. */
export const entryOverheadBytes = 128

/** An uncommitted write; never changed, a later write of the key takes its place. */
export class LayerEntry implements StoredEntry {
  /** The key as the changelog has it; undefined for what the changelog does not get. */
  readonly changelogKey: PackedBytes | undefined
  /** Null: deleted. */
  readonly value: PackedBytes | null
  readonly timestampMs: number

  constructor(
    changelogKey: PackedBytes | undefined,
    value: PackedBytes | null,
    timestampMs: number,
  ) {
    this.changelogKey = changelogKey
    this.value = value
    this.timestampMs = timestampMs
  }

  packed(): PackedBytes {
    return this.value as PackedBytes
  }

  bytes(): Buffer {
    return unpacked(this.value as PackedBytes)
  }
}

/** An entry of a walk over layers: the last write of a key, deletions too. */
export interface LayeredEntry {
  readonly key: StorageKey
  readonly entry: LayerEntry
}
