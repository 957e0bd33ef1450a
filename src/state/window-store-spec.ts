import { ConfigError } from '../core/errors.ts'
import type { Serde } from '../serdes/serde.ts'
import { loggingSpec, type LoggingOptions } from './logging-spec.ts'
import { checkedStoreName } from './store-name.ts'
import type { StoreEngine, WindowStoreSpec } from './store-spec.ts'

const dayMs = 86_400_000

/** What {@link windowStore} takes. */
export interface WindowStoreOptions<K, V> {
  /** Names the store and its changelog topic: letters, digits, `.`, `_` and `-`, at most 200. */
  readonly name: string
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** How long a window is, in whole milliseconds, above 0. */
  readonly windowSizeMs: number
  /**
   * How long a window is kept after the highest window start seen, in whole milliseconds; at least the window's size
   * and the grace that late records are given. @defaultValue one day, or the window's size where that is longer
   */
  readonly retentionMs?: number
  /**
   * Whether every put of a window adds a value, where otherwise it takes the place of the one before. Such a store
   * takes no deletions. @defaultValue false
   */
  readonly retainDuplicates?: boolean
  /** Where entries are kept. @defaultValue `'default'`: what the application's configuration says */
  readonly engine?: StoreEngine
  /** The changelog; `false` for none. @defaultValue on, the last update a window at each commit */
  readonly logging?: LoggingOptions | boolean
}

/**
 * Declares a window store: values by key and window start, dropped as stream time passes them by.
 *
 * @throws `ConfigError` (MILLRACE_CONFIG) for a name that cannot be part of a topic's name, a size that is not above 0,
 * or a retention below the size.
 * @remarks Source: Java's `Stores.timestampedWindowStoreBuilder`.
 */
export function windowStore<K, V>(options: WindowStoreOptions<K, V>): WindowStoreSpec<K, V> {
  const { windowSizeMs, retentionMs = Math.max(dayMs, windowSizeMs) } = options
  const storeName = checkedStoreName(options.name)
  if (!Number.isSafeInteger(windowSizeMs) || windowSizeMs <= 0) {
    throw new ConfigError(
      `The window store ${storeName} has windowSizeMs ${windowSizeMs}: write a whole number of milliseconds above 0`,
    )
  }
  if (!Number.isSafeInteger(retentionMs) || retentionMs < windowSizeMs) {
    throw new ConfigError(
      `The window store ${storeName} has retentionMs ${retentionMs}: it must be at least windowSizeMs, ${windowSizeMs}`,
    )
  }
  return {
    kind: 'window',
    storeName,
    engine: options.engine ?? 'default',
    key: options.key,
    value: options.value,
    windowSizeMs,
    retentionMs,
    retainDuplicates: options.retainDuplicates ?? false,
    logging: loggingSpec(options.logging),
  }
}
