import { keyIdentity } from '../core/key-identity.ts'
import { builtSlot, type IndexSlot } from './index-slot.ts'
import type { KeyValueEntry, ReadOnlyKeyValueStore, StoreRef } from './store.ts'

/** An index of a table's rows by something that is in them; names it in typed code. */
export interface IndexRef<I, K, V> {
  /** The store that holds the index. */
  readonly storeName: string
  /** The table that is indexed. */
  readonly table: StoreRef<ReadOnlyKeyValueStore<K, V>>
  /** The index keys of a row. */
  readonly keysOf: (value: V, key: K) => readonly I[]
  /** Never there at run time; tells indexes from stores in typed code. */
  readonly indexType?: readonly [I, K, V]
}

/** The rows of a table by their index keys. */
export interface TableIndex<I, K, V> {
  /** The rows that have this index key, by the bytes of their keys. */
  get(indexKey: I): AsyncIterable<KeyValueEntry<K, V>>
}

/** The two stores that an index is read from; both as of the same time, or the table's newer. */
export interface IndexedStores<I, K, V> {
  readonly index: ReadOnlyKeyValueStore<IndexSlot<I, K>, true>
  readonly table: ReadOnlyKeyValueStore<K, V>
  readonly keysOf: (value: V, key: K) => readonly I[]
}

/**
 * The rows that have an index key. A row is given only where it is in the table and still has the key, so that what is
 * read between two commits is never wrong; where the index is still being built, all rows are looked at.
 */
export async function* indexedRows<I, K, V>(
  stores: IndexedStores<I, K, V>,
  indexKey: I,
): AsyncGenerator<KeyValueEntry<K, V>> {
  const { index, table, keysOf } = stores
  const wanted = keyIdentity(indexKey)
  const has = (value: V, key: K): boolean =>
    keysOf(value, key).some((each) => keyIdentity(each) === wanted)
  if ((await index.get(builtSlot as IndexSlot<I, K>)) === undefined) {
    for await (const row of table.range()) if (has(row.value, row.key)) yield row
    return
  }
  const any = { indexKey, key: undefined as K }
  const bounds = { from: { ...any, bound: 'first' }, to: { ...any, bound: 'last' } } as const
  for await (const { key: slot } of index.range(bounds)) {
    const row = await table.getWithTimestamp(slot.key)
    if (row && has(row.value, slot.key)) yield { key: slot.key, ...row }
  }
}
