import { StateStoreError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { EntryReader } from './entry-reader.ts'
import { afterKey, afterPrefix, storageKey, type StorageKey } from './key-bytes.ts'
import { liveSegments, type SegmentPart } from './segments.ts'
import type { RangeOptions, ScanDirection, StoreIterator } from './store.ts'
import type { ScannedEntry, StoredEntry } from './stored-entry.ts'
import type { StoreSerdes } from './store-serdes.ts'
import { concatScans, TypedIterator } from './typed-iterator.ts'
import { firstClosedAfter } from './version-log.ts'
import {
  closedKey,
  closedKeyLength,
  isDeletion,
  latestKey,
  latestVersions,
  validFromOf,
  validToOf,
} from './versioned-keys.ts'
import type {
  ReadOnlyVersionedStore,
  VersionedEntry,
  VersionedRecord,
  VersionRange,
} from './versioned-store-types.ts'

/** A versioned store over bytes, for reading. */
export class VersionedReader<K, V> implements ReadOnlyVersionedStore<K, V> {
  readonly name: string
  readonly kind = 'versioned'
  readonly #reader: EntryReader
  readonly #historyRetentionMs: number
  protected readonly serdes: StoreSerdes<K, V>

  constructor(
    name: string,
    reader: EntryReader,
    serdes: StoreSerdes<K, V>,
    historyRetentionMs: number,
  ) {
    this.name = name
    this.#reader = reader
    this.#historyRetentionMs = historyRetentionMs
    this.serdes = serdes
  }

  get(key: K, asOfMs?: number): MaybePromise<VersionedRecord<V> | undefined> {
    const stored = this.serdes.storageKey(key)
    const latest = this.#reader.find(latestKey(stored))
    if (isPromise(latest)) return latest.then((found) => this.#asOf(stored, found, asOfMs))
    return this.#asOf(stored, latest, asOfMs)
  }

  versions(key: K, range: VersionRange = {}): StoreIterator<VersionedRecord<V>> {
    const { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER, reverse = false } = range
    const stored = this.serdes.storageKey(key)
    const scans = this.#closedAfter(toMs < this.historyFromMs ? Infinity : fromMs).map(
      (segment) => {
        const interval = this.#reader.segmentIntervalMs
        const from = closedKey(interval, stored, segment.fromMs)
        const to = afterKey(closedKey(interval, stored, segment.toMs))
        return this.#reader.scan({ from, to, reverse }, false)
      },
    )
    const latest = latestKey(stored)
    scans.push(this.#reader.scan({ from: latest, to: afterKey(latest), reverse }, false))
    if (reverse) scans.reverse()
    const length = closedKeyLength(stored)
    return new TypedIterator(concatScans(scans), ({ key: found, entry }) => {
      if (isDeletion(entry) || validFromOf(entry) > toMs) return undefined
      if (found === latest) return this.#record(entry)
      // Longer keys that begin with this one may lie in between.
      return found.length === length ? this.#record(entry, validToOf(found)) : undefined
    })
  }

  range(options: RangeOptions<K> = {}): StoreIterator<VersionedEntry<K, V>> {
    const { from, to, reverse = false } = options
    return this.#latest(
      from === undefined ? latestVersions.from : latestKey(this.serdes.storageKey(from)),
      to === undefined ? latestVersions.to : afterKey(latestKey(this.serdes.storageKey(to))),
      reverse,
    )
  }

  prefixScan(
    prefix: Buffer,
    { reverse = false }: ScanDirection = {},
  ): StoreIterator<VersionedEntry<K, V>> {
    const from = latestKey(storageKey(prefix))
    return this.#latest(from, afterPrefix(from), reverse)
  }

  all(options: ScanDirection = {}): StoreIterator<VersionedEntry<K, V>> {
    return this.range(options)
  }

  /** History reaches back to this time, inclusive. */
  protected get historyFromMs(): number {
    return this.#reader.observedMs - this.#historyRetentionMs
  }

  /** The segments of versions that ended their validity after this time. */
  #closedAfter(timeMs: number): SegmentPart[] {
    const retentionMs = this.#historyRetentionMs
    return liveSegments(this.#reader, retentionMs, timeMs + 1, Number.MAX_SAFE_INTEGER)
  }

  #asOf(
    key: StorageKey,
    latest: StoredEntry | undefined,
    asOfMs: number | undefined,
  ): MaybePromise<VersionedRecord<V> | undefined> {
    // A key without a latest version has no versions, or only such as have expired.
    if (latest === undefined) return undefined
    const latestFromMs = validFromOf(latest)
    if (asOfMs === undefined || asOfMs >= latestFromMs) return this.#record(latest)
    if (asOfMs < this.historyFromMs) return undefined
    const closed = firstClosedAfter(this.#reader, key, Math.floor(asOfMs), latestFromMs)
    if (isPromise(closed)) return closed.then((found) => this.#validAt(asOfMs, found))
    return this.#validAt(asOfMs, closed)
  }

  #validAt(asOfMs: number, closed: ScannedEntry | undefined): VersionedRecord<V> | undefined {
    if (closed === undefined || validFromOf(closed.entry) > asOfMs) return undefined
    return this.#record(closed.entry, validToOf(closed.key))
  }

  #record(entry: StoredEntry, validToMs?: number): VersionedRecord<V> | undefined {
    if (isDeletion(entry)) return undefined
    const { timestampMs } = entry
    const value = this.serdes.value(entry)
    return validToMs === undefined ? { value, timestampMs } : { value, timestampMs, validToMs }
  }

  #latest(
    from: StorageKey,
    to: StorageKey | undefined,
    reverse: boolean,
  ): StoreIterator<VersionedEntry<K, V>> {
    const scan = this.#reader.scan({ from, to, reverse }, false)
    return new TypedIterator(scan, ({ key, entry }) => {
      const record = this.#record(entry)
      return record && { key: this.serdes.key(key.slice(1)), ...record }
    })
  }
}

/** Refuses what is no time of a version. */
export function checkVersionTime(storeName: string, timestampMs: number): void {
  if (Number.isSafeInteger(timestampMs) && timestampMs >= 0) return
  throw new StateStoreError(
    `The store ${storeName} was given the timestamp ${timestampMs}: it must be a whole number of milliseconds since ` +
      'the epoch, not negative',
  )
}
