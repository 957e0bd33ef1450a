import type { IndexSlot } from '../state/index-slot.ts'
import type { KeyValueEntry, ReadOnlyKeyValueStore, StateStore } from '../state/store.ts'
import { indexedRows, type IndexRef } from '../state/table-index.ts'

/** The rows of an index key, from the stores of a test driver. */
export async function rowsOfIndex<I, K, V>(
  stores: ReadonlyMap<string, StateStore>,
  ref: IndexRef<I, K, V>,
  indexKey: I,
): Promise<KeyValueEntry<K, V>[]> {
  const index = stores.get(ref.storeName) as ReadOnlyKeyValueStore<IndexSlot<I, K>, true>
  const table = stores.get(ref.table.storeName) as ReadOnlyKeyValueStore<K, V>
  const rows: KeyValueEntry<K, V>[] = []
  for await (const row of indexedRows({ index, table, keysOf: ref.keysOf }, indexKey))
    rows.push(row)
  return rows
}
