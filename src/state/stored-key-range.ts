import { afterPrefix, type KeyRange, type StorageKey } from './key-bytes.ts'
import type { RangeOptions } from './store.ts'
import type { StoreSerdes } from './store-serdes.ts'

/** Bounds on serialized keys, both inclusive; undefined: open. */
export interface StoredKeyRange {
  readonly from: StorageKey | undefined
  readonly to: StorageKey | undefined
  readonly reverse: boolean
}

/** No bounds. */
export const allKeys: StoredKeyRange = { from: undefined, to: undefined, reverse: false }

/** The bounds that a caller gave, serialized. */
export function storedKeyRange<K>(
  serdes: StoreSerdes<K, unknown>,
  { from, to, reverse = false }: RangeOptions<K>,
): StoredKeyRange {
  return {
    from: from === undefined ? undefined : serdes.storageKey(from),
    to: to === undefined ? undefined : serdes.storageKey(to),
    reverse,
  }
}

export function inKeyRange({ from, to }: StoredKeyRange, key: StorageKey): boolean {
  return (from === undefined || key >= from) && (to === undefined || key <= to)
}

/**
 * Where the entries of keys in these bounds lie, which are stored as prefix, key, then a time in 8 bytes. Others may lie
 * in between, where one key begins with another.
 */
export function scannedRange(prefix: StorageKey, keys: StoredKeyRange): KeyRange {
  const { from = '', to, reverse } = keys
  if (to === undefined) return { from: prefix + from, to: afterPrefix(prefix), reverse }
  // A key that the upper bound begins with is followed by its time, whose first byte is 0: it may lie above the bound
  // where the bound goes on with a 0.
  const zero = to.indexOf('\0')
  const certain = zero === -1 ? to : to.slice(0, zero)
  return { from: prefix + from, to: `${prefix}${certain}\u00ff`, reverse }
}
