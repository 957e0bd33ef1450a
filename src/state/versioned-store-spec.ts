import { ConfigError } from '../core/errors.ts'
import type { Serde } from '../serdes/serde.ts'
import { loggingSpec, type LoggingOptions } from './logging-spec.ts'
import { checkedStoreName } from './store-name.ts'
import type { StoreEngine, VersionedStoreSpec } from './store-spec.ts'

/** What {@link versionedStore} takes. */
export interface VersionedStoreOptions<K, V> {
  /** Names the store and its changelog topic: letters, digits, `.`, `_` and `-`, at most 200. */
  readonly name: string
  readonly key: Serde<K>
  readonly value: Serde<V>
  /**
   * How far back from the highest timestamp seen versions can be read and written, in whole milliseconds, 0 or above.
   */
  readonly historyRetentionMs: number
  /** Where entries are kept. @defaultValue `'default'`: what the application's configuration says */
  readonly engine?: StoreEngine
  /** The changelog; `false` for none. @defaultValue on, the last update a version at each commit */
  readonly logging?: LoggingOptions | boolean
}

/**
 * Declares a versioned store: each key's values with the times from which they were valid.
 *
 * @throws `ConfigError` (MILLRACE_CONFIG) for a name that cannot be part of a topic's name, or a negative retention.
 * @remarks Source: Java's `Stores.versionedKeyValueStoreBuilder` (KIP-889).
 */
export function versionedStore<K, V>(
  options: VersionedStoreOptions<K, V>,
): VersionedStoreSpec<K, V> {
  const { historyRetentionMs } = options
  const storeName = checkedStoreName(options.name)
  if (!Number.isSafeInteger(historyRetentionMs) || historyRetentionMs < 0) {
    throw new ConfigError(
      `The versioned store ${storeName} has historyRetentionMs ${historyRetentionMs}: write a whole number of ` +
        'milliseconds, 0 or above',
    )
  }
  return {
    kind: 'versioned',
    storeName,
    engine: options.engine ?? 'default',
    key: options.key,
    value: options.value,
    historyRetentionMs,
    logging: loggingSpec(options.logging),
  }
}
