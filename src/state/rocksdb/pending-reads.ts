import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { StorageKey } from '../key-bytes.ts'
import type { StoreCommit, StoreShape } from '../state-engine.ts'
import type { CompactEntry } from '../stored-entry.ts'
import type { RocksDb } from './binding.ts'
import { databaseEntry } from './database-value.ts'
import type { StoreReadCache } from './read-cache.ts'

/** How many keys one multi-get asks for: each runs on one thread of the pool, and several run side by side. */
const keysMax = 1024

/** The store that a key is read of. */
export interface ReadTarget {
  readonly shape: StoreShape
  readonly cache: StoreReadCache
  /** A key in the database. */
  keyBytes(key: StorageKey): Buffer
}

interface Read {
  readonly entries: ReadTarget
  readonly key: StorageKey
  /** Whether the answer is likely to be asked for again. */
  keep: boolean
  /** Undefined for a prefetch, whose answer is for the cache alone. */
  readonly answer: PromiseWithAnswer | undefined
}

interface PromiseWithAnswer {
  readonly promise: Promise<CompactEntry | undefined>
  resolve(entry: CompactEntry | undefined): void
  reject(error: unknown): void
}

/** Brings reads of single keys together into multi-gets. */
export class PendingReads {
  readonly #database: RocksDb
  readonly #queued = new Map<ReadTarget, Map<StorageKey, Read>>()
  readonly #wanted = new Map<ReadTarget, Set<StorageKey>>()
  readonly #inFlight = new Set<{ readonly commits: StoreCommit[]; done: Promise<void> }>()
  readonly #committing = new Set<readonly StoreCommit[]>()
  #scheduled = false

  constructor(database: RocksDb) {
    this.#database = database
  }

  /** Reads one key, together with all others that are asked for before the current job of the event loop ends. */
  read(entries: ReadTarget, key: StorageKey, keep: boolean): Promise<CompactEntry | undefined> {
    const reads = ofStore(this.#queued, entries, () => new Map<StorageKey, Read>())
    const before = reads.get(key)
    if (before?.answer) {
      before.keep ||= keep
      return before.answer.promise
    }
    const answer = promiseWithAnswer()
    reads.set(key, { entries, key, keep, answer })
    if (!this.#scheduled) {
      this.#scheduled = true
      queueMicrotask(() => this.#readQueued())
    }
    return answer.promise
  }

  /** Notes a key for {@link loadWanted}. */
  want(entries: ReadTarget, key: StorageKey): void {
    ofStore(this.#wanted, entries, () => new Set<StorageKey>()).add(key)
  }

  loadWanted(): MaybePromise<void> {
    if (this.#wanted.size === 0) return undefined
    const reads: Read[] = []
    for (const [entries, keys] of this.#wanted) {
      for (const key of keys) reads.push({ entries, key, keep: true, answer: undefined })
    }
    this.#wanted.clear()
    return this.#readAll(reads)
  }

  /** Says that a commit begins: reads that are under way may bring what it replaces. Returns what ends it. */
  beginCommit(commits: readonly StoreCommit[]): () => void {
    for (const flight of this.#inFlight) flight.commits.push(...commits)
    this.#committing.add(commits)
    return () => this.#committing.delete(commits)
  }

  /** Resolves when no read is under way. */
  async settle(): Promise<void> {
    while (this.#inFlight.size > 0 || this.#scheduled) {
      await Promise.allSettled([...this.#inFlight].map(({ done }) => done))
    }
  }

  #readQueued(): void {
    this.#scheduled = false
    const reads: Read[] = []
    for (const byKey of this.#queued.values()) reads.push(...byKey.values())
    this.#queued.clear()
    this.#readAll(reads).catch((error: unknown) => {
      for (const { answer } of reads) answer?.reject(error)
    })
  }

  async #readAll(reads: readonly Read[]): Promise<void> {
    const parts: Promise<void>[] = []
    for (let at = 0; at < reads.length; at += keysMax) {
      parts.push(this.#readPart(reads.slice(at, at + keysMax)))
    }
    const settled = await Promise.allSettled(parts)
    for (const part of settled) if (part.status === 'rejected') throw part.reason
  }

  #readPart(reads: readonly Read[]): Promise<void> {
    const flight = { commits: [...this.#committing].flat(), done: Promise.resolve() }
    this.#inFlight.add(flight)
    flight.done = this.#readFlight(reads, flight.commits).finally(() =>
      this.#inFlight.delete(flight),
    )
    return flight.done
  }

  async #readFlight(reads: readonly Read[], commits: readonly StoreCommit[]): Promise<void> {
    const values = await this.#database.getMany(
      reads.map(({ entries, key }) => entries.keyBytes(key)),
    )
    const found = values.map((value) => (value === undefined ? undefined : databaseEntry(value)))
    await resolveValues(reads, found)
    reads.forEach(({ entries, key, keep, answer }, at) => {
      const entry = found[at]
      if (keep && !replaced(commits, entries, key)) entries.cache.set(key, entry ?? null)
      answer?.resolve(entry)
    })
  }
}

/** Whether a commit that ran beside the read has put something newer where the read would put its answer. */
function replaced(commits: readonly StoreCommit[], entries: ReadTarget, key: StorageKey): boolean {
  return commits.some(
    ({ storeName, layer }) => storeName === entries.shape.name && layer.get(key) !== undefined,
  )
}

async function resolveValues(
  reads: readonly Read[],
  found: readonly (CompactEntry | undefined)[],
): Promise<void> {
  const byStore = new Map<ReadTarget, CompactEntry[]>()
  reads.forEach(({ entries }, at) => {
    const entry = found[at]
    if (entry !== undefined) ofStore(byStore, entries, () => []).push(entry)
  })
  for (const [entries, values] of byStore) await entries.shape.resolveValues(values)
}

function ofStore<T>(map: Map<ReadTarget, T>, entries: ReadTarget, make: () => T): T {
  let value = map.get(entries)
  if (value === undefined) {
    value = make()
    map.set(entries, value)
  }
  return value
}

function promiseWithAnswer(): PromiseWithAnswer {
  let resolve!: (entry: CompactEntry | undefined) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<CompactEntry | undefined>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
