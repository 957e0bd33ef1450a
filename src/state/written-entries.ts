import type { StorageKey } from './key-bytes.ts'
import type { Slot } from './slot.ts'
import type { LayerEntry } from './layer-entry.ts'

/** The writes that a commit brings to one store, one a key. */
export interface WrittenEntries {
  readonly size: number
  /** The highest window start written, of a window store; −1 for none. */
  readonly observedMs: number
  /** The highest sequence number given out, of a store that retains duplicates; 0 for none. */
  readonly sequence: number
  key(at: number): StorageKey
  entry(at: number): LayerEntry
  /** Where the write lay while it was uncommitted; undefined where it comes from a changelog. */
  slot(at: number): Slot | undefined
}
