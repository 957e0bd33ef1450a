import type { StorageKey } from '../key-bytes.ts'
import type { CompactEntry } from '../stored-entry.ts'

/** What a cached entry takes beyond its key and value. An estimate. */
const entryOverheadBytes = 128

/**
 * Bounds what the stores of a task keep of their committed entries for reading.
 *
 * Least recently used entries go first, by halves: a store's cache has a young and an old generation, a hit in the old
 * one moves the entry to the young one, and when the young ones have grown to half of the bound they become the old
 * ones and the old ones are dropped. That costs a hit nothing, where a linked list costs it a relinking.
 */
export class ReadCacheBudget {
  readonly #bytesMax: number
  readonly #caches: StoreReadCache[] = []
  #youngBytes = 0
  #oldBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** The cache of one store. */
  cache(): StoreReadCache {
    const cache = new StoreReadCache(this)
    this.#caches.push(cache)
    return cache
  }

  /** Estimated bytes of all that is cached. */
  get bytes(): number {
    return this.#youngBytes + this.#oldBytes
  }

  /** Called by the caches. */
  count(youngBytes: number, oldBytes: number): void {
    this.#youngBytes += youngBytes
    this.#oldBytes += oldBytes
    if (this.#youngBytes * 2 <= this.#bytesMax) return
    for (const cache of this.#caches) cache.age()
    this.#oldBytes = this.#youngBytes
    this.#youngBytes = 0
  }
}

/** What one store keeps for reading; null is an entry that is known to be absent. */
export class StoreReadCache {
  readonly #budget: ReadCacheBudget
  #young = new Map<StorageKey, CompactEntry | null>()
  #old = new Map<StorageKey, CompactEntry | null>()

  constructor(budget: ReadCacheBudget) {
    this.#budget = budget
  }

  get(key: StorageKey): CompactEntry | null | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old === undefined) return undefined
    this.#old.delete(key)
    this.#young.set(key, old)
    const bytes = bytesOf(key, old)
    this.#budget.count(bytes, -bytes)
    return old
  }

  set(key: StorageKey, entry: CompactEntry | null): void {
    const young = this.#young.get(key)
    if (young === undefined) this.#deleteOld(key)
    this.#young.set(key, entry)
    const before = young === undefined ? 0 : bytesOf(key, young)
    this.#budget.count(bytesOf(key, entry) - before, 0)
  }

  delete(key: StorageKey): void {
    const young = this.#young.get(key)
    if (young !== undefined) {
      this.#young.delete(key)
      this.#budget.count(-bytesOf(key, young), 0)
      return
    }
    this.#deleteOld(key)
  }

  #deleteOld(key: StorageKey): void {
    const old = this.#old.get(key)
    if (old === undefined) return
    this.#old.delete(key)
    this.#budget.count(0, -bytesOf(key, old))
  }

  clear(): void {
    for (const key of [...this.#young.keys(), ...this.#old.keys()]) this.delete(key)
  }

  /** Called by the budget. */
  age(): void {
    this.#old = this.#young
    this.#young = new Map()
  }
}

function bytesOf(key: StorageKey, entry: CompactEntry | null): number {
  return key.length + (entry?.length ?? 0) + entryOverheadBytes
}
