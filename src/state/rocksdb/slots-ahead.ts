import type { StorageKey } from '../key-bytes.ts'
import type { Slot } from '../slot.ts'

/** How many slots are remembered; a power of two. */
const slotsMax = 4096
/** How many of them may have been left out. */
const skippedMax = 4
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
    if (this.#to - this.#from === slotsMax) this.#from = this.#to
    const place = this.#to++ % slotsMax
    this.#keys[place] = key
    this.#slots[place] = slot
  }

  /** The slot of a key whose turn it is, or comes soon. */
  next(key: StorageKey): Slot | undefined {
    const to = Math.min(this.#to, this.#from + skippedMax)
    for (let at = this.#from; at < to; at++) {
      if (this.#keys[at % slotsMax] !== key) continue
      this.#from = at + 1
      if (at >= this.#fetchedTo) this.#fetch(at)
      const slot = this.#slots[at % slotsMax]!
      return slot.isGone ? undefined : slot
    }
    return undefined
  }

  /**
   * Reads a little of the slots that come next. Read in one go, several are fetched from memory at once, where each would
   * be waited for when its turn comes; fetched much earlier, they would be out of the processor's cache again.
   */
  #fetch(from: number): void {
    this.#fetchedTo = Math.min(from + atHand, this.#to)
    for (let at = from; at < this.#fetchedTo; at++) {
      const { open, committed } = this.#slots[at % slotsMax]!
      this.#fetched = (this.#fetched + ((open ?? committed)?.length ?? 0)) | 0
    }
  }
}
