import { TopologyError } from '../core/errors.ts'
import type { StoreRef } from '../state/store.ts'
import type { VersionedStore } from '../state/versioned-store-types.ts'
import type { DeclaredTableState } from './declared.ts'
import type { KTable } from './k-table.ts'

/**
 * Names the versioned store that holds a table, to read the table's history: as of a time, or version by version. In a
 * view, a processor's stores, or a test: `app.view(historyOf(prices)).get('apple', { asOfMs })`.
 *
 * @throws TopologyError where the table is not held in a versioned store
 */
export function historyOf<K, V>(table: KTable<K, V>): StoreRef<VersionedStore<K, V>> {
  const { state } = table as unknown as { readonly state: DeclaredTableState<K, V> }
  const storeName = state.backing.isVersioned() ? state.backing.storeName() : undefined
  if (storeName !== undefined) return { storeName }
  throw new TopologyError(
    `The table ${state.name} is not held in a versioned store, so it has no history. Give the operator that makes it ` +
      "one: { store: { name: 'a-name', versioned: { historyRetentionMs: 86_400_000 } } }.",
  )
}
