import { byteText, unpacked, type PackedBytes } from '../core/byte-text.ts'
import type { StorageKey } from './key-bytes.ts'
import type { StoredEntry } from './stored-entry.ts'

/** What an entry takes in memory beyond its key and value: objects, the map's slot. An estimate. */
export const entryOverheadBytes = 128

const timeLowValues = 2 ** 30

/**
 * A write: in a layer while it is not committed, in memory as committed state afterwards. Its value is never changed, a
 * later write of the key takes its place.
 */
export class LayerEntry implements StoredEntry {
  /** The key as the changelog has it; undefined for what the changelog does not get, or has got. */
  changelogKey: PackedBytes | undefined
  /** Null: deleted. */
  readonly value: PackedBytes | null
  // The timestamp in two parts: a number beyond 32 bits is an object of its own to V8, and collecting young garbage moves
  // the objects of each write twice.
  private readonly timeHigh: number
  private readonly timeLow: number

  constructor(
    changelogKey: PackedBytes | undefined,
    value: PackedBytes | null,
    timestampMs: number,
  ) {
    this.changelogKey = changelogKey
    this.value = value
    this.timeHigh = Math.floor(timestampMs / timeLowValues) | 0
    this.timeLow = (timestampMs - this.timeHigh * timeLowValues) | 0
  }

  get timestampMs(): number {
    return this.timeHigh * timeLowValues + this.timeLow
  }

  /** Bytes of the value. */
  get length(): number {
    return this.value === null ? 0 : this.value.length
  }

  /**
   * As it is kept when it is committed: the value as a string, which is half the size of a small Buffer, and without
   * the changelog's key. Mostly that is this entry: making another one for each write took 4 % of job A's time.
   */
  committed(): LayerEntry {
    if (typeof this.value !== 'string')
      return committedEntry(this.value as Buffer, this.timestampMs)
    this.changelogKey = undefined
    return this
  }

  packed(): PackedBytes {
    return this.value as PackedBytes
  }

  bytes(): Buffer {
    return unpacked(this.value as PackedBytes)
  }
}

/** An entry that was read as committed. */
export function committedEntry(value: PackedBytes, timestampMs: number): LayerEntry {
  return new LayerEntry(undefined, byteText(value), timestampMs)
}

/** An entry of a walk over layers: the last write of a key, deletions too. */
export interface LayeredEntry {
  readonly key: StorageKey
  readonly entry: LayerEntry
}
