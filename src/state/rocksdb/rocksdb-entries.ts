import { writePacked } from '../../core/byte-text.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import { afterPrefix, storageKeyBytes, type KeyRange, type StorageKey } from '../key-bytes.ts'
import type { CommittedEntries, StoreShape } from '../state-engine.ts'
import type { Slot, SlotIndex } from '../slot.ts'
import { scanBatchEntries, type EntryScan, type StoredEntry } from '../stored-entry.ts'
import type { ByteRange, RocksDb } from './binding.ts'
import type { ByteBuffers } from './byte-buffers.ts'
import { countEntries } from './count-entries.ts'
import type { PendingReads, ReadTarget } from './pending-reads.ts'
import type { StoreReadCache } from './read-cache.ts'
import { RocksDbScan, type OpenWalks } from './rocksdb-scan.ts'
import { prefixLength, storePrefix, type StoreRow } from './store-table.ts'

/**
 * So many keys are wanted at most before their slots are looked up, which tells those that were wanted before. A processor
 * may want keys while no input arrives with which they would be loaded.
 */
const wantedMax = 4096

/** The committed entries of one store in a task's database. */
export class RocksDbEntries implements CommittedEntries, ReadTarget {
  readonly id: number
  readonly shape: StoreShape
  readonly segmentIntervalMs: number
  readonly cache: StoreReadCache
  /** Segments below this key have been dropped. */
  droppedBelow: StorageKey = ''
  observedMs = -1
  sequence = 0
  readonly #prefix: StorageKey
  readonly #database: RocksDb
  readonly #reads: PendingReads
  readonly #walks: OpenWalks
  #wanted: StorageKey[] = []

  constructor(
    shape: StoreShape,
    row: StoreRow,
    cache: StoreReadCache,
    database: RocksDb,
    reads: PendingReads,
    walks: OpenWalks,
  ) {
    this.id = row.id
    this.shape = shape
    this.segmentIntervalMs = row.segmentIntervalMs
    this.cache = cache
    this.#prefix = storePrefix(row.id)
    this.#database = database
    this.#reads = reads
    this.#walks = walks
  }

  peek(key: StorageKey): StoredEntry | null | undefined {
    const known = this.cache.peek(key)
    return known === undefined && this.cache.windows?.includes(key) === true ? null : known
  }

  read(key: StorageKey, keep: boolean): Promise<StoredEntry | undefined> {
    return this.#reads.read(this, key, keep)
  }

  want(key: StorageKey): void {
    this.#wanted.push(key)
    if (this.#wanted.length === wantedMax) this.readWanted()
  }

  /** Has what was wanted and is not at hand read. */
  readWanted(): void {
    if (this.#wanted.length === 0) return
    const keys = this.#wanted
    this.#wanted = []
    for (const slot of this.cache.takeAhead(keys)) this.#readAhead(slot)
  }

  get slots(): SlotIndex {
    return this.cache
  }

  scan(range: KeyRange, keysOnly: boolean): EntryScan {
    const bytes = this.byteRange(range.from, range.to)
    // RocksDB goes through a range whose ends are the wrong way round as if it were another.
    if (Buffer.compare(bytes.from, bytes.to) >= 0) return { nextBatch: () => [], close() {} }
    const cursor = this.#database.iterate(bytes, {
      reverse: range.reverse,
      keysOnly,
      batchEntries: scanBatchEntries,
    })
    return new RocksDbScan(cursor, this.shape, keysOnly, this.#walks)
  }

  count(): MaybePromise<number> {
    return countEntries(this.#database, this.byteRange('', undefined), this.#walks)
  }

  #readAhead(slot: Slot): void {
    if (slot.isGone || slot.isDirty || slot.committed !== undefined || slot.isRead) return
    if (this.cache.windows?.includes(slot.key)) {
      slot.committed = null
      return
    }
    slot.isRead = true
    this.#reads.want(this, slot)
  }

  /** A key in the database, in one of these buffers. */
  keyIn(buffers: ByteBuffers, key: StorageKey): Buffer {
    const bytes = buffers.take(prefixLength + key.length)
    bytes[0] = this.id >> 8
    bytes[1] = this.id & 0xff
    writePacked(key, bytes, prefixLength)
    return bytes
  }

  /** A key in the database. */
  keyBytes(key: StorageKey): Buffer {
    return storageKeyBytes(this.#prefix + key)
  }

  /** A range of the store's keys in the database. */
  byteRange(from: StorageKey, to: StorageKey | undefined): ByteRange {
    const end = to === undefined ? (afterPrefix(this.#prefix) as StorageKey) : this.#prefix + to
    return { from: this.keyBytes(from), to: storageKeyBytes(end) }
  }
}
