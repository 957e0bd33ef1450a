import type { Clock } from '../../core/clock.ts'
import { StateStoreError } from '../../core/errors.ts'
import type { ChangelogCursor } from '../changelog-cursor.ts'
import type {
  EngineSizes,
  RestoredBatch,
  StateEngine,
  StoreCommit,
  StoreShape,
} from '../state-engine.ts'
import type { RocksDb, RocksDbBatch } from './binding.ts'
import { CachedWindows } from './cached-windows.ts'
import { includedOffset } from './changelog-fact.ts'
import { databaseValue } from './database-value.ts'
import { fillBatch } from './fill-batch.ts'
import { freshBuffers, ReusedBuffers, type ByteBuffers } from './byte-buffers.ts'
import { PendingReads } from './pending-reads.ts'
import { ReadCacheBudget } from './read-cache.ts'
import { RocksDbEntries } from './rocksdb-entries.ts'
import type { OpenWalks } from './rocksdb-scan.ts'
import type { WrittenEntries } from '../written-entries.ts'
import type { StoredOffsets } from './stored-offsets.ts'
import { factKey, numberBytes, openStoreTable, putClearing, readNumber } from './store-table.ts'

/**
 * After so many writes put into a batch the event loop gets its turn: some 40 ms. Records are processed then, whose writes
 * the next commit brings: where each commit gave many turns away, commits grew to 200,000 writes, and memory with them.
 */
const writesPerTurn = 32_768

/** Of so many writes, all that is needed is fetched from memory before the first is dealt with. */
const writesAtHand = 128

/** What an engine works with. */
export interface RocksDbEngineOptions {
  readonly clock: Clock
  readonly readCacheBytes: number
  readonly noted: StoredOffsets
}

/**
 * Keeps committed state in a RocksDB database, one a task, with the changelog offsets beside it: a commit writes both
 * in one batch, which is on disk as a whole or not at all.
 */
export class RocksDbEngine implements StateEngine {
  readonly resolvesOnRead = true
  readonly #database: RocksDb
  readonly #clock: Clock
  readonly #noted: StoredOffsets
  readonly #cache: ReadCacheBudget
  readonly #reads: PendingReads
  readonly #walks: OpenWalks = new Set()
  readonly #stores = new Map<string, RocksDbEntries>()
  readonly #offsets = new Map<string, number>()
  readonly #buffers = new ReusedBuffers()
  /** Kept so that what is fetched from memory is also read; of no meaning. */
  #fetched = 0

  private constructor(database: RocksDb, { clock, readCacheBytes, noted }: RocksDbEngineOptions) {
    this.#database = database
    this.#clock = clock
    this.#noted = noted
    this.#cache = new ReadCacheBudget(readCacheBytes)
    this.#reads = new PendingReads(database)
  }

  /** Reads what the database knows of these stores, and enters the new ones. */
  static async open(
    database: RocksDb,
    shapes: readonly StoreShape[],
    options: RocksDbEngineOptions,
  ): Promise<RocksDbEngine> {
    const engine = new RocksDbEngine(database, options)
    await engine.#load(shapes)
    return engine
  }

  entries(storeName: string): RocksDbEntries {
    const entries = this.#stores.get(storeName)
    if (!entries) throw new StateStoreError(`The store ${storeName} is not in this database`)
    return entries
  }

  loadWanted(): Promise<void> | undefined {
    for (const entries of this.#stores.values()) entries.readWanted()
    return this.#reads.loadWanted() as Promise<void> | undefined
  }

  commit(
    commits: readonly StoreCommit[],
    offsets: ReadonlyMap<string, number>,
  ): Promise<void> | undefined {
    const moved = [...offsets].filter(
      ([name, offset]) => this.#stores.has(name) && this.#offsets.get(name) !== offset,
    )
    if (moved.length === 0 && commits.every((commit) => this.#changesNothing(commit))) {
      return undefined
    }
    return this.#commit(commits, moved)
  }

  async takeRestored(storeName: string, cursor: ChangelogCursor): Promise<RestoredBatch> {
    const entries = this.entries(storeName)
    const batch = this.#database.batch()
    try {
      const records = await fillBatch(cursor, {
        batch,
        buffers: batch.copiesAtOnce ? this.#buffers : freshBuffers,
        storeId: entries.id,
        clock: this.#clock,
        recordsPerTurn: writesPerTurn,
      })
      return {
        records,
        write: async (nextOffset) => {
          await this.#write(batch, [[storeName, nextOffset]])
          // Which keys these were is not known any more.
          if (records > 0) entries.cache.clear()
        },
        discard: () => batch.discard(),
      }
    } catch (error) {
      batch.discard()
      throw error
    }
  }

  offset(storeName: string): number | undefined {
    return this.#offsets.get(storeName)
  }

  get offsetSum(): number {
    let sum = 0
    for (const offset of this.#offsets.values()) sum += offset
    return sum
  }

  async clear(storeName: string): Promise<void> {
    const entries = this.entries(storeName)
    const begin = this.#database.batch()
    putClearing(begin, entries.id)
    await begin.write()
    this.#offsets.delete(storeName)
    await this.#finishClearing(entries)
    entries.cache.clear()
    entries.observedMs = -1
    entries.sequence = 0
    entries.droppedBelow = ''
  }

  async sizes(): Promise<EngineSizes> {
    const whole = { from: Buffer.from([0]), to: Buffer.from([0xff, 0xff]) }
    const property = async (name: string): Promise<number> =>
      (await this.#database.numberProperty(`rocksdb.${name}`)) ?? 0
    const [files, tables, blocks, indexes] = await Promise.all([
      this.#database.approximateBytes(whole),
      property('cur-size-all-mem-tables'),
      property('block-cache-usage'),
      property('estimate-table-readers-mem'),
    ])
    const memoryBytes = tables + blocks + indexes
    return { readCacheBytes: this.#cache.bytes, engineBytes: files + tables, memoryBytes }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#walks].map((walk) => walk.abort()))
    await this.#reads.settle()
    await this.#database.close()
    await this.#noted.close(this.offsetSum)
  }

  async #load(shapes: readonly StoreShape[]): Promise<void> {
    const table = await openStoreTable(this.#database, shapes)
    for (const shape of shapes) {
      const row = table.get(shape.name)
      if (row === undefined) continue
      const cache = this.#cache.cache()
      const entries = new RocksDbEntries(
        shape,
        row,
        cache,
        this.#database,
        this.#reads,
        this.#walks,
      )
      const offset = await includedOffset(this.#database, shape, row)
      const [observed, sequence, clearing] = await this.#database.getMany([
        factKey('observed', row.id),
        factKey('sequence', row.id),
        factKey('clearing', row.id),
      ])
      if (offset !== undefined) this.#offsets.set(shape.name, offset)
      if (observed !== undefined) entries.observedMs = readNumber(observed)
      if (sequence !== undefined) entries.sequence = readNumber(sequence)
      if (clearing !== undefined) await this.#finishClearing(entries)
      // Of a store that retains duplicates, no single entry is asked for.
      if (shape.kind === 'window' && shape.variant === undefined) {
        cache.windows = new CachedWindows(entries.observedMs)
      }
      this.#stores.set(shape.name, entries)
    }
  }

  async #finishClearing(entries: RocksDbEntries): Promise<void> {
    await this.#database.clearRange(entries.byteRange('', undefined))
    const end = this.#database.batch()
    end.delete(factKey('clearing', entries.id))
    await end.write()
  }

  #changesNothing({ storeName, layer }: StoreCommit): boolean {
    return layer.size === 0 && layer.observedMs <= this.entries(storeName).observedMs
  }

  async #commit(
    commits: readonly StoreCommit[],
    offsets: readonly (readonly [string, number])[],
  ): Promise<void> {
    const batch = this.#database.batch()
    const buffers = batch.copiesAtOnce ? this.#buffers : freshBuffers
    for (const commit of commits) await this.#put(batch, buffers, commit)
    for (const commit of commits) if (!commit.keep) this.#lostWindows(commit)
    try {
      await this.#write(batch, offsets)
    } catch (error) {
      // It may be on disk after all.
      for (const commit of commits) this.#lostWindows(commit)
      throw error
    }
    for (const commit of commits) await this.#written(commit)
    for (const commit of commits) await this.#dropExpired(commit)
  }

  async #write(
    batch: RocksDbBatch,
    offsets: readonly (readonly [string, number])[],
  ): Promise<void> {
    for (const [storeName, offset] of offsets) {
      batch.put(factKey('offset', this.entries(storeName).id), numberBytes(offset))
    }
    await batch.write()
    for (const [storeName, offset] of offsets) this.#offsets.set(storeName, offset)
    this.#noted.moved(this.offsetSum)
  }

  /** Says that what a commit brings is on disk and not in memory. */
  #lostWindows({ storeName, layer }: StoreCommit): void {
    const { cache, observedMs } = this.entries(storeName)
    cache.windows?.lostUntil(Math.max(observedMs, layer.observedMs))
  }

  async #put(
    batch: RocksDbBatch,
    buffers: ByteBuffers,
    { storeName, layer, dropBelow }: StoreCommit,
  ): Promise<void> {
    const entries = this.entries(storeName)
    for (let at = 0; at < layer.size; at++) {
      if (at > 0 && at % writesPerTurn === 0) await this.#clock.yieldToEventLoop()
      if (at % writesAtHand === 0) this.#fetchWrites(layer, at)
      const key = layer.key(at)
      if (dropBelow !== undefined && key < dropBelow) continue
      const { value, timestampMs } = layer.entry(at)
      const keyBytes = entries.keyIn(buffers, key)
      if (value === null) batch.delete(keyBytes)
      else batch.put(keyBytes, databaseValue(value, timestampMs, buffers))
    }
    if (layer.observedMs > entries.observedMs) {
      batch.put(factKey('observed', entries.id), numberBytes(layer.observedMs))
    }
    if (layer.sequence > entries.sequence) {
      batch.put(factKey('sequence', entries.id), numberBytes(layer.sequence))
    }
  }

  /**
   * Reads a little of some writes. They lie all over memory; read in one go, the processor fetches several at once, where
   * each would be waited for otherwise.
   */
  #fetchWrites(layer: WrittenEntries, from: number): void {
    const to = Math.min(from + writesAtHand, layer.size)
    let fetched = 0
    for (let at = from; at < to; at++) fetched += layer.key(at).length
    for (let at = from; at < to; at++) fetched += layer.entry(at).length
    this.#fetched = (this.#fetched + fetched) | 0
  }

  /** The same for what is needed to keep them. */
  #fetchKept(layer: WrittenEntries, from: number): void {
    const to = Math.min(from + writesAtHand, layer.size)
    let fetched = 0
    for (let at = from; at < to; at++) fetched += layer.entry(at).length
    for (let at = from; at < to; at++) fetched += layer.slot(at)?.committed?.length ?? 0
    this.#fetched = (this.#fetched + fetched) | 0
  }

  /** Brings what is known of the store up to what is on disk now. */
  async #written({ storeName, layer, dropBelow, keep }: StoreCommit): Promise<void> {
    const entries = this.entries(storeName)
    entries.observedMs = Math.max(entries.observedMs, layer.observedMs)
    entries.sequence = Math.max(entries.sequence, layer.sequence)
    const { cache } = entries
    for (let at = 0; at < layer.size; at++) {
      if (at > 0 && at % writesPerTurn === 0) await this.#clock.yieldToEventLoop()
      if (at % writesAtHand === 0) this.#fetchKept(layer, at)
      const key = layer.key(at)
      if (!keep || (dropBelow !== undefined && key < dropBelow)) {
        cache.forget(key)
        continue
      }
      const entry = layer.entry(at)
      cache.keep(layer.slot(at) ?? cache.take(key), entry.value === null ? null : entry.committed())
    }
  }

  /** Drops whole segments that have expired. Nothing reads them any more, so a crash before this loses nothing. */
  async #dropExpired({ storeName, dropBelow }: StoreCommit): Promise<void> {
    const entries = this.entries(storeName)
    if (dropBelow === undefined || dropBelow <= entries.droppedBelow) return
    await this.#database.clearRange(entries.byteRange(entries.droppedBelow, dropBelow))
    entries.droppedBelow = dropBelow
  }
}
