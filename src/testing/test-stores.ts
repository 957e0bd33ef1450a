import type { Headers } from '../core/headers.ts'
import type { ReadOnlySessionStore, SessionStore } from '../state/session-store-types.ts'
import type {
  KeyValueEntry,
  KeyValueStore,
  RangeOptions,
  ReadOnlyKeyValueStore,
  ReadOnlyWindowStore,
  StateStore,
  ScanDirection,
  ValueAndTimestamp,
  ValueWithHeaders,
  WindowEntry,
  WindowStore,
} from '../state/store.ts'
import type { ReadOnlyVersionedStore, VersionedStore } from '../state/versioned-store-types.ts'
import { atHand, listed } from './at-hand.ts'
import { TestSessionStore } from './test-session-store.ts'
import { TestVersionedStore } from './test-versioned-store.ts'

/** A key-value store of a test driver: in memory, so that no read has to be awaited. */
export class TestKeyValueStore<K, V> {
  readonly name: string
  readonly kind = 'key-value'
  readonly #store: KeyValueStore<K, V>

  /** @internal Made by {@link TopologyTestDriver.store}. */
  constructor(store: KeyValueStore<K, V>) {
    this.name = store.name
    this.#store = store
  }

  get(key: K): V | undefined {
    return atHand(this.#store.get(key))
  }

  getWithTimestamp(key: K): ValueAndTimestamp<V> | undefined {
    return atHand(this.#store.getWithTimestamp(key))
  }

  /** The same with the headers of the record that wrote the value, in a store that keeps them. */
  getWithHeaders(key: K): ValueWithHeaders<V> | undefined {
    return atHand(this.#store.getWithHeaders(key))
  }

  /** All entries, by the bytes of their keys. */
  all(): KeyValueEntry<K, V>[] {
    return listed(this.#store.range())
  }

  /** Entries with `from` ≤ key ≤ `to`, by the bytes of their keys. */
  range(options: RangeOptions<K>): KeyValueEntry<K, V>[] {
    return listed(this.#store.range(options))
  }

  /** Entries whose serialized key begins with these bytes. */
  prefixScan(prefix: Buffer, options?: ScanDirection): KeyValueEntry<K, V>[] {
    return listed(this.#store.prefixScan(prefix, options))
  }

  /** Writes as a processor would, for setting up a test; null or undefined deletes. */
  put(key: K, value: V | null | undefined, timestampMs?: number, headers?: Headers): void {
    this.#store.put(key, value, timestampMs, headers)
  }

  delete(key: K): void {
    this.#store.delete(key)
  }
}

/** A window store of a test driver: in memory, so that no read has to be awaited. */
export class TestWindowStore<K, V> {
  readonly name: string
  readonly kind = 'window'
  readonly #store: WindowStore<K, V>

  /** @internal Made by {@link TopologyTestDriver.store}. */
  constructor(store: WindowStore<K, V>) {
    this.name = store.name
    this.#store = store
  }

  fetch(key: K, windowStartMs: number): V | undefined {
    return atHand(this.#store.fetch(key, windowStartMs))
  }

  fetchWithTimestamp(key: K, windowStartMs: number): ValueAndTimestamp<V> | undefined {
    return atHand(this.#store.fetchWithTimestamp(key, windowStartMs))
  }

  /** One key's windows that start between the two times, both inclusive. */
  fetchRange(key: K, fromMs: number, toMs: number, options?: ScanDirection): WindowEntry<K, V>[] {
    return listed(this.#store.fetchRange(key, fromMs, toMs, options))
  }

  /** The windows of the keys `from` ≤ key ≤ `to` that start between the two times, all inclusive. */
  fetchKeyRange(keys: RangeOptions<K>, fromMs: number, toMs: number): WindowEntry<K, V>[] {
    return listed(this.#store.fetchKeyRange(keys, fromMs, toMs))
  }

  /** All keys' windows that start between the two times, both inclusive. */
  fetchAll(fromMs: number, toMs: number, options?: ScanDirection): WindowEntry<K, V>[] {
    return listed(this.#store.fetchAll(fromMs, toMs, options))
  }

  all(options?: ScanDirection): WindowEntry<K, V>[] {
    return listed(this.#store.all(options))
  }

  /** Writes as a processor would, for setting up a test; null or undefined deletes. */
  put(key: K, value: V | null | undefined, windowStartMs: number, timestampMs?: number): void {
    this.#store.put(key, value, windowStartMs, timestampMs)
  }
}

/** The test driver's view of a store, by the type of the store. */
export type TestStoreOf<S extends StateStore> =
  S extends ReadOnlyKeyValueStore<infer K, infer V>
    ? TestKeyValueStore<K, V>
    : S extends ReadOnlyWindowStore<infer K, infer V>
      ? TestWindowStore<K, V>
      : S extends ReadOnlySessionStore<infer K, infer V>
        ? TestSessionStore<K, V>
        : S extends ReadOnlyVersionedStore<infer K, infer V>
          ? TestVersionedStore<K, V>
          : never

/** The test driver's view of a store that is known by its name alone; its `kind` tells which it is. */
export type AnyTestStore =
  | TestKeyValueStore<unknown, unknown>
  | TestWindowStore<unknown, unknown>
  | TestSessionStore<unknown, unknown>
  | TestVersionedStore<unknown, unknown>

/** Wraps a store of a task for a test. */
export function testStore(store: StateStore): AnyTestStore {
  switch (store.kind) {
    case 'key-value':
      return new TestKeyValueStore(store as KeyValueStore<unknown, unknown>)
    case 'window':
      return new TestWindowStore(store as WindowStore<unknown, unknown>)
    case 'session':
      return new TestSessionStore(store as SessionStore<unknown, unknown>)
    case 'versioned':
      return new TestVersionedStore(store as VersionedStore<unknown, unknown>)
  }
}
