import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { StorageKey } from '../key-bytes.ts'
import type { Slot } from '../slot.ts'
import type { StoreShape } from '../state-engine.ts'
import type { LayerEntry } from '../layer-entry.ts'
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
  /** Where the answer is kept; undefined where it is not likely to be asked for again. */
  slot: Slot | undefined
  /** Undefined for a prefetch, whose answer is for the cache alone. */
  readonly answer: PromiseWithAnswer | undefined
}

interface PromiseWithAnswer {
  readonly promise: Promise<LayerEntry | undefined>
  resolve(entry: LayerEntry | undefined): void
  reject(error: unknown): void
}

/** Brings reads of single keys together into multi-gets. */
export class PendingReads {
  readonly #database: RocksDb
  readonly #queued = new Map<ReadTarget, Map<StorageKey, Read>>()
  #wanted: Read[] = []
  readonly #inFlight = new Set<Promise<void>>()
  #scheduled = false

  constructor(database: RocksDb) {
    this.#database = database
  }

  /** Reads one key, together with all others that are asked for before the current job of the event loop ends. */
  read(entries: ReadTarget, key: StorageKey, keep: boolean): Promise<LayerEntry | undefined> {
    const reads = ofStore(this.#queued, entries, () => new Map<StorageKey, Read>())
    let read = reads.get(key)
    if (read === undefined) {
      read = { entries, key, slot: undefined, answer: promiseWithAnswer() }
      reads.set(key, read)
    }
    if (keep && read.slot === undefined) {
      read.slot = entries.cache.take(key)
      read.slot.isRead = true
    }
    if (!this.#scheduled) {
      this.#scheduled = true
      queueMicrotask(() => this.#readQueued())
    }
    return read.answer!.promise
  }

  /** Notes a slot whose key is to be read by {@link loadWanted}. */
  want(entries: ReadTarget, slot: Slot): void {
    this.#wanted.push({ entries, key: slot.key, slot, answer: undefined })
  }

  loadWanted(): MaybePromise<void> {
    if (this.#wanted.length === 0) return undefined
    const reads = this.#wanted
    this.#wanted = []
    return this.#readAll(reads)
  }

  /** Resolves when no read is under way. */
  async settle(): Promise<void> {
    while (this.#inFlight.size > 0 || this.#scheduled) {
      await Promise.allSettled(this.#inFlight)
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
    const flight = this.#readFlight(reads).finally(() => this.#inFlight.delete(flight))
    this.#inFlight.add(flight)
    return flight
  }

  async #readFlight(reads: readonly Read[]): Promise<void> {
    try {
      const values = await this.#database.getMany(
        reads.map(({ entries, key }) => entries.keyBytes(key)),
      )
      const found = values.map((value) => (value === undefined ? undefined : databaseEntry(value)))
      await resolveValues(reads, found)
      reads.forEach(({ entries, slot, answer }, at) => {
        const entry = found[at]
        if (slot !== undefined) entries.cache.answered(slot, entry ?? null)
        answer?.resolve(entry)
      })
    } catch (error) {
      for (const { slot } of reads) if (slot !== undefined) slot.isRead = false
      throw error
    }
  }
}

async function resolveValues(
  reads: readonly Read[],
  found: readonly (LayerEntry | undefined)[],
): Promise<void> {
  const byStore = new Map<ReadTarget, LayerEntry[]>()
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
  let resolve!: (entry: LayerEntry | undefined) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<LayerEntry | undefined>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
