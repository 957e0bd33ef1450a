import { TopologyError } from '../core/errors.ts'
import type { Serde } from '../serdes/serde.ts'
import { keyValueStore } from '../state/key-value-store-spec.ts'
import type { KeyValueStoreSpec, VersionedStoreSpec } from '../state/store-spec.ts'
import { versionedStore } from '../state/versioned-store-spec.ts'
import type { TableStoreOptions } from './store-options.ts'

/** What a table's store is made of. */
export interface TableStoreParts<K, V> {
  readonly name: string
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/** The store of a table: versioned where the user asks for history, else a key-value store. */
export function tableStore<K, V>(
  options: TableStoreOptions,
  parts: TableStoreParts<K, V>,
): KeyValueStoreSpec<K, V> | VersionedStoreSpec<K, V> {
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
