import { LifecycleError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type {
  KeyValueEntry,
  KeyValueStore,
  RangeOptions,
  ReadOnlyKeyValueStore,
  ReadOnlyWindowStore,
  StateStore,
  StoreIterator,
  ValueAndTimestamp,
  WindowEntry,
  WindowStore,
} from '../state/store.ts'

/** A key-value store of a test driver: in memory, so that no read has to be awaited. */
export class TestKeyValueStore<K, V> {
  readonly name: string
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

  /** All entries, by the bytes of their keys. */
  all(): KeyValueEntry<K, V>[] {
    return listed(this.#store.range())
  }

  /** Entries with `from` ≤ key ≤ `to`, by the bytes of their keys. */
  range(options: RangeOptions<K>): KeyValueEntry<K, V>[] {
    return listed(this.#store.range(options))
  }

  /** Writes as a processor would, for setting up a test; null or undefined deletes. */
  put(key: K, value: V | null | undefined, timestampMs?: number): void {
    this.#store.put(key, value, timestampMs)
  }

  delete(key: K): void {
    this.#store.delete(key)
  }
}

/** A window store of a test driver: in memory, so that no read has to be awaited. */
export class TestWindowStore<K, V> {
  readonly name: string
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
  fetchRange(
    key: K,
    fromMs: number,
    toMs: number,
    options?: { readonly reverse?: boolean },
  ): WindowEntry<K, V>[] {
    return listed(this.#store.fetchRange(key, fromMs, toMs, options))
  }

  /** All keys' windows that start between the two times, both inclusive. */
  fetchAll(fromMs: number, toMs: number): WindowEntry<K, V>[] {
    return listed(this.#store.fetchAll(fromMs, toMs))
  }

  all(): WindowEntry<K, V>[] {
    return listed(this.#store.all())
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
      : never

/** Wraps a store of a task for a test. */
export function testStore(
  store: StateStore,
): TestKeyValueStore<unknown, unknown> | TestWindowStore<unknown, unknown> {
  switch (store.kind) {
    case 'key-value':
      return new TestKeyValueStore(store as KeyValueStore<unknown, unknown>)
    case 'window':
      return new TestWindowStore(store as WindowStore<unknown, unknown>)
    case 'session':
    case 'versioned':
      throw new LifecycleError(`A ${store.kind} store cannot be read here yet.`)
  }
}

function listed<T>(iterator: StoreIterator<T>): T[] {
  const entries: T[] = []
  for (let batch = atHand(iterator.nextBatch()); batch.length > 0;) {
    entries.push(...batch)
    batch = atHand(iterator.nextBatch())
  }
  void iterator.close()
  return entries
}

function atHand<T>(value: MaybePromise<T>): T {
  if (!isPromise(value)) return value
  throw new LifecycleError('A store of the test driver answered with a promise; it must not.')
}
