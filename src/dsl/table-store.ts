import { TopologyError } from '../core/errors.ts'
import type { Serde } from '../serdes/serde.ts'
import { keyValueStore } from '../state/key-value-store-spec.ts'
import type { KeyValueStoreSpec, VersionedStoreSpec } from '../state/store-spec.ts'
import { versionedStore } from '../state/versioned-store-spec.ts'
import { neededSerde } from './serde-needed.ts'
import type { TableStoreOptions } from './store-options.ts'

/** What a table's store is made of. */
export interface TableStoreParts<K, V> {
  readonly name: string
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/** The store of a table. */
export type TableStoreSpec<K, V> = KeyValueStoreSpec<K, V> | VersionedStoreSpec<K, V>

/** The store of a table: versioned where the user asks for history, else a key-value store. */
export function tableStore<K, V>(
  options: TableStoreOptions,
  parts: TableStoreParts<K, V>,
): TableStoreSpec<K, V> {
  const { versioned, ...store } = options
  if (versioned === undefined) return keyValueStore({ ...store, ...parts })
  if (store.ttlMs !== undefined || store.headers) {
    throw new TopologyError(
      `The store ${parts.name} is versioned, and is to have ${store.headers ? 'headers' : 'ttlMs'} too: a versioned ` +
        'store forgets by historyRetentionMs and keeps values alone. Leave one of the two out.',
    )
  }
  return versionedStore({ ...store, ...parts, historyRetentionMs: versioned.historyRetentionMs })
}

/**
 * The store of a table that is held only where the user names a store for it.
 *
 * @throws TopologyError where a serde that is needed is not known, or history is asked for without a name.
 */
export function derivedStore<K, V>(
  operator: string,
  options: TableStoreOptions,
  key: Serde<K> | undefined,
  value: Serde<V> | undefined,
): TableStoreSpec<K, V> | undefined {
  const { name } = options
  if (name !== undefined) {
    return tableStore(options, {
      name,
      key: neededSerde(key, 'key', operator, 'is held in a store'),
      value: neededSerde(value, 'value', operator, 'is held in a store'),
    })
  }
  if (options.versioned === undefined) return undefined
  throw new TopologyError(
    `${operator} is to keep history, but it is held in a store only where that has a name. ` +
      "Give it one: { store: { name: 'a-name', versioned: … } }.",
  )
}
