import type { StorageKey } from '../key-bytes.ts'
import type { Slot } from '../slot.ts'

/** How many slots are remembered; a power of two. */
const slotsMax = 4096
/** Of so many of them, what is in memory is fetched into the processor's cache before the first is used. */
const atHand = 64

/**
 * The slots of keys that were asked for ahead. Keys are mostly used in the order in which they were asked for, so that
 * their slots need no looking up again.
 */
export class SlotsAhead {
  readonly #keys: StorageKey[] = []
  readonly #slots: Slot[] = []
  #from = 0
  #to = 0
  #fetchedTo = 0
  /** Kept so that what is fetched is also read; of no meaning. */
  #fetched = 0

  add(key: StorageKey, slot: Slot): void {
    if (this.#to - this.#from === slotsMax) this.#from++
    // Of a key that is there already, the first turn counts: those between would be passed over.
    if (slot.placeAhead < this.#from) slot.placeAhead = this.#to
    const place = this.#to++ % slotsMax
    this.#keys[place] = key
    this.#slots[place] = slot
  }

  /** The slot of a key, where it is its turn. */
  next(key: StorageKey): Slot | undefined {
    const at = this.#from
    if (at === this.#to || this.#keys[at % slotsMax] !== key) return undefined
    const slot = this.#slots[at % slotsMax]!
    this.#goOn(at)
    return slot.isGone ? undefined : slot
  }

  /** Says that a slot is used, which had to be looked up: those before it were left out, as by a filter. */
  used(slot: Slot): void {
    if (slot.placeAhead >= this.#from) this.#goOn(slot.placeAhead)
  }

  #goOn(at: number): void {
    this.#from = at + 1
    if (at >= this.#fetchedTo) this.#fetch(at)
  }

  /**
   * Reads a little of the slots that come next. Read in one go, several are fetched from memory at once, where each would
   * be waited for when its turn comes; fetched much earlier, they would be out of the processor's cache again.
   */
  #fetch(from: number): void {
    this.#fetchedTo = Math.min(from + atHand, this.#to)
    for (let at = from; at < this.#fetchedTo; at++) {
      const { key, open, committed } = this.#slots[at % slotsMax]!
      this.#fetched = (this.#fetched + key.length + ((open ?? committed)?.length ?? 0)) | 0
    }
  }
}
