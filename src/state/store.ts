import type { Headers } from '../core/headers.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'

/** The kinds of store that a topology can declare. */
export type StoreKind = 'key-value' | 'window' | 'session' | 'versioned'

/** What all stores have in common. */
export interface StateStore {
  readonly name: string
  readonly kind: StoreKind
}

/**
 * Names a store in typed code: a store declaration, or a table that is materialized.
 *
 * `storeType` never exists at run time; it carries the store's type from the declaration to where it is used.
 */
export interface StoreRef<S extends StateStore = StateStore> {
  readonly storeName: string
  readonly storeType?: S
}

/** A value and the event time of the record that wrote it. Source: Java's `ValueAndTimestamp`. */
export interface ValueAndTimestamp<V> {
  readonly value: V
  readonly timestampMs: number
}

/**
 * A value, its event time, and the headers of the record that wrote it.
 *
 * @remarks Source: KIP-1271, `org.apache.kafka.streams.state.ValueTimestampHeaders`.
 */
export interface ValueWithHeaders<V> extends ValueAndTimestamp<V> {
  /** Empty where the store was not declared with `headers: true`. */
  readonly headers: Headers
}

export interface KeyValueEntry<K, V> extends ValueAndTimestamp<V> {
  readonly key: K
  /** The headers of the record that wrote the value; only in stores declared with `headers: true`. */
  readonly headers?: Headers
}

/** A window store's entry; the window's end is for its windows definition to say. */
export interface WindowEntry<K, V> extends KeyValueEntry<K, V> {
  readonly windowStartMs: number
}

/**
 * Walks entries in key order, in batches or one by one. Sees the store as it was when the iteration began, except
 * that values may be newer. Close it, or use `for await`, which closes it.
 */
export interface StoreIterator<T> extends AsyncIterable<T>, AsyncDisposable {
  /** The next entries; empty at the end. At hand without a promise where the store is in memory. */
  nextBatch(): MaybePromise<readonly T[]>
  close(): MaybePromise<void>
}

/** Which way a scan goes. */
export interface ScanDirection {
  /** Against the order. @defaultValue false */
  readonly reverse?: boolean
}

export interface RangeOptions<K> extends ScanDirection {
  /** First key, inclusive; ordered by the serialized bytes, unsigned, as in Kafka Streams. */
  readonly from?: K
  /** Last key, inclusive. */
  readonly to?: K
}

/** Source: Java's `ReadOnlyKeyValueStore`. */
export interface ReadOnlyKeyValueStore<K, V> extends StateStore {
  readonly kind: 'key-value'
  /** The value under a key: at hand where it is in memory, else a promise; `await` serves for both. */
  get(key: K): MaybePromise<V | undefined>
  getWithTimestamp(key: K): MaybePromise<ValueAndTimestamp<V> | undefined>
  /** The same with the headers of the record that wrote the value, which a store declared with `headers: true` keeps. */
  getWithHeaders(key: K): MaybePromise<ValueWithHeaders<V> | undefined>
  /** Entries with `from` ≤ key ≤ `to`; all of them where no bound is given. */
  range(options?: RangeOptions<K>): StoreIterator<KeyValueEntry<K, V>>
  /** Entries whose serialized key begins with these bytes. */
  prefixScan(prefix: Buffer, options?: ScanDirection): StoreIterator<KeyValueEntry<K, V>>
  /** An estimate where counting would be slow. */
  approximateEntries(): MaybePromise<number>
}

/** A key-value store as a processor sees it. Every value keeps the event time of the record that wrote it. */
export interface KeyValueStore<K, V> extends ReadOnlyKeyValueStore<K, V> {
  /**
   * Writes a value; null or undefined deletes. The timestamp and, in a store that keeps them, the headers are the
   * current record's unless given. Throws `SerializationError`.
   */
  put(key: K, value: V | null | undefined, timestampMs?: number, headers?: Headers): void
  delete(key: K): void
  /** Writes the value where there is none; returns what was there before. */
  putIfAbsent(key: K, value: V): MaybePromise<V | undefined>
  /** The bytes that a key is stored and ordered under. Not to be changed. Throws `SerializationError`. */
  serializedKey(key: K): Buffer
  /** Asks for a key to be read together with the others of the batch; see `Processor.prefetch`. */
  prefetch(key: K): void
}

/** Source: Java's `ReadOnlyWindowStore`. All times are window starts in milliseconds, both bounds inclusive. */
export interface ReadOnlyWindowStore<K, V> extends StateStore {
  readonly kind: 'window'
  /** The window's value; of a store that retains duplicates, the one put last. */
  fetch(key: K, windowStartMs: number): MaybePromise<V | undefined>
  fetchWithTimestamp(key: K, windowStartMs: number): MaybePromise<ValueAndTimestamp<V> | undefined>
  /** One key's windows, by start; several values of one start in the order in which they were put. */
  fetchRange(
    key: K,
    fromMs: number,
    toMs: number,
    options?: ScanDirection,
  ): StoreIterator<WindowEntry<K, V>>
  /**
   * The windows of the keys `from` ≤ key ≤ `to`, by the bytes of the keys, that start in the interval; by start, then
   * key. A bound that is left out is open.
   */
  fetchKeyRange(
    keys: RangeOptions<K>,
    fromMs: number,
    toMs: number,
  ): StoreIterator<WindowEntry<K, V>>
  /** All keys' windows that start in the interval, in the order of Java's in-memory store: by start, then key. */
  fetchAll(fromMs: number, toMs: number, options?: ScanDirection): StoreIterator<WindowEntry<K, V>>
  all(options?: ScanDirection): StoreIterator<WindowEntry<K, V>>
}

/** A window store as a processor sees it. Windows older than stream time − retention are gone and take no writes. */
export interface WindowStore<K, V> extends ReadOnlyWindowStore<K, V> {
  /**
   * Writes a window's value; null or undefined deletes it. In a store that retains duplicates each put adds a value,
   * and a put of null or undefined does nothing.
   */
  put(key: K, value: V | null | undefined, windowStartMs: number, timestampMs?: number): void
  prefetch(key: K, windowStartMs: number): void
}
