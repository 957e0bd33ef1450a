import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { EntryReader } from './entry-reader.ts'
import { WithoutHeaders } from './header-values.ts'
import type { KeyRange, StorageKey } from './key-bytes.ts'
import type { EntryScan, ScannedEntry, StoredEntry } from './stored-entry.ts'
import type { LayerEntry } from './layer-entry.ts'
import type { WritableEntries } from './writable-entries.ts'

/** Reads a store that keeps headers: its entries have their values as the serde reads them, and their headers. */
export class HeaderReader implements EntryReader {
  readonly #entries: EntryReader

  constructor(entries: EntryReader) {
    this.#entries = entries
  }

  get segmentIntervalMs(): number {
    return this.#entries.segmentIntervalMs
  }

  get observedMs(): number {
    return this.#entries.observedMs
  }

  find(key: StorageKey): MaybePromise<StoredEntry | undefined> {
    const entry = this.#entries.find(key)
    if (isPromise(entry)) return entry.then((found) => found && new WithoutHeaders(found))
    return entry && new WithoutHeaders(entry)
  }

  scan(range: KeyRange, keysOnly: boolean): EntryScan {
    const scan = this.#entries.scan(range, keysOnly)
    return {
      nextBatch() {
        const batch = scan.nextBatch()
        return isPromise(batch) ? batch.then(withoutHeaders) : withoutHeaders(batch)
      },
      close: () => scan.close(),
    }
  }

  count(): MaybePromise<number> {
    return this.#entries.count()
  }
}

/** What a store that keeps headers writes to; the headers lie before the values that it is given. */
export class HeaderEntries extends HeaderReader implements WritableEntries {
  readonly name: string
  readonly #entries: WritableEntries

  constructor(entries: WritableEntries) {
    super(entries)
    this.name = entries.name
    this.#entries = entries
  }

  get discards(): number {
    return this.#entries.discards
  }

  put(key: StorageKey, entry: LayerEntry): void {
    this.#entries.put(key, entry)
  }

  want(key: StorageKey): void {
    this.#entries.want(key)
  }
}

function withoutHeaders(batch: readonly ScannedEntry[]): readonly ScannedEntry[] {
  return batch.map(({ key, entry }) => ({ key, entry: new WithoutHeaders(entry) }))
}
