import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { EntryReader } from './entry-reader.ts'
import type { KeyRange, StorageKey } from './key-bytes.ts'
import type { EntryScan, ScannedEntry, StoredEntry } from './stored-entry.ts'
import { afterTimedKeys, keyOfTimed, timedKey } from './ttl-keys.ts'
import { walk } from './walk.ts'

/** How many entries are counted one by one; where there are more, their number is estimated. */
const countedMax = 10_000

/** Reads a key-value store whose values expire: those that have are not seen, whether or not they are gone already. */
export class TimedReader implements EntryReader {
  readonly #entries: EntryReader
  readonly #ttlMs: number
  readonly #nowMs: () => number

  /** `nowMs` gives the stream time that expiry goes by. */
  constructor(entries: EntryReader, ttlMs: number, nowMs: () => number) {
    this.#entries = entries
    this.#ttlMs = ttlMs
    this.#nowMs = nowMs
  }

  get segmentIntervalMs(): number {
    return this.#entries.segmentIntervalMs
  }

  get observedMs(): number {
    return this.#entries.observedMs
  }

  find(key: StorageKey): MaybePromise<StoredEntry | undefined> {
    const entry = this.#entries.find(timedKey(key))
    // Time may go on while the disk is asked.
    const nowMs = this.#nowMs()
    if (isPromise(entry)) return entry.then((found) => this.#unlessExpired(found, nowMs))
    return this.#unlessExpired(entry, nowMs)
  }

  scan(range: KeyRange): EntryScan {
    const scan = this.#entries.scan(
      {
        from: timedKey(range.from),
        to: range.to === undefined ? afterTimedKeys : timedKey(range.to),
        reverse: range.reverse,
      },
      // Whether an entry has expired is told by its time, which comes with its value.
      false,
    )
    return new UnexpiredScan(scan, this.#nowMs() - this.#ttlMs)
  }

  count(): MaybePromise<number> {
    let count = 0
    const scan = this.scan({ from: '', to: undefined, reverse: false })
    const counting = walk(scan, ({ length }) => (count += length) < countedMax)
    return isPromise(counting)
      ? counting.then(() => this.#estimated(count))
      : this.#estimated(count)
  }

  #estimated(counted: number): MaybePromise<number> {
    if (counted < countedMax) return counted
    // Each value has a note of its time, which is counted too.
    const all = this.#entries.count()
    return isPromise(all)
      ? all.then((count) => Math.max(counted, Math.round(count / 2)))
      : Math.max(counted, Math.round(all / 2))
  }

  #unlessExpired(entry: StoredEntry | undefined, nowMs: number): StoredEntry | undefined {
    return entry !== undefined && entry.timestampMs + this.#ttlMs <= nowMs ? undefined : entry
  }
}

/** Leaves out entries written at a time or before, and gives the others under their own keys. */
class UnexpiredScan implements EntryScan {
  readonly #scan: EntryScan
  readonly #expiredToMs: number

  constructor(scan: EntryScan, expiredToMs: number) {
    this.#scan = scan
    this.#expiredToMs = expiredToMs
  }

  nextBatch(): MaybePromise<readonly ScannedEntry[]> {
    for (;;) {
      const batch = this.#scan.nextBatch()
      if (isPromise(batch)) {
        return batch.then((scanned) => {
          const live = this.#live(scanned)
          return live.length > 0 || scanned.length === 0 ? live : this.nextBatch()
        })
      }
      const live = this.#live(batch)
      if (live.length > 0 || batch.length === 0) return live
    }
  }

  close(): MaybePromise<void> {
    return this.#scan.close()
  }

  #live(batch: readonly ScannedEntry[]): readonly ScannedEntry[] {
    const live: ScannedEntry[] = []
    for (const { key, entry } of batch) {
      if (entry.timestampMs > this.#expiredToMs) live.push({ key: keyOfTimed(key), entry })
    }
    return live
  }
}
