import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { storageKeyBytes, type StorageKey } from './key-bytes.ts'
import type { LayeredStore } from './layered-store.ts'
import { LayerEntry } from './layer-entry.ts'
import type { StoredEntry } from './stored-entry.ts'
import { TimedReader } from './timed-reader.ts'
import { allNotes, noteEntry, noteKey, noteOf, timedKey } from './ttl-keys.ts'
import { walk } from './walk.ts'
import type { WritableEntries } from './writable-entries.ts'
import type { WriteContext } from './write-context.ts'

/** How many values that have expired are deleted at a time at most. */
export const expiredAtOnce = 1000

/**
 * What a key-value store whose values expire writes to. A note of each write's time leads to the values that expire
 * next, so that deleting them takes no walk over the others.
 */
export class TimedEntries extends TimedReader implements WritableEntries {
  readonly name: string
  readonly #store: LayeredStore
  readonly #ttlMs: number
  readonly #context: WriteContext
  /** No note is of an earlier time. */
  #earliestNoteMs = 0
  #discards = 0

  constructor(store: LayeredStore, ttlMs: number, context: WriteContext) {
    super(store, ttlMs, () => Math.max(context.clock.streamTimeMs, store.observedMs))
    this.name = store.name
    this.#store = store
    this.#ttlMs = ttlMs
    this.#context = context
  }

  get discards(): number {
    return this.#store.discards
  }

  put(key: StorageKey, entry: LayerEntry): void {
    const { timestampMs, value } = entry
    const stored = timedKey(key)
    const before = this.#store.known(stored)
    if (before !== undefined && (value === null || before.timestampMs !== timestampMs)) {
      this.#store.put(noteKey(before.timestampMs, key), noteEntry(false))
    }
    this.#store.put(stored, entry)
    this.#store.observe(timestampMs)
    if (value === null) return
    this.#store.put(noteKey(timestampMs, key), noteEntry(true))
    this.#earliestNoteMs = Math.min(this.#earliestNoteMs, timestampMs)
  }

  want(key: StorageKey): void {
    this.#store.want(timedKey(key))
  }

  /** Takes note of the stream time, so that what is committed now is read as of it. */
  observe(): void {
    this.#store.observe(this.#context.clock.streamTimeMs)
  }

  /** Committed state was changed from below, so that there may be earlier notes. */
  notesChanged(): void {
    this.#earliestNoteMs = 0
  }

  /** Deletes values that have expired, the oldest first, at most {@link expiredAtOnce}; in the changelog too. */
  expire(): MaybePromise<void> {
    const nowMs = Math.max(this.#context.clock.streamTimeMs, this.#store.observedMs)
    const untilMs = nowMs - this.#ttlMs
    if (this.#discards !== this.#store.discards) {
      this.#discards = this.#store.discards
      this.#earliestNoteMs = 0
    }
    if (untilMs < this.#earliestNoteMs) return undefined
    const due = this.#dueNotes(untilMs)
    if (isPromise(due)) return due.then((notes) => this.#expireAll(notes, nowMs))
    return this.#expireAll(due, nowMs)
  }

  #dueNotes(untilMs: number): MaybePromise<readonly StorageKey[]> {
    const due: StorageKey[] = []
    this.#earliestNoteMs = Number.POSITIVE_INFINITY
    const walking = walk(this.#store.scan({ ...allNotes, reverse: false }, true), (batch) => {
      for (const { key } of batch) {
        const { timestampMs } = noteOf(key)
        if (timestampMs > untilMs || due.length === expiredAtOnce) {
          this.#earliestNoteMs = Math.min(this.#earliestNoteMs, timestampMs)
          return false
        }
        due.push(key)
      }
      return true
    })
    return isPromise(walking) ? walking.then(() => due) : due
  }

  #expireAll(notes: readonly StorageKey[], nowMs: number): MaybePromise<void> {
    const found = notes.map((note) => this.#store.find(timedKey(noteOf(note).key)))
    if (found.some((entry) => isPromise(entry))) {
      return Promise.all(found).then((entries) => this.#deleteExpired(notes, entries, nowMs))
    }
    this.#deleteExpired(notes, found as (StoredEntry | undefined)[], nowMs)
    return undefined
  }

  #deleteExpired(
    notes: readonly StorageKey[],
    entries: readonly (StoredEntry | undefined)[],
    nowMs: number,
  ): void {
    notes.forEach((note, at) => {
      this.#store.put(note, noteEntry(false))
      const entry = entries[at]
      // What was written since has a note of its own.
      if (entry === undefined || entry.timestampMs + this.#ttlMs > nowMs) return
      const { key } = noteOf(note)
      const deletion = new LayerEntry(storageKeyBytes(key), null, nowMs)
      this.#store.put(timedKey(key), deletion)
      this.#context.written(deletion)
    })
  }
}
