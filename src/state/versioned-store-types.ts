import type { MaybePromise } from '../core/maybe-promise.ts'
import type {
  RangeOptions,
  ScanDirection,
  StateStore,
  StoreIterator,
  ValueAndTimestamp,
} from './store.ts'

/**
 * A value as it was from its timestamp on.
 *
 * @remarks Source: `org.apache.kafka.streams.state.VersionedRecord`.
 */
export interface VersionedRecord<V> extends ValueAndTimestamp<V> {
  /** When the next version or a deletion took its place, exclusive; undefined for the latest version. */
  readonly validToMs?: number
}

export interface VersionedEntry<K, V> extends VersionedRecord<V> {
  readonly key: K
}

/** Which of a key's versions are asked for; oldest first unless `reverse` is true. */
export interface VersionRange extends ScanDirection {
  /** Versions that were valid at this time or later, in milliseconds; open where left out. */
  readonly fromMs?: number
  /** Versions that were valid at this time or before, inclusive; open where left out. */
  readonly toMs?: number
}

/**
 * Values with their history, for reading. History reaches back to the highest timestamp put less the store's history
 * retention; the latest value of a key is there whatever its age.
 *
 * @remarks Source: `org.apache.kafka.streams.state.VersionedKeyValueStore` (KIP-889), queries of KIP-968.
 */
export interface ReadOnlyVersionedStore<K, V> extends StateStore {
  readonly kind: 'versioned'
  /** The latest version, or the one that was valid at `asOfMs`; undefined where there was none. */
  get(key: K, asOfMs?: number): MaybePromise<VersionedRecord<V> | undefined>
  /** One key's versions, those that the interval touches, oldest first. Deletions are not versions here. */
  versions(key: K, range?: VersionRange): StoreIterator<VersionedRecord<V>>
  /** The latest values with `from` ≤ key ≤ `to`, in key order; all of them where no bound is given. */
  range(options?: RangeOptions<K>): StoreIterator<VersionedEntry<K, V>>
  /** The latest values whose serialized key begins with these bytes. */
  prefixScan(prefix: Buffer, options?: ScanDirection): StoreIterator<VersionedEntry<K, V>>
  /** The latest values of all keys, in key order. */
  all(options?: ScanDirection): StoreIterator<VersionedEntry<K, V>>
}

/** What became of a version that was put. */
export interface VersionPut {
  /** False where the timestamp lies before the history that is kept: nothing was changed. */
  readonly written: boolean
  /** When the version stopped being valid, for one that was put behind a newer one; undefined for the latest. */
  readonly validToMs?: number
}

/** A versioned store as a processor sees it. Source: Java's `VersionedKeyValueStore`. */
export interface VersionedStore<K, V> extends ReadOnlyVersionedStore<K, V> {
  /**
   * Writes a version at its place in the key's history; null or undefined says that there is no value from then on. A
   * version with the same timestamp is replaced. The timestamp is the current record's unless given. Puts of a key
   * that wait for the disk take effect in the order of the calls. Throws `SerializationError`.
   */
  put(key: K, value: V | null | undefined, timestampMs?: number): MaybePromise<VersionPut>
  /** The same with null. */
  delete(key: K, timestampMs?: number): MaybePromise<VersionPut>
  /** Asks for a key's latest version to be read together with the others of the batch; see `Processor.prefetch`. */
  prefetch(key: K, asOfMs?: number): void
}
