import { StateStoreError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { EntryReader } from './entry-reader.ts'
import type { StorageKey } from './key-bytes.ts'
import { liveSegments, type SegmentPart } from './segments.ts'
import {
  firstSessionKey,
  keyOfSession,
  sessionStorageKey,
  sessionTailBytes,
  timesOfSession,
  type SessionTimes,
} from './session-keys.ts'
import type { ReadOnlySessionStore, SessionEntry } from './session-store-types.ts'
import type { RangeOptions, ScanDirection, StoreIterator } from './store.ts'
import {
  allKeys,
  inKeyRange,
  scannedRange,
  storedKeyRange,
  type StoredKeyRange,
} from './stored-key-range.ts'
import type { EntryScan, ScannedEntry } from './stored-entry.ts'
import type { StoreSerdes } from './store-serdes.ts'
import { TimeOrderScan, type TimePlace } from './time-order-scan.ts'
import { concatScans, TypedIterator } from './typed-iterator.ts'
import { segmentBytes, segmentPrefix } from './window-keys.ts'

/** Above all 8 bytes of a time. */
const afterTimes = '\u00ff'

/**
 * A session store over bytes, for reading.
 *
 * A session has expired when its end is not above the highest session end that was put here, less the retention. The
 * comparison is exact on every engine, though the space is freed a segment at a time.
 *
 * @remarks Source: `org.apache.kafka.streams.state.internals.InMemorySessionStore`; the order is that of
 * `RocksDBSessionStore` and, over all keys, `RocksDBTimeOrderedSessionStore`.
 */
export class SessionReader<K, V> implements ReadOnlySessionStore<K, V> {
  readonly name: string
  readonly kind = 'session'
  readonly #reader: EntryReader
  readonly #retentionMs: number
  protected readonly serdes: StoreSerdes<K, V>
  readonly #read: (scanned: ScannedEntry) => SessionEntry<K, V>

  constructor(name: string, reader: EntryReader, serdes: StoreSerdes<K, V>, retentionMs: number) {
    this.name = name
    this.#reader = reader
    this.#retentionMs = retentionMs
    this.serdes = serdes
    this.#read = ({ key, entry }) => ({
      key: serdes.key(keyOfSession(key)),
      ...timesOfSession(key),
      value: serdes.value(entry),
    })
  }

  fetchSession(key: K, startMs: number, endMs: number): MaybePromise<V | undefined> {
    const times = checkSession(this.name, startMs, endMs)
    if (endMs <= this.expiredToMs) return undefined
    const entry = this.#reader.find(this.storedAt(key, times))
    if (isPromise(entry)) return entry.then((found) => found && this.serdes.value(found))
    return entry && this.serdes.value(entry)
  }

  findSessions(
    key: K,
    earliestEndMs: number,
    latestStartMs: number,
    { reverse = false }: ScanDirection = {},
  ): StoreIterator<SessionEntry<K, V>> {
    const stored = this.serdes.storageKey(key)
    const length = segmentBytes + stored.length + sessionTailBytes
    const scans = this.#segments(earliestEndMs, Number.MAX_SAFE_INTEGER).map((segment) => {
      const from = firstSessionKey(this.#reader.segmentIntervalMs, stored, segment.fromMs)
      const to = from.slice(0, segmentBytes) + stored + afterTimes
      return this.#reader.scan({ from, to, reverse }, false)
    })
    if (reverse) scans.reverse()
    return new TypedIterator(concatScans(scans), (scanned) => {
      // Longer keys that begin with this one may lie in between.
      if (scanned.key.length !== length) return undefined
      return timesOfSession(scanned.key).startMs <= latestStartMs ? this.#read(scanned) : undefined
    })
  }

  findSessionsOfKeys(
    keys: RangeOptions<K>,
    earliestEndMs: number,
    latestStartMs: number,
  ): StoreIterator<SessionEntry<K, V>> {
    const range = storedKeyRange(this.serdes, keys)
    const segments = this.#segments(earliestEndMs, Number.MAX_SAFE_INTEGER)
    const startsByThen = ({ startMs }: SessionTimes): boolean => startMs <= latestStartMs
    return new TypedIterator(this.#inOrder(segments, range, startsByThen), this.#read)
  }

  fetch(key: K, options?: ScanDirection): StoreIterator<SessionEntry<K, V>> {
    return this.findSessions(key, 0, Number.MAX_SAFE_INTEGER, options)
  }

  findSessionsByEnd(
    earliestEndMs: number,
    latestEndMs: number,
    { reverse = false }: ScanDirection = {},
  ): StoreIterator<SessionEntry<K, V>> {
    const segments = this.#segments(earliestEndMs, latestEndMs)
    return new TypedIterator(
      this.#inOrder(segments, { ...allKeys, reverse }, () => true),
      this.#read,
    )
  }

  all(options?: ScanDirection): StoreIterator<SessionEntry<K, V>> {
    return this.findSessionsByEnd(0, Number.MAX_SAFE_INTEGER, options)
  }

  /** Sessions that end here or before have expired. */
  protected get expiredToMs(): number {
    return this.#reader.observedMs - this.#retentionMs
  }

  protected storedAt(key: K, times: SessionTimes): StorageKey {
    const stored = this.serdes.storageKey(key)
    return sessionStorageKey(this.#reader.segmentIntervalMs, stored, times)
  }

  #segments(fromMs: number, toMs: number): SegmentPart[] {
    return liveSegments(this.#reader, this.#retentionMs, fromMs, toMs)
  }

  #inOrder(
    segments: readonly SegmentPart[],
    keys: StoredKeyRange,
    wanted: (times: SessionTimes) => boolean,
  ): EntryScan {
    const scans = segments.map((segment) => {
      const prefix = segmentPrefix(this.#reader.segmentIntervalMs, segment.fromMs)
      const place = (stored: StorageKey): TimePlace | undefined => {
        const key = keyOfSession(stored)
        const times = timesOfSession(stored)
        if (times.endMs < segment.fromMs || times.endMs > segment.toMs) return undefined
        if (!inKeyRange(keys, key) || !wanted(times)) return undefined
        return { stored, time: stored.slice(stored.length - sessionTailBytes), key, rest: '' }
      }
      return new TimeOrderScan(this.#reader, scannedRange(prefix, keys), place)
    })
    if (keys.reverse) scans.reverse()
    return concatScans(scans)
  }
}

/** Refuses what are no times of a session. */
export function checkSession(storeName: string, startMs: number, endMs: number): SessionTimes {
  const whole = Number.isSafeInteger(startMs) && Number.isSafeInteger(endMs)
  if (whole && startMs >= 0 && endMs >= startMs) return { startMs, endMs }
  throw new StateStoreError(
    `The store ${storeName} was given a session from ${startMs} to ${endMs}: both must be whole numbers of ` +
      'milliseconds since the epoch, not negative, and the start not after the end',
  )
}
