import { StateStoreError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { EntryReader } from './entry-reader.ts'
import { afterKey, type StorageKey } from './key-bytes.ts'
import { liveSegments } from './segments.ts'
import type { EntryScan, ScannedEntry, StoredEntry } from './stored-entry.ts'
import type {
  RangeOptions,
  ReadOnlyWindowStore,
  ScanDirection,
  StoreIterator,
  ValueAndTimestamp,
  WindowEntry,
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
import { firstScanned } from './walk.ts'
import {
  keyOfWindow,
  segmentPrefix,
  startOfWindow,
  windowStorageKey,
  windowStorageKeyLength,
  windowTailBytes,
} from './window-keys.ts'
import { TimeOrderScan, type TimePlace } from './time-order-scan.ts'

const lastSequence = '\u00ff'.repeat(4)

/** How long a window store keeps windows, and how many values of one. */
export interface WindowStoreRules {
  readonly retentionMs: number
  readonly retainDuplicates: boolean
}

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
  protected readonly retainsDuplicates: boolean
  readonly #tailBytes: number
  protected readonly serdes: StoreSerdes<K, V>
  readonly #read: (scanned: ScannedEntry) => WindowEntry<K, V>

  constructor(
    name: string,
    reader: EntryReader,
    serdes: StoreSerdes<K, V>,
    { retentionMs, retainDuplicates }: WindowStoreRules,
  ) {
    this.name = name
    this.#reader = reader
    this.serdes = serdes
    this.#retentionMs = retentionMs
    this.retainsDuplicates = retainDuplicates
    const tailBytes = windowTailBytes(retainDuplicates)
    this.#tailBytes = tailBytes
    this.#read = ({ key, entry }) => ({
      key: serdes.key(keyOfWindow(key, tailBytes)),
      windowStartMs: startOfWindow(key, tailBytes),
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
    options: ScanDirection = {},
  ): StoreIterator<WindowEntry<K, V>> {
    const reverse = options.reverse ?? false
    const stored = this.serdes.storageKey(key)
    const length = windowStorageKeyLength(stored, this.#tailBytes)
    const scans = liveSegments(this.#reader, this.#retentionMs, fromMs, toMs).map((segment) =>
      this.#reader.scan(
        {
          from: windowStorageKey(this.#reader.segmentIntervalMs, stored, segment.fromMs),
          to: afterKey(
            windowStorageKey(this.#reader.segmentIntervalMs, stored, segment.toMs) +
              (this.retainsDuplicates ? lastSequence : ''),
          ),
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

  fetchAll(
    fromMs: number,
    toMs: number,
    { reverse = false }: ScanDirection = {},
  ): StoreIterator<WindowEntry<K, V>> {
    return new TypedIterator(this.#inOrder(fromMs, toMs, { ...allKeys, reverse }), this.#read)
  }

  all(options?: ScanDirection): StoreIterator<WindowEntry<K, V>> {
    return this.fetchAll(0, Number.MAX_SAFE_INTEGER, options)
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
    if (this.retainsDuplicates) return this.#lastPut(key, windowStartMs)
    return this.#reader.find(this.storedAt(key, windowStartMs))
  }

  #lastPut(key: K, windowStartMs: number): MaybePromise<StoredEntry | undefined> {
    const stored = this.serdes.storageKey(key)
    const from = windowStorageKey(this.#reader.segmentIntervalMs, stored, windowStartMs)
    const range = { from, to: afterKey(from + lastSequence), reverse: true }
    const length = windowStorageKeyLength(stored, this.#tailBytes)
    return firstScanned(this.#reader.scan(range, false), ({ key: found, entry }) =>
      found.length === length ? entry : undefined,
    )
  }

  #stamped(entry: StoredEntry | undefined): ValueAndTimestamp<V> | undefined {
    if (entry === undefined) return undefined
    return { value: this.serdes.value(entry), timestampMs: entry.timestampMs }
  }

  #inOrder(fromMs: number, toMs: number, keys: StoredKeyRange): EntryScan {
    const scans = liveSegments(this.#reader, this.#retentionMs, fromMs, toMs).map((segment) => {
      const prefix = segmentPrefix(this.#reader.segmentIntervalMs, segment.fromMs)
      const place = (stored: StorageKey): TimePlace | undefined => {
        const key = keyOfWindow(stored, this.#tailBytes)
        const startMs = startOfWindow(stored, this.#tailBytes)
        if (startMs < segment.fromMs || startMs > segment.toMs) return undefined
        if (!inKeyRange(keys, key)) return undefined
        const end = prefix.length + key.length
        return { stored, time: stored.slice(end, end + 8), key, rest: stored.slice(end + 8) }
      }
      return new TimeOrderScan(this.#reader, scannedRange(prefix, keys), place)
    })
    if (keys.reverse) scans.reverse()
    return scans.length === 0 ? emptyScan : concatScans(scans)
  }
}

/** Refuses what is no window start. */
export function checkWindowStart(storeName: string, windowStartMs: number): void {
  if (Number.isSafeInteger(windowStartMs) && windowStartMs >= 0) return
  throw new StateStoreError(
    `The store ${storeName} was given the window start ${windowStartMs}: it must be a whole number of milliseconds ` +
      'since the epoch, not negative',
  )
}
