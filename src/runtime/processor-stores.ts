import type { Headers } from '../core/headers.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type {
  KeyValueEntry,
  KeyValueStore,
  RangeOptions,
  ScanDirection,
  StateStore,
  StoreIterator,
  ValueAndTimestamp,
  ValueWithHeaders,
  WindowEntry,
  WindowStore,
} from '../state/store.ts'
import type { SessionStore } from '../state/session-store-types.ts'
import type { StoreClock } from '../state/task-state.ts'
import type { VersionedStore } from '../state/versioned-store-types.ts'
import { TimedSessionStore } from './timed-session-store.ts'
import { TimedVersionedStore } from './timed-versioned-store.ts'
import type { WriteTime } from './write-time.ts'

/**
 * A store as one processor sees it. Writes get the time of the record that this processor handles, also where it goes
 * on after waiting, while the record of another processor was the last to be touched.
 */
export function storeFor(store: StateStore, time: WriteTime, clock: StoreClock): StateStore {
  switch (store.kind) {
    case 'key-value':
      return new TimedKeyValueStore(store as KeyValueStore<unknown, unknown>, time, clock)
    case 'window':
      return new TimedWindowStore(store as WindowStore<unknown, unknown>, time, clock)
    case 'session':
      return new TimedSessionStore(store as SessionStore<unknown, unknown>, time, clock)
    case 'versioned':
      return new TimedVersionedStore(store as VersionedStore<unknown, unknown>, time, clock)
  }
}

class TimedKeyValueStore<K, V> implements KeyValueStore<K, V> {
  readonly name: string
  readonly kind = 'key-value'
  readonly #store: KeyValueStore<K, V>
  readonly #time: WriteTime
  readonly #clock: StoreClock

  constructor(store: KeyValueStore<K, V>, time: WriteTime, clock: StoreClock) {
    this.name = store.name
    this.#store = store
    this.#time = time
    this.#clock = clock
  }

  get(key: K): MaybePromise<V | undefined> {
    return this.#store.get(key)
  }

  getWithTimestamp(key: K): MaybePromise<ValueAndTimestamp<V> | undefined> {
    return this.#store.getWithTimestamp(key)
  }

  getWithHeaders(key: K): MaybePromise<ValueWithHeaders<V> | undefined> {
    return this.#store.getWithHeaders(key)
  }

  range(options?: RangeOptions<K>): StoreIterator<KeyValueEntry<K, V>> {
    return this.#store.range(options)
  }

  prefixScan(prefix: Buffer, options?: ScanDirection): StoreIterator<KeyValueEntry<K, V>> {
    return this.#store.prefixScan(prefix, options)
  }

  approximateEntries(): MaybePromise<number> {
    return this.#store.approximateEntries()
  }

  put(key: K, value: V | null | undefined, timestampMs?: number, headers?: Headers): void {
    this.#clock.recordTimestampMs = this.#time.recordTimestampMs
    this.#clock.recordHeaders = this.#time.recordHeaders
    this.#store.put(key, value, timestampMs, headers)
  }

  delete(key: K): void {
    this.#clock.recordTimestampMs = this.#time.recordTimestampMs
    this.#store.delete(key)
  }

  putIfAbsent(key: K, value: V): MaybePromise<V | undefined> {
    this.#clock.recordTimestampMs = this.#time.recordTimestampMs
    this.#clock.recordHeaders = this.#time.recordHeaders
    return this.#store.putIfAbsent(key, value)
  }

  serializedKey(key: K): Buffer {
    return this.#store.serializedKey(key)
  }

  prefetch(key: K): void {
    this.#store.prefetch(key)
  }
}

class TimedWindowStore<K, V> implements WindowStore<K, V> {
  readonly name: string
  readonly kind = 'window'
  readonly #store: WindowStore<K, V>
  readonly #time: WriteTime
  readonly #clock: StoreClock

  constructor(store: WindowStore<K, V>, time: WriteTime, clock: StoreClock) {
    this.name = store.name
    this.#store = store
    this.#time = time
    this.#clock = clock
  }

  fetch(key: K, windowStartMs: number): MaybePromise<V | undefined> {
    return this.#store.fetch(key, windowStartMs)
  }

  fetchWithTimestamp(
    key: K,
    windowStartMs: number,
  ): MaybePromise<ValueAndTimestamp<V> | undefined> {
    return this.#store.fetchWithTimestamp(key, windowStartMs)
  }

  fetchRange(
    key: K,
    fromMs: number,
    toMs: number,
    options?: ScanDirection,
  ): StoreIterator<WindowEntry<K, V>> {
    return this.#store.fetchRange(key, fromMs, toMs, options)
  }

  fetchKeyRange(
    keys: RangeOptions<K>,
    fromMs: number,
    toMs: number,
  ): StoreIterator<WindowEntry<K, V>> {
    return this.#store.fetchKeyRange(keys, fromMs, toMs)
  }

  fetchAll(
    fromMs: number,
    toMs: number,
    options?: ScanDirection,
  ): StoreIterator<WindowEntry<K, V>> {
    return this.#store.fetchAll(fromMs, toMs, options)
  }

  all(options?: ScanDirection): StoreIterator<WindowEntry<K, V>> {
    return this.#store.all(options)
  }

  put(key: K, value: V | null | undefined, windowStartMs: number, timestampMs?: number): void {
    this.#clock.recordTimestampMs = this.#time.recordTimestampMs
    this.#store.put(key, value, windowStartMs, timestampMs)
  }

  prefetch(key: K, windowStartMs: number): void {
    this.#store.prefetch(key, windowStartMs)
  }
}
