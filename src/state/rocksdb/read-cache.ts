import type { StorageKey } from '../key-bytes.ts'
import { ownKey, Slot, type SlotIndex } from '../slot.ts'
import type { LayerEntry } from '../layer-entry.ts'
import type { CachedWindows } from './cached-windows.ts'
import { SlotTable } from './slot-table.ts'
import { SlotsAhead } from './slots-ahead.ts'

/** What a cached entry takes beyond its key and value: the slot, its place in the table, the entry. Measured on Node 20. */
const entryOverheadBytes = 286
/** Up to this part of the bound, entries are kept however long they were not used, and nothing is told apart. */
const roomyPart = 7 / 8

/**
 * Bounds what the stores of a task keep of their committed entries for reading.
 *
 * Least recently used entries go first, by halves: entries are of a young and an old generation, a use makes one young,
 * and when the young ones have grown to half of the bound they become old ones and the old ones are dropped, unless there
 * is room for all. That costs a use next to nothing, where a linked list costs it a relinking.
 */
export class ReadCacheBudget {
  readonly #bytesMax: number
  readonly #caches: StoreReadCache[] = []
  #youngBytes = 0
  #oldBytes = 0
  /** Of old entries that hold uncommitted writes. */
  #heldBytes = 0
  /** Of the young entries. */
  generation = 1

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

  /** Called by the caches, with what they have more or less. */
  count(youngBytes: number, oldBytes: number): void {
    this.#youngBytes += youngBytes
    this.#oldBytes += oldBytes
    // What is let go is so in the midst of an ageing, which must not begin another one.
    if (youngBytes <= 0 && oldBytes <= 0) return
    if (this.#isRoomy) return
    // What cannot be dropped is not to be gone through again and again.
    const isHalf = this.#youngBytes * 2 > Math.max(this.#bytesMax, this.#heldBytes)
    if (isHalf || this.bytes > Math.max(this.#bytesMax, this.#heldBytes * 2)) this.#age()
  }

  /** Called when uncommitted writes are gone: drops what only they have kept beyond the bound. */
  trim(): void {
    for (let ages = 0; ages < 2 && this.bytes > this.#bytesMax; ages++) this.#age()
  }

  get #isRoomy(): boolean {
    return this.bytes < this.#bytesMax * roomyPart
  }

  #age(): void {
    const becomingOld = this.#youngBytes
    this.#youngBytes = 0
    for (const cache of this.#caches) cache.dropOld()
    this.#heldBytes = this.#oldBytes
    this.#oldBytes += becomingOld
    this.generation++
  }
}

/** What one store keeps for reading, in slots that its uncommitted writes share; those are never dropped. */
export class StoreReadCache implements SlotIndex {
  /** Told of what is let go; undefined where the store has no windows to go by. */
  windows: CachedWindows | undefined
  readonly #budget: ReadCacheBudget
  readonly #slots = new SlotTable()
  /** A key that is read is often written next, and not looked up again. */
  #last: Slot | undefined
  /** As it was asked for: the same string is found to be the same at once. */
  #lastKey: StorageKey = ''
  readonly #ahead = new SlotsAhead()

  constructor(budget: ReadCacheBudget) {
    this.#budget = budget
  }

  get(key: StorageKey): Slot | undefined {
    const slot = this.#ahead.next(key) ?? this.#lastOf(key) ?? this.#lookUp(key)
    if (slot === undefined) return undefined
    this.#lastKey = key
    this.#last = slot
    this.#use(slot)
    return slot
  }

  take(key: StorageKey): Slot {
    return this.#lastOf(key) ?? this.get(key) ?? this.#add(key)
  }

  settled(): void {}

  trim(): void {
    this.#budget.trim()
  }

  /** The slots of keys that will be used in this order, after those that this was called with before. */
  takeAhead(keys: readonly StorageKey[]): readonly Slot[] {
    const taken = this.#slots.findAll(keys)
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at]!
      const found = taken[at]
      // What is added may make room by letting go of what was found, and a key may be here twice.
      const isThere = found !== undefined && !found.isGone
      const slot = isThere ? found : (this.#slots.get(key) ?? this.#add(key))
      this.#use(slot)
      this.#ahead.add(key, slot)
      taken[at] = slot
    }
    return taken as Slot[]
  }

  /** What is committed under a key, without its counting as a use. */
  peek(key: StorageKey): LayerEntry | null | undefined {
    return this.#slots.get(key)?.committed
  }

  /** Keeps what is committed under a slot's key; null is an entry that is known to be absent. */
  keep(slot: Slot, entry: LayerEntry | null): void {
    // Where another slot has come for the key, that is the one to be kept.
    const kept = slot.isGone ? this.take(slot.key) : slot
    this.#use(kept)
    const before = kept.committed
    kept.committed = entry
    this.#budget.count((entry?.length ?? 0) - (before?.length ?? 0), 0)
  }

  /** Keeps the answer to a read, unless the slot was let go or written to meanwhile. */
  answered(slot: Slot, entry: LayerEntry | null): void {
    const isWanted = slot.isRead && !slot.isGone
    slot.isRead = false
    // What a commit under way brings is newer.
    if (isWanted && slot.committed === undefined && slot.sealed === undefined) {
      this.keep(slot, entry)
    }
  }

  /** Forgets what is committed under a key. */
  forget(key: StorageKey): void {
    const slot = this.#slots.get(key)
    if (slot === undefined) return
    if (slot.isDirty) {
      // A read that is under way must not bring back what is forgotten.
      slot.isRead = false
      this.windows?.lost(key)
      this.#countOf(slot, -(slot.committed?.length ?? 0))
      slot.committed = undefined
      return
    }
    this.#drop(slot)
  }

  clear(): void {
    for (const { key } of this.#slots.all()) this.forget(key)
  }

  /** Called by the budget: drops what was not used for a while, but for what holds uncommitted writes. */
  dropOld(): void {
    const { generation } = this.#budget
    for (const slot of this.#slots.all()) {
      if (slot.generation === generation) continue
      if (slot.isDirty) slot.generation = generation
      else this.#drop(slot)
    }
  }

  #lookUp(key: StorageKey): Slot | undefined {
    const slot = this.#slots.get(key)
    if (slot !== undefined) this.#ahead.used(slot)
    return slot
  }

  #lastOf(key: StorageKey): Slot | undefined {
    return this.#lastKey === key ? this.#last : undefined
  }

  #add(key: StorageKey): Slot {
    const slot = new Slot(ownKey(key))
    slot.generation = this.#budget.generation
    this.#slots.add(slot)
    this.#lastKey = slot.key
    this.#last = slot
    this.#budget.count(bytesOf(slot), 0)
    return slot
  }

  #use(slot: Slot): void {
    const { generation } = this.#budget
    if (slot.generation === generation) return
    slot.generation = generation
    const bytes = bytesOf(slot)
    this.#budget.count(bytes, -bytes)
  }

  #drop(slot: Slot): void {
    slot.isGone = true
    if (slot.committed !== null) this.windows?.lost(slot.key)
    this.#slots.delete(slot.key)
    if (this.#last === slot) this.#last = undefined
    this.#countOf(slot, -bytesOf(slot))
    // Those who remember the slot, as what was asked for ahead is, must not keep the value in memory.
    slot.committed = undefined
  }

  #countOf(slot: Slot, bytes: number): void {
    if (slot.generation === this.#budget.generation) this.#budget.count(bytes, 0)
    else this.#budget.count(0, bytes)
  }
}

function bytesOf({ key, committed }: Slot): number {
  const length = committed?.length ?? 0
  return key.length + length + entryOverheadBytes
}
