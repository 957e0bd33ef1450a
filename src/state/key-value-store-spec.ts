import { ConfigError } from '../core/errors.ts'
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
  /**
   * How long a value is there, in whole milliseconds above 0: it is gone when the task's stream time reaches the
   * value's timestamp and this. Readers see that at once; at each commit up to 1,000 values that have expired are
   * deleted, in the changelog too. @defaultValue for ever
   */
  readonly ttlMs?: number
  /** Whether each value keeps the headers of the record that wrote it. @defaultValue false */
  readonly headers?: boolean
}

/**
 * Declares a key-value store, in which every value keeps the event time of the record that wrote it.
 *
 * @throws `ConfigError` (MILLRACE_CONFIG) where the name cannot be part of a topic's name, or `ttlMs` is not above 0.
 * @remarks Source: Java's `Stores.timestampedKeyValueStoreBuilder`.
 */
export function keyValueStore<K, V>(options: KeyValueStoreOptions<K, V>): KeyValueStoreSpec<K, V> {
  const storeName = checkedStoreName(options.name)
  const { ttlMs, headers = false } = options
  if (ttlMs !== undefined && (!Number.isSafeInteger(ttlMs) || ttlMs <= 0)) {
    throw new ConfigError(
      `The key-value store ${storeName} has ttlMs ${ttlMs}: write a whole number of milliseconds above 0`,
    )
  }
  return {
    kind: 'key-value',
    storeName,
    engine: options.engine ?? 'default',
    key: options.key,
    value: options.value,
    logging: loggingSpec(options.logging),
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(headers ? { headers } : {}),
  }
}
