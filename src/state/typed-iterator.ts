import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { StoreIterator } from './store.ts'
import type { EntryScan, ScannedEntry } from './stored-entry.ts'

/** Turns a walk over bytes into one over keys and values. `read` leaves out what it answers undefined to. */
export class TypedIterator<T> implements StoreIterator<T> {
  readonly #scan: EntryScan
  readonly #read: (scanned: ScannedEntry) => T | undefined
  #closed = false

  constructor(scan: EntryScan, read: (scanned: ScannedEntry) => T | undefined) {
    this.#scan = scan
    this.#read = read
  }

  nextBatch(): MaybePromise<readonly T[]> {
    while (!this.#closed) {
      const batch = this.#scan.nextBatch()
      if (isPromise(batch)) {
        return batch.then((scanned) => {
          if (scanned.length === 0 || this.#closed) return []
          const typed = this.#typed(scanned)
          return typed.length > 0 ? typed : this.nextBatch()
        })
      }
      if (batch.length === 0) break
      const typed = this.#typed(batch)
      if (typed.length > 0) return typed
    }
    return []
  }

  close(): MaybePromise<void> {
    if (this.#closed) return undefined
    this.#closed = true
    return this.#scan.close()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    try {
      for (;;) {
        const batch = await this.nextBatch()
        if (batch.length === 0) return
        yield* batch
      }
    } finally {
      await this.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #typed(batch: readonly ScannedEntry[]): T[] {
    const typed: T[] = []
    for (const scanned of batch) {
      const read = this.#read(scanned)
      if (read !== undefined) typed.push(read)
    }
    return typed
  }
}

/** A walk over nothing. */
export const emptyScan: EntryScan = { nextBatch: () => [], close() {} }

/** Walks one after another. */
export function concatScans(scans: readonly EntryScan[]): EntryScan {
  let at = 0
  return {
    nextBatch(): MaybePromise<readonly ScannedEntry[]> {
      for (; at < scans.length; at++) {
        const batch = (scans[at] as EntryScan).nextBatch()
        if (isPromise(batch)) {
          return batch.then((scanned) => {
            if (scanned.length > 0) return scanned
            at++
            return this.nextBatch()
          })
        }
        if (batch.length > 0) return batch
      }
      return []
    },
    close(): MaybePromise<void> {
      at = scans.length
      const closing = scans.map((scan) => scan.close()).filter((closed) => isPromise(closed))
      return closing.length === 0 ? undefined : Promise.all(closing).then(() => undefined)
    },
  }
}
