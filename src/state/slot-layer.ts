import type { KeyRange, StorageKey } from './key-bytes.ts'
import type { Slot } from './slot.ts'
import { SortedKeys } from './sorted-keys.ts'
import { entryOverheadBytes, type LayerEntry, type LayeredEntry } from './layer-entry.ts'
import type { WrittenEntries } from './written-entries.ts'

/** Up to so many writes a key. */
const seldom = 1.25

/** The uncommitted writes of one store, the last one a key, which lie in the slots of their keys. */
export class SlotLayer implements WrittenEntries {
  readonly #slots: Slot[] = []
  /** What the slots held when the layer was sealed; undefined before. */
  #entries: LayerEntry[] | undefined
  #ordered: { readonly order: SortedKeys; readonly byKey: Map<StorageKey, Slot> } | undefined
  #bytes = 0
  #log: Map<StorageKey, LayerEntry> | undefined
  #puts = 0
  /** The highest window start written, of a window store; −1 for none. */
  observedMs = -1
  /** The highest sequence number given out, of a store that retains duplicates; 0 for none. */
  sequence = 0

  /** Bytes that the writes take in memory, with an estimate for what surrounds them. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#slots.length
  }

  /** Whether there are writes, and hardly any key was written again. */
  get repeatsSeldom(): boolean {
    return this.#puts < this.size * seldom
  }

  put(slot: Slot, entry: LayerEntry): void {
    const before = slot.open
    slot.open = entry
    this.#puts++
    if (before !== undefined) {
      this.#bytes += (entry.value?.length ?? 0) - (before.value?.length ?? 0)
      return
    }
    const { key } = slot
    this.#slots.push(slot)
    this.#bytes += 2 * key.length + entryOverheadBytes + (entry.value?.length ?? 0)
    if (this.#ordered === undefined) return
    this.#ordered.order.add(key)
    this.#ordered.byKey.set(key, slot)
  }

  /** Puts back what a slot held before a {@link put}; undefined where that was nothing. */
  putBack(slot: Slot, before: LayerEntry | undefined): void {
    const { key, open } = slot
    this.#bytes += (before?.value?.length ?? 0) - (open?.value?.length ?? 0)
    slot.open = before
    if (before !== undefined) return
    this.#bytes -= 2 * key.length + entryOverheadBytes
    this.#slots.splice(this.#slots.lastIndexOf(slot), 1)
    this.#ordered?.order.delete(key)
    this.#ordered?.byKey.delete(key)
  }

  /**
   * Notes what the changelog is to get, in a store whose changelog is not made of its entries; of each place the last.
   */
  log(place: StorageKey, change: LayerEntry): void {
    this.#log ??= new Map()
    // It takes the place in the order that it is given now, not that of what it replaces.
    this.#log.delete(place)
    this.#log.set(place, change)
    this.#bytes += place.length + entryOverheadBytes
  }

  /** Sets the writes aside in their slots, where the next layer's may come before them. */
  seal(): void {
    this.#entries = this.#slots.map((slot) => {
      const entry = slot.open as LayerEntry
      slot.sealed = entry
      slot.open = undefined
      return entry
    })
  }

  /** Takes the writes out of their slots, to which `settled` is told. */
  clear(settled: (slot: Slot) => void): void {
    const entries = this.#entries
    for (let at = 0; at < this.#slots.length; at++) {
      const slot = this.#slots[at]!
      if (entries === undefined) slot.open = undefined
      // Another commit's may be there, after a discard.
      else if (slot.sealed === entries[at]) slot.sealed = undefined
      settled(slot)
    }
  }

  key(at: number): StorageKey {
    return this.#slots[at]!.key
  }

  entry(at: number): LayerEntry {
    return this.#entries === undefined ? this.#slots[at]!.open! : this.#entries[at]!
  }

  slot(at: number): Slot {
    return this.#slots[at]!
  }

  /** What the changelog gets. */
  changes(): Iterable<LayerEntry> {
    return this.#log?.values() ?? this.#entries ?? []
  }

  /** The writes in a range as they are now, in its order. */
  capture(range: KeyRange): LayeredEntry[] {
    const captured: LayeredEntry[] = []
    if (this.#slots.length === 0) return captured
    this.#ordered ??= {
      order: new SortedKeys(this.#slots.map(({ key }) => key)),
      byKey: new Map(this.#slots.map((slot) => [slot.key, slot])),
    }
    const { order, byKey } = this.#ordered
    const cursor = order.cursor(range)
    for (let key = cursor.next(); key !== undefined; key = cursor.next()) {
      const slot = byKey.get(key) as Slot
      const entry = this.#entries === undefined ? slot.open : slot.sealed
      if (entry !== undefined) captured.push({ key, entry })
    }
    return captured
  }
}
