import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { EntryReader } from './entry-reader.ts'
import { compareKeys, type KeyRange, type StorageKey } from './key-bytes.ts'
import {
  scanBatchEntries,
  type EntryScan,
  type ScannedEntry,
  type StoredEntry,
} from './stored-entry.ts'
import { keyOfWindow, startOfWindow } from './window-keys.ts'

/** How many keys are sorted at a time; a segment that holds more is walked once for each so many. */
const sortedKeysMax = 65_536

interface Place {
  readonly stored: StorageKey
  readonly windowStartMs: number
  readonly key: StorageKey
}

/**
 * Walks the windows of one segment by start, then key, though they are stored by key, then start: sorts the keys in
 * bounded memory, then reads the values batch by batch.
 */
export class WindowOrderScan implements EntryScan {
  readonly #reader: EntryReader
  readonly #range: KeyRange
  readonly #fromMs: number
  readonly #toMs: number
  readonly #keysMax: number
  #places: Place[] | undefined
  #at = 0
  #more = false
  #walk: EntryScan | undefined

  constructor(
    reader: EntryReader,
    range: KeyRange,
    fromMs: number,
    toMs: number,
    keysMax: number = sortedKeysMax,
  ) {
    this.#reader = reader
    this.#range = range
    this.#fromMs = fromMs
    this.#toMs = toMs
    this.#keysMax = keysMax
    this.#walk = reader.scan(range, true)
  }

  nextBatch(): MaybePromise<readonly ScannedEntry[]> {
    for (;;) {
      const places = this.#places
      if (places === undefined) {
        const sorting = this.#sortNext(undefined)
        if (isPromise(sorting)) return sorting.then(() => this.nextBatch())
      } else if (this.#at < places.length) {
        const batch = this.#readValues(places)
        if (isPromise(batch)) {
          return batch.then((read) => (read.length > 0 ? read : this.nextBatch()))
        }
        if (batch.length > 0) return batch
      } else if (this.#more) {
        const sorting = this.#sortNext(places[places.length - 1])
        if (isPromise(sorting)) return sorting.then(() => this.nextBatch())
      } else {
        return []
      }
    }
  }

  close(): MaybePromise<void> {
    this.#places = []
    this.#at = 0
    this.#more = false
    const walk = this.#walk
    this.#walk = undefined
    return walk?.close()
  }

  #sortNext(after: Place | undefined): MaybePromise<void> {
    const walk = this.#walk ?? this.#reader.scan(this.#range, true)
    this.#walk = walk
    this.#more = false
    const places: Place[] = []
    const step = (): MaybePromise<void> => {
      for (;;) {
        const batch = walk.nextBatch()
        if (isPromise(batch))
          return batch.then((keys) => (this.#take(keys, after, places) ? step() : done()))
        if (!this.#take(batch, after, places)) return done()
      }
    }
    const done = (): MaybePromise<void> => {
      if (this.#walk !== walk) return undefined
      this.#cut(places)
      this.#places = places
      this.#at = 0
      this.#walk = undefined
      return walk.close()
    }
    return step()
  }

  /** Takes in a batch of keys; false at the end. */
  #take(batch: readonly ScannedEntry[], after: Place | undefined, places: Place[]): boolean {
    if (batch.length === 0 || this.#walk === undefined) return false
    for (const { key: stored } of batch) {
      const windowStartMs = startOfWindow(stored)
      if (windowStartMs < this.#fromMs || windowStartMs > this.#toMs) continue
      const place = { stored, windowStartMs, key: keyOfWindow(stored) }
      if (after !== undefined && comparePlaces(place, after) <= 0) continue
      places.push(place)
    }
    if (places.length > 2 * this.#keysMax) this.#cut(places)
    return true
  }

  #cut(places: Place[]): void {
    places.sort(comparePlaces)
    if (places.length <= this.#keysMax) return
    places.length = this.#keysMax
    this.#more = true
  }

  #readValues(places: readonly Place[]): MaybePromise<readonly ScannedEntry[]> {
    const batch = places.slice(this.#at, this.#at + scanBatchEntries)
    this.#at += batch.length
    const entries = batch.map(({ stored }) => this.#reader.find(stored))
    const waits = entries.some((entry) => isPromise(entry))
    if (waits) return Promise.all(entries).then((found) => scanned(batch, found))
    return scanned(batch, entries as (StoredEntry | undefined)[])
  }
}

function scanned(
  places: readonly Place[],
  entries: readonly (StoredEntry | undefined)[],
): readonly ScannedEntry[] {
  const read: ScannedEntry[] = []
  places.forEach(({ stored }, at) => {
    const entry = entries[at]
    if (entry !== undefined) read.push({ key: stored, entry })
  })
  return read
}

function comparePlaces(a: Place, b: Place): number {
  return a.windowStartMs - b.windowStartMs || compareKeys(a.key, b.key)
}
