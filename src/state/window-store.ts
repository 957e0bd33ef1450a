import { StateStoreError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { EntryReader } from './entry-reader.ts'
import { afterKey, type StorageKey } from './key-bytes.ts'
import type { LayeredStore } from './layered-store.ts'
import { LayerEntry } from './store-layer.ts'
import type { EntryScan, ScannedEntry, StoredEntry } from './stored-entry.ts'
import type {
  RangeOptions,
  ReadOnlyWindowStore,
  StoreIterator,
  ValueAndTimestamp,
  WindowEntry,
  WindowStore,
} from './store.ts'
import {
  allKeys,
  inKeyRange,
  scannedRange,
  storedKeyRange,
  type StoredKeyRange,
} from './stored-key-range.ts'
import type { StoreSerdes } from './store-serdes.ts'
import { concatScans, emptyScan, TypedIterator } from './typed-iterator.ts'
import {
  keyOfWindow,
  segmentPrefix,
  startOfWindow,
  windowChangelogKey,
  windowStorageKey,
  windowStorageKeyLength,
} from './window-keys.ts'
import { TimeOrderScan, type TimePlace } from './time-order-scan.ts'
import { checkTimestamp, type WriteContext } from './write-context.ts'

/**
 * A window store over bytes, for reading.
 *
 * A window has expired when its start is not above the highest window start that was put here, less the retention.
 * The comparison is exact on every engine, though the space is freed a segment at a time.
 *
 * @remarks Source: `org.apache.kafka.streams.state.internals.InMemoryWindowStore`.
 */
export class WindowReader<K, V> implements ReadOnlyWindowStore<K, V> {
  readonly name: string
  readonly kind = 'window'
  readonly #reader: EntryReader
  readonly #retentionMs: number
  protected readonly serdes: StoreSerdes<K, V>
  readonly #read: (scanned: ScannedEntry) => WindowEntry<K, V>

  constructor(name: string, reader: EntryReader, serdes: StoreSerdes<K, V>, retentionMs: number) {
    this.name = name
    this.#reader = reader
    this.serdes = serdes
    this.#retentionMs = retentionMs
    this.#read = ({ key, entry }) => ({
      key: serdes.key(keyOfWindow(key)),
      windowStartMs: startOfWindow(key),
      value: serdes.value(entry),
      timestampMs: entry.timestampMs,
    })
  }

  fetch(key: K, windowStartMs: number): MaybePromise<V | undefined> {
    const entry = this.#find(key, windowStartMs)
    if (isPromise(entry)) {
      return entry.then((found) => (found === undefined ? undefined : this.serdes.value(found)))
    }
    return entry === undefined ? undefined : this.serdes.value(entry)
  }

  fetchWithTimestamp(
    key: K,
    windowStartMs: number,
  ): MaybePromise<ValueAndTimestamp<V> | undefined> {
    const entry = this.#find(key, windowStartMs)
    return isPromise(entry) ? entry.then((found) => this.#stamped(found)) : this.#stamped(entry)
  }

  fetchRange(
    key: K,
    fromMs: number,
    toMs: number,
    options: { readonly reverse?: boolean } = {},
  ): StoreIterator<WindowEntry<K, V>> {
    const reverse = options.reverse ?? false
    const stored = this.serdes.storageKey(key)
    const length = windowStorageKeyLength(stored)
    const scans = this.#segments(fromMs, toMs).map((segment) =>
      this.#reader.scan(
        {
          from: windowStorageKey(this.#reader.segmentIntervalMs, stored, segment.fromMs),
          to: afterKey(windowStorageKey(this.#reader.segmentIntervalMs, stored, segment.toMs)),
          reverse,
        },
        false,
      ),
    )
    if (reverse) scans.reverse()
    return new TypedIterator(concatScans(scans), (scanned) =>
      // Longer keys that begin with this one may lie in between.
      scanned.key.length === length ? this.#read(scanned) : undefined,
    )
  }

  fetchKeyRange(
    keys: RangeOptions<K>,
    fromMs: number,
    toMs: number,
  ): StoreIterator<WindowEntry<K, V>> {
    return new TypedIterator(
      this.#inOrder(fromMs, toMs, storedKeyRange(this.serdes, keys)),
      this.#read,
    )
  }

  fetchAll(fromMs: number, toMs: number): StoreIterator<WindowEntry<K, V>> {
    return new TypedIterator(this.#inOrder(fromMs, toMs, allKeys), this.#read)
  }

  all(): StoreIterator<WindowEntry<K, V>> {
    return this.fetchAll(0, Number.MAX_SAFE_INTEGER)
  }

  /** Windows that start here or before have expired. */
  protected get expiredToMs(): number {
    return this.#reader.observedMs - this.#retentionMs
  }

  protected storedAt(key: K, windowStartMs: number): StorageKey {
    const stored = this.serdes.storageKey(key)
    return windowStorageKey(this.#reader.segmentIntervalMs, stored, windowStartMs)
  }

  #find(key: K, windowStartMs: number): MaybePromise<StoredEntry | undefined> {
    checkWindowStart(this.name, windowStartMs)
    if (windowStartMs <= this.expiredToMs) return undefined
    return this.#reader.find(this.storedAt(key, windowStartMs))
  }

  #stamped(entry: StoredEntry | undefined): ValueAndTimestamp<V> | undefined {
    if (entry === undefined) return undefined
    return { value: this.serdes.value(entry), timestampMs: entry.timestampMs }
  }

  #inOrder(fromMs: number, toMs: number, keys: StoredKeyRange): EntryScan {
    const scans = this.#segments(fromMs, toMs).map((segment) => {
      const prefix = segmentPrefix(this.#reader.segmentIntervalMs, segment.fromMs)
      const place = (stored: StorageKey): TimePlace | undefined => {
        const key = keyOfWindow(stored)
        const startMs = startOfWindow(stored)
        if (startMs < segment.fromMs || startMs > segment.toMs || !inKeyRange(keys, key))
          return undefined
        return { stored, time: stored.slice(prefix.length + key.length), key, rest: '' }
      }
      return new TimeOrderScan(this.#reader, scannedRange(prefix, keys), place)
    })
    return scans.length === 0 ? emptyScan : concatScans(scans)
  }

  /** The parts of an interval that lie in one segment each, of those that can hold anything. */
  #segments(fromMs: number, toMs: number): { fromMs: number; toMs: number }[] {
    const interval = this.#reader.segmentIntervalMs
    const last = Math.min(toMs, this.#reader.observedMs)
    const segments: { fromMs: number; toMs: number }[] = []
    let start = Math.max(Math.ceil(fromMs), this.expiredToMs + 1, 0)
    while (start <= last) {
      const next = (Math.floor(start / interval) + 1) * interval
      segments.push({ fromMs: start, toMs: Math.floor(Math.min(last, next - 1)) })
      start = next
    }
    return segments
  }
}

/** A window store over an uncommitted layer, for processing. */
export class LayeredWindowStore<K, V> extends WindowReader<K, V> implements WindowStore<K, V> {
  readonly #store: LayeredStore
  readonly #context: WriteContext

  constructor(
    store: LayeredStore,
    serdes: StoreSerdes<K, V>,
    retentionMs: number,
    context: WriteContext,
  ) {
    super(store.name, store, serdes, retentionMs)
    this.#store = store
    this.#context = context
  }

  put(
    key: K,
    value: V | null | undefined,
    windowStartMs: number,
    timestampMs: number = this.#context.clock.recordTimestampMs,
  ): void {
    checkWindowStart(this.name, windowStartMs)
    checkTimestamp(this.name, timestampMs)
    const stored = this.storedAt(key, windowStartMs)
    const keyBytes = this.serdes.lastKeyBytes
    const valueBytes = value === null || value === undefined ? null : this.serdes.valueBytes(value)
    this.#store.observe(windowStartMs)
    if (windowStartMs <= this.expiredToMs) {
      this.#context.expired(windowStartMs)
      return
    }
    const entry = new LayerEntry(
      windowChangelogKey(keyBytes, windowStartMs),
      valueBytes,
      timestampMs,
    )
    this.#store.put(stored, entry)
    this.#context.written(entry)
  }

  prefetch(key: K, windowStartMs: number): void {
    checkWindowStart(this.name, windowStartMs)
    if (windowStartMs > this.expiredToMs) this.#store.want(this.storedAt(key, windowStartMs))
  }
}

function checkWindowStart(storeName: string, windowStartMs: number): void {
  if (Number.isSafeInteger(windowStartMs) && windowStartMs >= 0) return
  throw new StateStoreError(
    `The store ${storeName} was given the window start ${windowStartMs}: it must be a whole number of milliseconds ` +
      'since the epoch, not negative',
  )
}
