import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { EntryReader } from './entry-reader.ts'
import { compareKeys, type KeyRange, type StorageKey } from './key-bytes.ts'
import {
  scanBatchEntries,
  type EntryScan,
  type ScannedEntry,
  type StoredEntry,
} from './stored-entry.ts'

/** How many keys are sorted at a time; a segment that holds more is walked once for each so many. */
const sortedKeysMax = 65_536

/** Where an entry lies in a walk by time. */
export interface TimePlace {
  readonly stored: StorageKey
  /** The bytes of the times that come first in the order; of the same length for all entries. */
  readonly time: StorageKey
  readonly key: StorageKey
  /** What tells entries of the same times and key apart. */
  readonly rest: StorageKey
}

/**
 * Walks the entries of one segment by time, then key, though they are stored by key, then time: sorts the keys in
 * bounded memory, then reads the values batch by batch. A reverse range is walked against that order.
 */
export class TimeOrderScan implements EntryScan {
  readonly #reader: EntryReader
  readonly #range: KeyRange
  readonly #placeOf: (stored: StorageKey) => TimePlace | undefined
  readonly #keysMax: number
  readonly #compare: (a: TimePlace, b: TimePlace) => number
  #places: TimePlace[] | undefined
  #at = 0
  #more = false
  #walk: EntryScan | undefined

  /** `placeOf` answers undefined to entries that are left out. */
  constructor(
    reader: EntryReader,
    range: KeyRange,
    placeOf: (stored: StorageKey) => TimePlace | undefined,
    keysMax: number = sortedKeysMax,
  ) {
    this.#reader = reader
    this.#range = range
    this.#placeOf = placeOf
    this.#compare = range.reverse ? (a, b) => comparePlaces(b, a) : comparePlaces
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

  #sortNext(after: TimePlace | undefined): MaybePromise<void> {
    const walk = this.#walk ?? this.#reader.scan(this.#range, true)
    this.#walk = walk
    this.#more = false
    const places: TimePlace[] = []
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
  #take(
    batch: readonly ScannedEntry[],
    after: TimePlace | undefined,
    places: TimePlace[],
  ): boolean {
    if (batch.length === 0 || this.#walk === undefined) return false
    for (const { key: stored } of batch) {
      const place = this.#placeOf(stored)
      if (place === undefined) continue
      if (after !== undefined && this.#compare(place, after) <= 0) continue
      places.push(place)
    }
    if (places.length > 2 * this.#keysMax) this.#cut(places)
    return true
  }

  #cut(places: TimePlace[]): void {
    places.sort(this.#compare)
    if (places.length <= this.#keysMax) return
    places.length = this.#keysMax
    this.#more = true
  }

  #readValues(places: readonly TimePlace[]): MaybePromise<readonly ScannedEntry[]> {
    const batch = places.slice(this.#at, this.#at + scanBatchEntries)
    this.#at += batch.length
    const entries = batch.map(({ stored }) => this.#reader.find(stored))
    const waits = entries.some((entry) => isPromise(entry))
    if (waits) return Promise.all(entries).then((found) => scanned(batch, found))
    return scanned(batch, entries as (StoredEntry | undefined)[])
  }
}

function scanned(
  places: readonly TimePlace[],
  entries: readonly (StoredEntry | undefined)[],
): readonly ScannedEntry[] {
  const read: ScannedEntry[] = []
  places.forEach(({ stored }, at) => {
    const entry = entries[at]
    if (entry !== undefined) read.push({ key: stored, entry })
  })
  return read
}

function comparePlaces(a: TimePlace, b: TimePlace): number {
  return compareKeys(a.time, b.time) || compareKeys(a.key, b.key) || compareKeys(a.rest, b.rest)
}
