import { StateStoreNotAvailableError } from '../../core/errors.ts'
import type { StoreShape } from '../state-engine.ts'
import { noEntry, type EntryScan, type ScannedEntry } from '../stored-entry.ts'
import type { RocksDbCursor } from './binding.ts'
import { databaseEntry } from './database-value.ts'
import { prefixLength } from './store-table.ts'

/** The walks under way over a database; all must end before it can be closed. */
export type OpenWalks = Set<{ abort(): Promise<void> }>

/** A walk over committed entries on disk. */
export class RocksDbScan implements EntryScan {
  readonly #cursor: RocksDbCursor
  readonly #shape: StoreShape
  readonly #keysOnly: boolean
  readonly #walks: OpenWalks
  #reading: Promise<unknown> = Promise.resolve()
  #closed = false
  #aborted = false

  constructor(cursor: RocksDbCursor, shape: StoreShape, keysOnly: boolean, walks: OpenWalks) {
    this.#cursor = cursor
    this.#shape = shape
    this.#keysOnly = keysOnly
    this.#walks = walks
    walks.add(this)
  }

  nextBatch(): Promise<readonly ScannedEntry[]> {
    const batch = this.#reading.then(() => this.#read())
    this.#reading = batch.catch(() => undefined)
    return batch
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#reading
    await this.#cursor.close()
    this.#walks.delete(this)
  }

  /** Ends the walk because the store is closed: whoever walks is told, and does not take it for the end. */
  async abort(): Promise<void> {
    this.#aborted = true
    await this.close()
  }

  async #read(): Promise<readonly ScannedEntry[]> {
    if (this.#aborted) {
      throw new StateStoreNotAvailableError(
        `The store ${this.#shape.name} was closed while it was iterated over`,
      )
    }
    if (this.#closed) return []
    const batch = (await this.#cursor.next()).map(([key, value]) => ({
      key: key.toString('latin1', prefixLength),
      entry: value === undefined ? noEntry : databaseEntry(value),
    }))
    // The end frees the database's snapshot, whether or not the walk is closed.
    if (batch.length === 0) await this.#cursor.close()
    await this.#shape.resolveScanned(batch, this.#keysOnly)
    return batch
  }
}
