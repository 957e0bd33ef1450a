import type { MaybePromise } from '../core/maybe-promise.ts'
import type { KeyRange, StorageKey } from './key-bytes.ts'
import type { CommittedEntries } from './state-engine.ts'
import type { EntryScan, StoredEntry } from './stored-entry.ts'

/** What the typed stores read from: committed state alone, or with uncommitted layers over it. */
export interface EntryReader {
  readonly segmentIntervalMs: number
  /** The highest window start that this reader sees, of a window store; −1 for none. */
  readonly observedMs: number
  find(key: StorageKey): MaybePromise<StoredEntry | undefined>
  scan(range: KeyRange, keysOnly: boolean): EntryScan
  count(): MaybePromise<number>
}

/** Reads committed state only: what queries see. Leaves the read cache to processing. */
export class CommittedReader implements EntryReader {
  readonly #committed: CommittedEntries
  readonly #checkOpen: () => void

  constructor(committed: CommittedEntries, checkOpen: () => void) {
    this.#committed = committed
    this.#checkOpen = checkOpen
  }

  get segmentIntervalMs(): number {
    return this.#committed.segmentIntervalMs
  }

  get observedMs(): number {
    return this.#committed.observedMs
  }

  find(key: StorageKey): MaybePromise<StoredEntry | undefined> {
    this.#checkOpen()
    const known = this.#committed.peek(key)
    if (known !== undefined) return known ?? undefined
    return this.#committed.read(key, false)
  }

  scan(range: KeyRange, keysOnly: boolean): EntryScan {
    this.#checkOpen()
    return this.#committed.scan(range, keysOnly)
  }

  count(): MaybePromise<number> {
    this.#checkOpen()
    return this.#committed.count()
  }
}
