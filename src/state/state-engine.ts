import type { MaybePromise } from '../core/maybe-promise.ts'
import type { KeyRange, StorageKey } from './key-bytes.ts'
import type { StoreKind } from './store.ts'
import type { SlotIndex } from './slot.ts'
import type { ChangelogCursor } from './changelog-cursor.ts'
import type { WrittenEntries } from './written-entries.ts'
import type { EntryScan, ScannedEntry, StoredEntry } from './stored-entry.ts'

/** What an engine must know of a store to keep its entries. */
export interface StoreShape {
  readonly name: string
  readonly kind: StoreKind
  /** The topic of which an offset says how much of it the committed entries include. */
  readonly changelogTopic: string
  /** How many milliseconds of window starts expire together; 0 for a key-value store. */
  readonly segmentIntervalMs: number
  /** How the entries lie, where that is not the first way there was for the kind. */
  readonly variant: string | undefined
  /** Whether what the store holds can be had again, from a changelog or a topic. */
  readonly restorable: boolean
  /** Makes values that were read from disk deserializable; undefined where nothing is missing. */
  resolveValues(values: readonly StoredEntry[]): MaybePromise<void>
  /** The same for keys and values of a walk. */
  resolveScanned(entries: readonly ScannedEntry[], keysOnly: boolean): MaybePromise<void>
}

/** The committed entries of one store. */
export interface CommittedEntries {
  /** Where entries are kept for reading, to be shared with uncommitted writes; undefined where there is no such place. */
  readonly slots?: SlotIndex
  readonly segmentIntervalMs: number
  /** The highest window start that was committed, of a window store; −1 for none. */
  readonly observedMs: number
  /** The highest sequence number that was committed, of a store that retains duplicates; 0 for none. */
  readonly sequence: number
  /** What is known without waiting: an entry, null where there is none, undefined where the disk must be asked. */
  peek(key: StorageKey): StoredEntry | null | undefined
  /** Asks the disk; `keep` puts the answer where {@link peek} finds it. */
  read(key: StorageKey, keep: boolean): Promise<StoredEntry | undefined>
  /** Has a key read at the next {@link StateEngine.loadWanted}. */
  want(key: StorageKey): void
  /** Walks the entries as they are now, though values may be newer. */
  scan(range: KeyRange, keysOnly: boolean): EntryScan
  /** How many entries there are; an estimate where counting would be slow. */
  count(): MaybePromise<number>
}

/** The writes that a commit brings to one store. */
export interface StoreCommit {
  readonly storeName: string
  readonly layer: WrittenEntries
  /** Entries below this key have expired: they are dropped, and not written. */
  readonly dropBelow: StorageKey | undefined
  /** Whether what is written is likely to be read soon. */
  readonly keep: boolean
}

/** Keeps the committed state of a task's stores, in memory or on disk. */
export interface StateEngine {
  /** Whether values are made deserializable as they are read; otherwise that must be done before they are written. */
  readonly resolvesOnRead: boolean
  entries(storeName: string): CommittedEntries
  /** Reads all wanted keys at once; undefined where there are none. */
  loadWanted(): MaybePromise<void>
  /** Writes all of it or nothing, with the changelog offsets by store name. */
  commit(commits: readonly StoreCommit[], offsets: ReadonlyMap<string, number>): MaybePromise<void>
  /**
   * Takes changelog records of a store whose keys and values are those of the changelog into a batch of their own, while
   * batches before it may still be written; undefined where the engine has no quicker way than {@link commit}.
   */
  takeRestored?(storeName: string, records: ChangelogCursor): Promise<RestoredBatch>
  /** The changelog offset that a store's committed state includes. */
  offset(storeName: string): number | undefined
  /** The sum of the offsets of all stores. */
  readonly offsetSum: number
  /** Empties a store and forgets its offset. */
  clear(storeName: string): MaybePromise<void>
  sizes(): MaybePromise<EngineSizes>
  close(): MaybePromise<void>
}

/** Changelog records that were taken, to be written or discarded. */
export interface RestoredBatch {
  readonly records: number
  /** Writes them with the changelog offset after them. */
  write(nextOffset: number): Promise<void>
  discard(): void
}

export interface EngineSizes {
  readonly readCacheBytes: number
  readonly engineBytes: number
  /** Of the memory that the engine takes, what it tells of: for RocksDB memtables, cached blocks and table indexes. */
  readonly memoryBytes: number
}
