import type { Serde } from '../serdes/serde.ts'
import type { SessionStore } from './session-store-types.ts'
import type { KeyValueStore, StateStore, StoreRef, WindowStore } from './store.ts'
import type { VersionedStore } from './versioned-store-types.ts'

/** Where a store keeps its entries. `default` is what the application's configuration says. */
export type StoreEngine = 'default' | 'memory' | 'rocksdb'

/** How a store is backed by a changelog topic. */
export interface LoggingSpec {
  readonly enabled: boolean
  /**
   * Whether each update is written to the changelog, as Kafka Streams does without a cache, or the last one a key in
   * a commit interval.
   */
  readonly everyUpdate: boolean
  /** Topic configuration by Kafka's names, over the defaults. */
  readonly topicConfig: Readonly<globalThis.Record<string, string>>
}

interface StoreSpecBase<K, V, S extends StateStore> extends StoreRef<S> {
  readonly storeName: string
  readonly engine: StoreEngine
  readonly key: Serde<K>
  readonly value: Serde<V>
  readonly logging: LoggingSpec
}

/** Declares a key-value store; data, opened by the runtime once a task. */
export interface KeyValueStoreSpec<K = unknown, V = unknown> extends StoreSpecBase<
  K,
  V,
  KeyValueStore<K, V>
> {
  readonly kind: 'key-value'
  /** How long after stream time has passed a value's timestamp the value is there; undefined: for ever. */
  readonly ttlMs?: number
  /** Whether each value keeps the headers of the record that wrote it. */
  readonly headers?: true
}

/** Declares a window store. */
export interface WindowStoreSpec<K = unknown, V = unknown> extends StoreSpecBase<
  K,
  V,
  WindowStore<K, V>
> {
  readonly kind: 'window'
  readonly windowSizeMs: number
  /** How long after stream time a window is kept; at least size + grace. */
  readonly retentionMs: number
  /** Whether every put of a window adds a value, where otherwise it takes the place of the one before. */
  readonly retainDuplicates: boolean
}

/** Declares a session store. */
export interface SessionStoreSpec<K = unknown, V = unknown> extends StoreSpecBase<
  K,
  V,
  SessionStore<K, V>
> {
  readonly kind: 'session'
  /** How long after stream time a session is kept, from its end; at least gap + grace. */
  readonly retentionMs: number
}

/** Declares a versioned store. */
export interface VersionedStoreSpec<K = unknown, V = unknown> extends StoreSpecBase<
  K,
  V,
  VersionedStore<K, V>
> {
  readonly kind: 'versioned'
  /** How far back from stream time versions are kept, and writes taken. */
  readonly historyRetentionMs: number
}

// A list of stores of differing types cannot be typed more narrowly: serdes are invariant in their value type.
/** Any store declaration. */
export type StoreSpec =
  | KeyValueStoreSpec<never, never>
  | WindowStoreSpec<never, never>
  | SessionStoreSpec<never, never>
  | VersionedStoreSpec<never, never>
