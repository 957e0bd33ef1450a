import { ConfigError } from '../core/errors.ts'
import type { Serde } from '../serdes/serde.ts'
import { loggingSpec, type LoggingOptions } from './logging-spec.ts'
import { checkedStoreName } from './store-name.ts'
import type { SessionStoreSpec, StoreEngine } from './store-spec.ts'

/** What {@link sessionStore} takes. */
export interface SessionStoreOptions<K, V> {
  /** Names the store and its changelog topic: letters, digits, `.`, `_` and `-`, at most 200. */
  readonly name: string
  readonly key: Serde<K>
  readonly value: Serde<V>
  /**
   * How long a session is kept after the highest session end seen, in whole milliseconds above 0; at least the gap of
   * inactivity and the grace that late records are given.
   */
  readonly retentionMs: number
  /** Where entries are kept. @defaultValue `'default'`: what the application's configuration says */
  readonly engine?: StoreEngine
  /** The changelog; `false` for none. @defaultValue on, the last update a session at each commit */
  readonly logging?: LoggingOptions | boolean
}

/**
 * Declares a session store: values by key, session start and session end, dropped as stream time passes them by.
 *
 * @throws `ConfigError` (MILLRACE_CONFIG) for a name that cannot be part of a topic's name, or a retention that is not
 * above 0.
 * @remarks Source: Java's `Stores.sessionStoreBuilder`.
 */
export function sessionStore<K, V>(options: SessionStoreOptions<K, V>): SessionStoreSpec<K, V> {
  const { retentionMs } = options
  const storeName = checkedStoreName(options.name)
  if (!Number.isSafeInteger(retentionMs) || retentionMs <= 0) {
    throw new ConfigError(
      `The session store ${storeName} has retentionMs ${retentionMs}: write a whole number of milliseconds above 0`,
    )
  }
  return {
    kind: 'session',
    storeName,
    engine: options.engine ?? 'default',
    key: options.key,
    value: options.value,
    retentionMs,
    logging: loggingSpec(options.logging),
  }
}
