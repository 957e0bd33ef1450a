import type { StorageKey } from './key-bytes.ts'
import type { LayerEntry } from './layer-entry.ts'

/** All that is at hand of one key of a store, so that one look-up finds it. */
export class Slot {
  readonly key: StorageKey
  /** What was written since the last commit began. */
  open: LayerEntry | undefined = undefined
  /** What a commit that is under way brings. */
  sealed: LayerEntry | undefined = undefined
  /** What was committed: null where there is nothing, undefined where the disk must be asked. */
  committed: LayerEntry | null | undefined = undefined
  /** Whether the disk is being asked. */
  isRead = false
  /** Whether its index has let go of it; another slot may be there for the key now. */
  isGone = false
  /** Told by the index, to let go of what is not used. */
  generation = 0
  /** Told by the index: when its first turn comes among those that were asked for ahead; −1 where it was not. */
  placeAhead = -1

  constructor(key: StorageKey) {
    this.key = key
  }

  /** Whether it holds writes that are not committed. */
  get isDirty(): boolean {
    return this.open !== undefined || this.sealed !== undefined
  }
}

/** The slots of a store by key. Those that hold uncommitted writes are never let go. */
export interface SlotIndex {
  get(key: StorageKey): Slot | undefined
  /** The slot of a key, made where there is none. */
  take(key: StorageKey): Slot
  /** Says that a slot's uncommitted writes are gone. */
  settled(slot: Slot): void
  /** Called when those of many are. */
  trim(): void
}

/** Slots for as long as they hold uncommitted writes. */
export class DirtySlots implements SlotIndex {
  readonly #slots = new Map<StorageKey, Slot>()

  get(key: StorageKey): Slot | undefined {
    return this.#slots.get(key)
  }

  take(key: StorageKey): Slot {
    let slot = this.#slots.get(key)
    if (slot === undefined) {
      slot = new Slot(ownKey(key))
      this.#slots.set(slot.key, slot)
    }
    return slot
  }

  settled(slot: Slot): void {
    if (!slot.isDirty) this.#slots.delete(slot.key)
  }

  trim(): void {}
}

/** Below this length V8 copies the characters of a part of a string; from here on it refers to the whole. */
const partsRefer = 13

/** A key to be kept: one that does not keep the longer text alive that it may be a part of. */
export function ownKey(key: StorageKey): StorageKey {
  return key.length < partsRefer ? key : Buffer.from(key, 'latin1').toString('latin1')
}
