import type { StorageKey } from './key-bytes.ts'
import type { LayerEntry } from './layer-entry.ts'
import type { WrittenEntries } from './written-entries.ts'

/** The writes that changelog records of one store stand for, the last one a key. */
export class StoreLayer implements WrittenEntries {
  readonly #places = new Map<StorageKey, number>()
  readonly #keys: StorageKey[] = []
  readonly #entries: LayerEntry[] = []
  /** The highest window start written, of a window store; −1 for none. */
  observedMs = -1
  /** The highest sequence number given out, of a store that retains duplicates; 0 for none. */
  sequence = 0

  get size(): number {
    return this.#keys.length
  }

  put(key: StorageKey, entry: LayerEntry): void {
    const place = this.#places.get(key)
    if (place !== undefined) {
      this.#entries[place] = entry
      return
    }
    this.#places.set(key, this.#keys.length)
    this.#keys.push(key)
    this.#entries.push(entry)
  }

  key(at: number): StorageKey {
    return this.#keys[at]!
  }

  entry(at: number): LayerEntry {
    return this.#entries[at]!
  }

  slot(): undefined {
    return undefined
  }
}
