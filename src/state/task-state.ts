import type { PackedBytes } from '../core/byte-text.ts'
import type { AsyncCloseable } from '../core/disposable.ts'
import type { Headers } from '../core/headers.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { TaskId } from '../core/task-id.ts'
import type { ChangelogCursor } from './changelog-cursor.ts'
import type { SerdeEnvironment } from '../serdes/serde.ts'
import type { StateStore } from './store.ts'
import type { StoreSpec } from './store-spec.ts'
import type { LastWrite } from './last-write.ts'
import type { UndoLog } from './undo-log.ts'

/** What a store needs of the task while it processes a record; the task keeps the fields up to date. */
export interface StoreClock {
  /** Event time of the record in process. */
  recordTimestampMs: number
  /** The highest event time that the task has seen. */
  streamTimeMs: number
  /** Headers of the record in process, for stores that keep them; none where undefined. */
  recordHeaders?: Headers | undefined
  /** Where stores note what is written to them, for a task that may need it again. @internal */
  readonly lastWrite?: LastWrite
}

/** One write, as it goes to the changelog topic; bytes may be strings of one character a byte. */
export interface Change {
  readonly storeName: string
  /** The changelog key; for a window store key, window start (8 bytes) and sequence number (4), as in Java. */
  readonly key: PackedBytes
  readonly value: PackedBytes | null
  readonly timestampMs: number
  readonly headers: Headers
}

/** Takes a {@link Change} in parts: one is written for each record, and an object for each would be a lot of garbage. */
export type WriteChange = (
  storeName: string,
  key: PackedBytes,
  value: PackedBytes | null,
  timestampMs: number,
  headers: Headers,
) => void

/** One record of a changelog topic. */
export interface ChangelogRecord {
  readonly key: Buffer
  readonly value: Buffer | null
  readonly timestampMs: number
  /** Needed for stores that keep headers; see {@link TaskState.keepsHeaders}. */
  readonly headers?: Headers
}

/** Where in a store's changelog fetched records lie. */
export interface ChangelogPlace {
  /** The offset that the state must include before them: another is refused, which would leave a gap. */
  readonly after: number | undefined
  /** The offset that the state includes with them. */
  readonly nextOffset: number
}

/** Changelog records that are being written. */
export interface TakenRecords {
  readonly records: number
  /** Resolves when the state includes them. Rejects where they, or records taken before them, could not be written. */
  readonly written: Promise<void>
}

/** A task that has state here. */
export interface StoredTask extends TaskId {
  /**
   * How many records of its changelogs the state includes, by their offsets: what is held against the changelogs' ends.
   * May be behind where a task is not open whose worker was killed.
   */
  readonly changelogOffsetSum: number
}

/** Opens the state of tasks: in memory, or in a state folder that it holds the lock of. */
export interface StateProvider extends AsyncCloseable {
  /** For messages: `memory`, or the folder and binding. */
  readonly name: string
  openTask(options: OpenTaskStateOptions): Promise<TaskState>
  /** Says how many tasks there may come to be, so that a provider whose memory is bounded gives each its part of it. */
  expectTasks?(count: number): void
  /** The tasks that have state here, open or not; what sticky assignment looks at. */
  storedTasks(): Promise<StoredTask[]>
  /**
   * Names the worker that the state belongs to: the same after a restart on the same state. Undefined where nothing is
   * kept. Source: the process id in Java's `StateDirectory`.
   */
  processId?(): Promise<string>
  /** Deletes the state of a task that is not open. */
  destroyTask(taskId: TaskId | 'global'): Promise<void>
}

export interface OpenTaskStateOptions {
  readonly taskId: TaskId | 'global'
  readonly specs: readonly StoreSpec[]
  readonly clock: StoreClock
  readonly environment: SerdeEnvironment
  /** The changelog topic of a store: the topic that its serdes are told. */
  changelogTopic(storeName: string): string
  /**
   * Whether what a store holds can be had again, from its changelog or another topic. @defaultValue stores whose logging
   * is on, and global ones
   */
  isRestorable?(storeName: string): boolean
  /** Called at each write of a store whose logging says `everyUpdate`, or as {@link logsAtOnce} says. */
  readonly onChange?: (change: Change) => void
  /**
   * Whether writes may go to the changelog before the commit that they belong to, as in a transaction. They do then
   * where hardly any key is written again before the next commit: while key and value are at hand that costs less, and
   * the commit has less to wait for. @defaultValue false
   */
  readonly logsAtOnce?: boolean
  /** Called for each write of a window that had expired already, and was therefore dropped. */
  readonly onExpired?: (storeName: string, windowStartMs: number) => void
  /** Bytes of committed entries that may be kept decoded or raw for reading. */
  readonly readCacheBytes?: number
}

/**
 * All stores of one task: an uncommitted layer over committed state.
 *
 * Writes collect in the uncommitted layer. `seal` sets them aside for a commit and starts the next layer, so that
 * processing goes on while the commit is in flight; reads see the open layer, then the sealed one, then committed
 * state. When the broker has said committed, `apply` writes the sealed layer and the changelog offsets it corresponds
 * to in one atomic batch. Nothing uncommitted ever reaches the disk.
 */
export interface TaskState extends AsyncCloseable {
  store(name: string): StateStore
  /** Has every write noted in the log while that is open, so that it can be undone; to be called before the first. */
  keepUndo(undo: UndoLog): void
  /** Reads everything that `prefetch` asked for, in one multi-get; undefined where all is at hand. */
  loadPrefetched(): MaybePromise<void>
  /**
   * Deletes values that have expired by stream time, at most 1,000 a store, the oldest first, in the changelog too; to
   * be called before each commit, while no record is in process. Readers do not see them whether or not they are gone.
   */
  expire(): MaybePromise<void>
  /** Whether a store's changelog records are to be restored with their headers. */
  keepsHeaders(storeName: string): boolean
  /** Bytes in the open and the sealed layer. */
  readonly uncommittedBytes: number
  /** Sets the open layer aside. Throws `LifecycleError` while another sealed layer is not applied. */
  seal(): SealedChanges
  /**
   * Makes the sealed layer committed. `changelogOffsets`: by store name, the offset after the last record of the
   * store's changelog that this state includes.
   */
  apply(sealed: SealedChanges, changelogOffsets: ReadonlyMap<string, number>): Promise<void>
  /** Drops the open and the sealed layer: the state is what was last committed. */
  discard(): void
  /** The changelog offset that committed state includes; undefined where the store must be restored from the start. */
  changelogOffset(storeName: string): number | undefined
  /** Applies changelog records straight to committed state, with the offset after them, atomically. */
  restore(storeName: string, records: readonly ChangelogRecord[], nextOffset: number): Promise<void>
  /**
   * The same for records as they were fetched. Resolves when they are taken, so that more can be taken while these are
   * written; they are written in the order of the calls, and none where one before could not be.
   */
  restoreFetched(
    storeName: string,
    records: ChangelogCursor | readonly ChangelogRecord[],
    place: ChangelogPlace,
  ): Promise<TakenRecords>
  /** A key and a value as the store writes them to its changelog. Throws `SerializationError`. */
  serialized(
    storeName: string,
    key: unknown,
    value: unknown,
  ): Pick<ChangelogRecord, 'key' | 'value'>
  /** Empties one store, as before a restore from the start. */
  clear(storeName: string): Promise<void>
  /** The store as of the last commit, read-only; what queries see. Stays valid until the task is closed. */
  committedStore(name: string): StateStore
  /** Sizes for metrics: entries and bytes, estimates where counting is slow. */
  statistics(): MaybePromise<StateStatistics>
}

export interface SealedChanges {
  readonly count: number
  /**
   * Gives the last write of each key, of the stores that log the last one only, one after the other: what the changelog
   * must get.
   */
  writeChangelog(write: WriteChange): void
}

export interface StateStatistics {
  readonly uncommittedBytes: number
  readonly readCacheBytes: number
  readonly engineBytes: number
  /** Of the memory that the engine takes, what it tells of. */
  readonly engineMemoryBytes: number
}
