import { LifecycleError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { EntryReader } from './entry-reader.ts'
import { afterKey, type StorageKey } from './key-bytes.ts'
import type { LayeredStore } from './layered-store.ts'
import { LayerEntry } from './layer-entry.ts'
import type { ScannedEntry, StoredEntry } from './stored-entry.ts'
import { concatScans } from './typed-iterator.ts'
import { firstScanned } from './walk.ts'
import {
  closedKey,
  closedKeyLength,
  deletionKey,
  deletionTime,
  isDeletion,
  latestKey,
  validFromOf,
  validToOf,
} from './versioned-keys.ts'

const noBytes = Buffer.alloc(0)

/** A version to be put; null deletes. */
export interface VersionBytes {
  readonly key: StorageKey
  readonly value: Buffer | null
  readonly timestampMs: number
}

/** Puts versions at their places in the histories of their keys. */
export class VersionLog {
  readonly #store: LayeredStore
  /** The last put of each key that waits for the disk. */
  readonly #waiting = new Map<StorageKey, Promise<unknown>>()

  constructor(store: LayeredStore) {
    this.#store = store
  }

  /**
   * Puts a version; returns when it stopped being valid, or undefined for the latest. Puts of a key take effect in the
   * order of the calls, though one may have to wait for the disk and the next one not.
   */
  put(version: VersionBytes): MaybePromise<number | undefined> {
    const before = this.#waiting.get(version.key)
    if (before === undefined) {
      const put = this.#put(version)
      return isPromise(put) ? this.#wait(version.key, put) : put
    }
    const discards = this.#store.discards
    const next = before.then(() => {
      this.#checkKept(discards)
      return this.#put(version)
    })
    return this.#wait(version.key, next)
  }

  #wait<T>(key: StorageKey, put: Promise<T>): Promise<T> {
    // Those behind it are not its failure's concern: their own reads will fail, or not.
    const settled = put.then(
      () => undefined,
      () => undefined,
    )
    this.#waiting.set(key, settled)
    void settled.then(() => {
      if (this.#waiting.get(key) === settled) this.#waiting.delete(key)
    })
    return put
  }

  #put(version: VersionBytes): MaybePromise<number | undefined> {
    const latest = this.#store.find(latestKey(version.key))
    if (!isPromise(latest)) return this.#putBeside(version, latest)
    const discards = this.#store.discards
    return latest.then((found) => {
      this.#checkKept(discards)
      return this.#putBeside(version, found)
    })
  }

  #putBeside(
    version: VersionBytes,
    latest: StoredEntry | undefined,
  ): MaybePromise<number | undefined> {
    const { key, timestampMs } = version
    if (latest === undefined) {
      this.#putLatest(version)
      return undefined
    }
    const latestFromMs = validFromOf(latest)
    if (timestampMs < latestFromMs) return this.#putBehind(version, latestFromMs)
    if (timestampMs > latestFromMs) this.#putClosed(key, latest, timestampMs)
    if (isDeletion(latest)) this.#delete(deletionKey(latestFromMs, key))
    this.#putLatest(version)
    return undefined
  }

  #putBehind(version: VersionBytes, latestFromMs: number): MaybePromise<number> {
    const { key, timestampMs } = version
    const closed = firstClosedAfter(this.#store, key, timestampMs, latestFromMs)
    if (!isPromise(closed)) return this.#putBetween(version, closed, latestFromMs)
    const discards = this.#store.discards
    return closed.then((found) => {
      this.#checkKept(discards)
      return this.#putBetween(version, found, latestFromMs)
    })
  }

  #putBetween(
    version: VersionBytes,
    closed: ScannedEntry | undefined,
    latestFromMs: number,
  ): number {
    const { key, timestampMs } = version
    if (closed === undefined) return this.#putClosed(key, entryOf(version), latestFromMs)
    const validFromMs = validFromOf(closed.entry)
    if (validFromMs > timestampMs) return this.#putClosed(key, entryOf(version), validFromMs)
    // The version that was valid until now ends here.
    if (validFromMs < timestampMs) this.#putClosed(key, closed.entry, timestampMs)
    return this.#putClosed(key, entryOf(version), validToOf(closed.key))
  }

  #putClosed(key: StorageKey, entry: StoredEntry, validToMs: number): number {
    const stored = closedKey(this.#store.segmentIntervalMs, key, validToMs)
    const written =
      entry instanceof LayerEntry
        ? entry
        : new LayerEntry(undefined, entry.bytes(), entry.timestampMs)
    this.#store.put(stored, written)
    return validToMs
  }

  #putLatest(version: VersionBytes): void {
    this.#store.put(latestKey(version.key), entryOf(version))
    if (version.value !== null) return
    const note = deletionKey(version.timestampMs, version.key)
    this.#store.put(note, new LayerEntry(undefined, noBytes, 0))
  }

  #delete(stored: StorageKey): void {
    this.#store.put(stored, new LayerEntry(undefined, null, 0))
  }

  #checkKept(discards: number): void {
    if (discards === this.#store.discards) return
    throw new LifecycleError(
      `The store ${this.#store.name} dropped its uncommitted writes while a put waited for a read`,
    )
  }
}

/** The closed version of a key that was the first to end its validity after this time. */
export function firstClosedAfter(
  reader: EntryReader,
  key: StorageKey,
  timeMs: number,
  latestFromMs: number,
): MaybePromise<ScannedEntry | undefined> {
  const interval = reader.segmentIntervalMs
  const length = closedKeyLength(key)
  const scans = []
  for (let fromMs = timeMs + 1; fromMs <= latestFromMs;) {
    const nextMs = (Math.floor(fromMs / interval) + 1) * interval
    const toMs = Math.min(latestFromMs, nextMs - 1)
    const range = {
      from: closedKey(interval, key, fromMs),
      to: afterKey(closedKey(interval, key, toMs)),
      reverse: false,
    }
    scans.push(reader.scan(range, false))
    fromMs = nextMs
  }
  return firstScanned(concatScans(scans), (scanned) =>
    scanned.key.length === length ? scanned : undefined,
  )
}

function entryOf({ value, timestampMs }: VersionBytes): LayerEntry {
  if (value !== null) return new LayerEntry(undefined, value, timestampMs)
  return new LayerEntry(undefined, noBytes, deletionTime(timestampMs))
}
