import type { CommittedEntries, StoreCommit, StoreShape } from '../state-engine.ts'
import type { KeyRange, StorageKey } from '../key-bytes.ts'
import type { LayerEntry } from '../layer-entry.ts'
import { OrderedMap } from '../ordered-map.ts'
import type { KeyCursor } from '../sorted-keys.ts'
import { noEntry, scanBatchEntries, type EntryScan, type ScannedEntry } from '../stored-entry.ts'

/** What an entry takes beyond its key and value. An estimate. */
const entryOverheadBytes = 112

/** The committed entries of one store, in memory. */
export class MemoryEntries implements CommittedEntries {
  readonly segmentIntervalMs: number
  #observedMs = -1
  #sequence = 0
  #entries = new OrderedMap<LayerEntry>()
  #bytes = 0
  #droppedBelow: StorageKey = ''

  constructor(shape: StoreShape) {
    this.segmentIntervalMs = shape.segmentIntervalMs
  }

  get observedMs(): number {
    return this.#observedMs
  }

  get sequence(): number {
    return this.#sequence
  }

  /** Estimated bytes of all entries. */
  get bytes(): number {
    return this.#bytes
  }

  peek(key: StorageKey): LayerEntry | null {
    return this.#entries.get(key) ?? null
  }

  read(key: StorageKey): Promise<LayerEntry | undefined> {
    return Promise.resolve(this.#entries.get(key))
  }

  want(): void {}

  count(): number {
    return this.#entries.size
  }

  scan(range: KeyRange, keysOnly: boolean): EntryScan {
    return new MemoryScan(this.#entries, range, keysOnly)
  }

  commit({ layer, dropBelow }: StoreCommit): void {
    this.#observedMs = Math.max(this.#observedMs, layer.observedMs)
    this.#sequence = Math.max(this.#sequence, layer.sequence)
    for (let at = 0; at < layer.size; at++) {
      const key = layer.key(at)
      const write = layer.entry(at)
      if (dropBelow !== undefined && key < dropBelow) continue
      const before = this.#entries.get(key)
      if (before !== undefined) this.#bytes -= entryBytes(key, before)
      if (write.value === null) {
        this.#entries.delete(key)
        continue
      }
      const entry = write.committed()
      this.#bytes += entryBytes(key, entry)
      this.#entries.set(key, entry)
    }
    if (dropBelow !== undefined && dropBelow > this.#droppedBelow) this.#drop(dropBelow)
  }

  clear(): void {
    // Walks that are under way keep the map that they began on.
    this.#entries = new OrderedMap()
    this.#observedMs = -1
    this.#sequence = 0
    this.#bytes = 0
    this.#droppedBelow = ''
  }

  #drop(below: StorageKey): void {
    this.#droppedBelow = below
    for (const [key, entry] of this.#entries.entries()) {
      if (key >= below) continue
      this.#bytes -= entryBytes(key, entry)
      this.#entries.delete(key)
    }
  }
}

function entryBytes(key: StorageKey, entry: LayerEntry): number {
  return key.length + entry.length + entryOverheadBytes
}

class MemoryScan implements EntryScan {
  readonly #entries: OrderedMap<LayerEntry>
  readonly #cursor: KeyCursor
  readonly #keysOnly: boolean

  constructor(entries: OrderedMap<LayerEntry>, range: KeyRange, keysOnly: boolean) {
    this.#entries = entries
    this.#cursor = entries.cursor(range)
    this.#keysOnly = keysOnly
  }

  nextBatch(): readonly ScannedEntry[] {
    const batch: ScannedEntry[] = []
    while (batch.length < scanBatchEntries) {
      const key = this.#cursor.next()
      if (key === undefined) break
      const entry = this.#entries.get(key)
      if (entry !== undefined) batch.push({ key, entry: this.#keysOnly ? noEntry : entry })
    }
    return batch
  }

  close(): void {}
}
