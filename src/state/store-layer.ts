import type { KeyRange, StorageKey } from './key-bytes.ts'
import { OrderedMap } from './ordered-map.ts'
import type { StoredEntry } from './stored-entry.ts'

/** What an entry takes in memory beyond its key and value: objects, the map's slot. An estimate. */
const entryOverheadBytes = 128

/** An uncommitted write; never changed, a later write of the key takes its place. */
export class LayerEntry implements StoredEntry {
  /** The key as the changelog has it; undefined for what the changelog does not get. */
  readonly changelogKey: Buffer | undefined
  /** Null: deleted. */
  readonly value: Buffer | null
  readonly timestampMs: number

  constructor(changelogKey: Buffer | undefined, value: Buffer | null, timestampMs: number) {
    this.changelogKey = changelogKey
    this.value = value
    this.timestampMs = timestampMs
  }

  bytes(): Buffer {
    return this.value as Buffer
  }
}

/** An entry of a walk over layers: the last write of a key, deletions too. */
export interface LayeredEntry {
  readonly key: StorageKey
  readonly entry: LayerEntry
}

/** The uncommitted writes of one store, the last one a key. */
export class StoreLayer {
  readonly #entries = new OrderedMap<LayerEntry>()
  #bytes = 0
  /** The highest window start written, of a window store; −1 for none. */
  observedMs = -1
  /** The highest sequence number given out, of a store that retains duplicates; 0 for none. */
  sequence = 0
  #log: Map<StorageKey, LayerEntry> | undefined

  /** Bytes that the writes take in memory, with an estimate for what surrounds them. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: StorageKey): LayerEntry | undefined {
    return this.#entries.get(key)
  }

  put(key: StorageKey, entry: LayerEntry): void {
    const before = this.#entries.get(key)
    if (before === undefined) this.#bytes += 2 * key.length + entryOverheadBytes
    else this.#bytes -= before.value?.length ?? 0
    this.#bytes += entry.value?.length ?? 0
    this.#entries.set(key, entry)
  }

  /** Puts back what was under a key before a {@link put}; undefined where nothing was. */
  putBack(key: StorageKey, before: LayerEntry | undefined): void {
    const now = this.#entries.get(key)
    this.#bytes += (before?.value?.length ?? 0) - (now?.value?.length ?? 0)
    if (before !== undefined) {
      this.#entries.set(key, before)
      return
    }
    this.#entries.delete(key)
    this.#bytes -= 2 * key.length + entryOverheadBytes
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

  /** What the changelog gets. */
  changes(): IterableIterator<LayerEntry> {
    return this.#log?.values() ?? this.#entries.values()
  }

  entries(): IterableIterator<[StorageKey, LayerEntry]> {
    return this.#entries.entries()
  }

  /** The writes in a range as they are now, in its order. */
  capture(range: KeyRange): LayeredEntry[] {
    const captured: LayeredEntry[] = []
    if (this.#entries.size === 0) return captured
    const cursor = this.#entries.cursor(range)
    for (let key = cursor.next(); key !== undefined; key = cursor.next()) {
      captured.push({ key, entry: this.#entries.get(key) as LayerEntry })
    }
    return captured
  }
}
