import type { KeyRange, StorageKey } from './key-bytes.ts'
import { SortedKeys, type KeyCursor } from './sorted-keys.ts'

/**
 * A map that can also be walked in key order. The order is worked out at the first walk and kept up from then on, so
 * that a store which is only read by key never pays for it.
 */
export class OrderedMap<V> {
  readonly #values = new Map<StorageKey, V>()
  #order: SortedKeys | undefined

  get size(): number {
    return this.#values.size
  }

  get(key: StorageKey): V | undefined {
    return this.#values.get(key)
  }

  has(key: StorageKey): boolean {
    return this.#values.has(key)
  }

  set(key: StorageKey, value: V): void {
    if (this.#order !== undefined && !this.#values.has(key)) this.#order.add(key)
    this.#values.set(key, value)
  }

  delete(key: StorageKey): boolean {
    if (!this.#values.delete(key)) return false
    this.#order?.delete(key)
    return true
  }

  clear(): void {
    this.#values.clear()
    this.#order = undefined
  }

  /** In no order that means anything. */
  entries(): IterableIterator<[StorageKey, V]> {
    return this.#values.entries()
  }

  /** In no order that means anything. */
  values(): IterableIterator<V> {
    return this.#values.values()
  }

  /** Walks the keys that a range has now; their values are to be asked for, and may be gone by then. */
  cursor(range: KeyRange): KeyCursor {
    this.#order ??= new SortedKeys(this.#values.keys())
    return this.#order.cursor(range)
  }
}
