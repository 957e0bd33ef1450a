import type { MaybePromise } from '../core/maybe-promise.ts'
import type { RangeOptions, ScanDirection, StoreIterator } from '../state/store.ts'
import type { StoreClock } from '../state/task-state.ts'
import type {
  VersionedEntry,
  VersionedRecord,
  VersionedStore,
  VersionPut,
  VersionRange,
} from '../state/versioned-store-types.ts'
import type { WriteTime } from './write-time.ts'

/** A versioned store as one processor sees it: its writes get the time of the record that the processor handles. */
export class TimedVersionedStore<K, V> implements VersionedStore<K, V> {
  readonly name: string
  readonly kind = 'versioned'
  readonly #store: VersionedStore<K, V>
  readonly #time: WriteTime
  readonly #clock: StoreClock

  constructor(store: VersionedStore<K, V>, time: WriteTime, clock: StoreClock) {
    this.name = store.name
    this.#store = store
    this.#time = time
    this.#clock = clock
  }

  get(key: K, asOfMs?: number): MaybePromise<VersionedRecord<V> | undefined> {
    return this.#store.get(key, asOfMs)
  }

  versions(key: K, range?: VersionRange): StoreIterator<VersionedRecord<V>> {
    return this.#store.versions(key, range)
  }

  range(options?: RangeOptions<K>): StoreIterator<VersionedEntry<K, V>> {
    return this.#store.range(options)
  }

  prefixScan(prefix: Buffer, options?: ScanDirection): StoreIterator<VersionedEntry<K, V>> {
    return this.#store.prefixScan(prefix, options)
  }

  all(options?: ScanDirection): StoreIterator<VersionedEntry<K, V>> {
    return this.#store.all(options)
  }

  put(key: K, value: V | null | undefined, timestampMs?: number): MaybePromise<VersionPut> {
    this.#clock.recordTimestampMs = this.#time.recordTimestampMs
    return this.#store.put(key, value, timestampMs)
  }

  delete(key: K, timestampMs?: number): MaybePromise<VersionPut> {
    this.#clock.recordTimestampMs = this.#time.recordTimestampMs
    return this.#store.delete(key, timestampMs)
  }

  prefetch(key: K, asOfMs?: number): void {
    this.#store.prefetch(key, asOfMs)
  }
}
