import type { Serde } from '../serdes/serde.ts'
import { loggingSpec, type LoggingOptions } from './logging-spec.ts'
import { checkedStoreName } from './store-name.ts'
import type { KeyValueStoreSpec, StoreEngine } from './store-spec.ts'

/** What {@link keyValueStore} takes. */
export interface KeyValueStoreOptions<K, V> {
  /** Names the store and its changelog topic: letters, digits, `.`, `_` and `-`, at most 200. */
  readonly name: string
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** Where entries are kept. @defaultValue `'default'`: what the application's configuration says */
  readonly engine?: StoreEngine
  /** The changelog; `false` for none. @defaultValue on, the last update a key at each commit */
  readonly logging?: LoggingOptions | boolean
}

/**
 * Declares a key-value store, in which every value keeps the event time of the record that wrote it.
 *
 * @throws `ConfigError` (MILLRACE_CONFIG) where the name cannot be part of a topic's name.
 * @remarks Source: Java's `Stores.timestampedKeyValueStoreBuilder`.
 */
export function keyValueStore<K, V>(options: KeyValueStoreOptions<K, V>): KeyValueStoreSpec<K, V> {
  return {
    kind: 'key-value',
    storeName: checkedStoreName(options.name),
    engine: options.engine ?? 'default',
    key: options.key,
    value: options.value,
    logging: loggingSpec(options.logging),
  }
}
