import { mkdir, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { systemClock, type Clock } from '../../core/clock.ts'
import { LifecycleError, messageOf, StateLockedError, StateStoreError } from '../../core/errors.ts'
import { parseTaskId, taskIdName, type TaskId } from '../../core/task-id.ts'
import { LayeredTaskState } from '../layered-task-state.ts'
import { MemoryEngine } from '../memory/memory-engine.ts'
import { prepareStores, type PlacedStore, type PreparedStore } from '../store-shape.ts'
import type { OpenTaskStateOptions, StateProvider, StoredTask, TaskState } from '../task-state.ts'
import type { BindingName, RocksDb, RocksDbBinding } from './binding.ts'
import { loadBinding } from './choose-binding.ts'
import { isLockError, type FolderLock } from './folder-lock.ts'
import {
  checkFormat,
  databaseFolder,
  neededFormat,
  recordOpened,
  unusable,
  type Opener,
} from './format-file.ts'
import { guardedDatabase } from './guarded-database.ts'
import { removeOldLogs } from './old-logs.ts'
import { processIdOf } from './process-id.ts'
import { RocksDbEngine } from './rocksdb-engine.ts'
import { notedOffsets, StoredOffsets } from './stored-offsets.ts'
import { taskMemory, type TaskMemory } from './task-memory.ts'
import { openFolder, type SharedFolder } from './state-folder.ts'

/** What {@link rocksDbState} takes. */
export interface RocksDbStateOptions {
  /** The state folder; one worker at a time may use it. Made where it is missing. */
  readonly folder: string
  /**
   * The npm package that opens the databases. `auto` tries each in a process of its own and takes the first that works
   * on this Node. The environment variable MILLRACE_ROCKSDB_BINDING comes before this. @defaultValue `'auto'`
   */
  readonly binding?: BindingName | 'auto'
  /**
   * Memory a task for blocks read from disk. `rocksdb-native` takes no size and uses 32 MiB. @defaultValue 32 MiB
   */
  readonly cacheBytes?: number
  /** Memory a task for writes that are in no table file yet; RocksDB may use twice as much. @defaultValue 16 MiB */
  readonly writeBufferBytes?: number
  /**
   * Memory a task for committed entries that are read again; what a task is opened with comes before this.
   * @defaultValue 48 MiB
   */
  readonly readCacheBytes?: number
  /**
   * Memory for the three above over all tasks of the application: each task gets the same part of it, where that is less
   * than it would have without. @defaultValue no such bound
   */
  readonly memoryBytes?: number
  /** @defaultValue the machine's */
  readonly clock?: Clock
}

/**
 * Keeps state in RocksDB databases in a folder, one database a task; stores declared with the engine `memory` stay in
 * memory.
 *
 * A process that is killed leaves each database at its last applied commit, with the changelog offset of that commit.
 * A machine that stops may lose the last commits, each as a whole: the offset then says from where to restore.
 *
 * The calls reject with `StateLockedError` where another worker uses the folder, `StateCorruptedError` where a task's
 * folder cannot be used, and `StateStoreError` where no binding works or the disk refuses.
 */
export function rocksDbState(options: RocksDbStateOptions): StateProvider {
  return new RocksDbState(options)
}

/**
 * The same for one of several threads, whose process has locked the folder. A task's folder that another thread has open
 * is waited for: the task is on its way from there to here.
 */
export function rocksDbThreadState(
  options: RocksDbStateOptions,
  shared: SharedFolder,
): StateProvider {
  return new RocksDbState(options, shared)
}

/** What opens the folder, whatever a task's stores need. */
type FolderOpener = Omit<Opener, 'format'>

interface OpenFolder {
  readonly opener: FolderOpener
  /** Undefined where the process holds it for its threads. */
  readonly lock: FolderLock | undefined
}

class RocksDbState implements StateProvider {
  readonly #folder: string
  readonly #options: RocksDbStateOptions
  readonly #clock: Clock
  readonly #shared: SharedFolder | undefined
  readonly #open = new Map<string, LayeredTaskState | undefined>()
  #binding: RocksDbBinding | undefined
  #opening: Promise<OpenFolder> | undefined
  #closing: Promise<void> | undefined
  #expectedTasks = 1

  constructor(options: RocksDbStateOptions, shared?: SharedFolder) {
    this.#folder = resolve(options.folder)
    this.#options = options
    this.#shared = shared
    this.#clock = options.clock ?? systemClock
  }

  get name(): string {
    const binding = this.#binding
    const by = binding ? `${binding.name} ${binding.packageVersion}` : 'rocksdb'
    return `${by} in ${this.#folder}`
  }

  expectTasks(count: number): void {
    this.#expectedTasks = Math.max(1, count)
  }

  async openTask(options: OpenTaskStateOptions): Promise<TaskState> {
    const name = this.#folderName(options.taskId)
    const { opener } = await this.#folderOpen()
    if (this.#open.has(name)) throw new LifecycleError(`The state of task ${name} is open already`)
    this.#open.set(name, undefined)
    try {
      await this.#shared?.acquire(name)
      const state = await this.#openTask(name, options, opener)
      this.#open.set(name, state)
      if (this.#closing) {
        await state.close()
        throw new LifecycleError(`The state folder ${this.#folder} was closed meanwhile`)
      }
      return state
    } catch (error) {
      this.#letGo(name)
      throw error
    }
  }

  async storedTasks(): Promise<StoredTask[]> {
    await this.#folderOpen()
    const tasks: StoredTask[] = []
    for (const entry of await readdir(this.#folder, { withFileTypes: true })) {
      const taskId = entry.isDirectory() ? parseTaskId(entry.name) : undefined
      if (!taskId) continue
      const open = this.#open.get(entry.name)
      const changelogOffsetSum =
        open?.changelogOffsetSum ?? (await notedOffsets(join(this.#folder, entry.name)))
      tasks.push({ ...taskId, changelogOffsetSum })
    }
    return tasks
  }

  async destroyTask(taskId: TaskId | 'global'): Promise<void> {
    const name = this.#folderName(taskId)
    await this.#folderOpen()
    if (this.#open.has(name)) {
      throw new LifecycleError(
        `The state of task ${name} is open; close the task before deleting it`,
      )
    }
    await this.#shared?.acquire(name)
    try {
      await rm(join(this.#folder, name), { recursive: true, force: true })
    } finally {
      this.#shared?.release(name)
    }
  }

  async processId(): Promise<string> {
    await this.#folderOpen()
    return this.#shared?.processId ?? (await processIdOf(this.#folder))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined)
    try {
      await Promise.all([...this.#open.values()].map((state) => state?.close()))
    } finally {
      await opened?.lock?.release()
    }
  }

  #folderOpen(): Promise<OpenFolder> {
    if (this.#closing) {
      return Promise.reject(new LifecycleError(`The state folder ${this.#folder} is closed`))
    }
    this.#opening ??= this.#openFolder().catch((error: unknown) => {
      // Another attempt may succeed: the other worker may have stopped.
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #openFolder(): Promise<OpenFolder> {
    const shared = this.#shared
    if (shared) {
      const { rocksDbVersion } = shared
      const binding = await loadBinding(shared.binding)
      this.#binding = binding
      return { opener: { binding, rocksDbVersion }, lock: undefined }
    }
    const wanted = this.#options.binding ?? 'auto'
    const { binding, lock } = await openFolder(this.#folder, wanted, this.#clock)
    this.#binding = binding
    return { opener: { binding, rocksDbVersion: lock.rocksDbVersion }, lock }
  }

  #folderName(taskId: TaskId | 'global'): string {
    if (taskId !== 'global') return taskIdName(taskId)
    // Of the global stores each thread has a copy of its own.
    return this.#shared ? `global-${this.#shared.thread}` : 'global'
  }

  #letGo(name: string): void {
    this.#open.delete(name)
    this.#shared?.release(name)
  }

  async #openTask(
    name: string,
    options: OpenTaskStateOptions,
    opener: FolderOpener,
  ): Promise<LayeredTaskState> {
    const stores = await prepareStores(options)
    const inMemory = stores.filter(({ spec }) => spec.engine === 'memory')
    const onDisk = stores.filter(({ spec }) => spec.engine !== 'memory')
    const memory = new MemoryEngine(inMemory.map(({ shape }) => shape))
    const disk =
      onDisk.length === 0 ? undefined : await this.#openDisk(name, options, onDisk, opener)
    const placed: PlacedStore[] = stores.map((store) => ({
      ...store,
      engine: disk === undefined || store.spec.engine === 'memory' ? memory : disk,
    }))
    // The disk first: only what it has taken may count as committed.
    const engines = disk === undefined ? [memory] : [disk, memory]
    return new LayeredTaskState(options, placed, engines, () => this.#letGo(name))
  }

  async #openDisk(
    name: string,
    options: OpenTaskStateOptions,
    stores: readonly PreparedStore[],
    folderOpener: FolderOpener,
  ): Promise<RocksDbEngine> {
    const folder = join(this.#folder, name)
    const shapes = stores.map(({ shape }) => shape)
    const opener: Opener = { ...folderOpener, format: neededFormat(shapes) }
    await mkdir(folder, { recursive: true })
    await checkFormat(folder, opener)
    const memory = taskMemory(this.#options, this.#expectedTasks)
    const database = await this.#openDatabase(folder, opener.binding, memory)
    try {
      await recordOpened(folder, opener)
      const readCacheBytes = options.readCacheBytes ?? memory.readCacheBytes
      const noted = new StoredOffsets(folder, await notedOffsets(folder))
      return await RocksDbEngine.open(database, shapes, {
        clock: this.#clock,
        readCacheBytes,
        noted,
      })
    } catch (error) {
      await database.close()
      throw error
    }
  }

  async #openDatabase(
    folder: string,
    binding: RocksDbBinding,
    { cacheBytes, writeBufferBytes }: TaskMemory,
  ): Promise<RocksDb> {
    const path = databaseFolder(folder)
    try {
      const database = await binding.open(path, { cacheBytes, writeBufferBytes })
      await removeOldLogs(path)
      return guardedDatabase(database, folder)
    } catch (error) {
      if (isLockError(error)) {
        throw new StateLockedError(
          `The state folder ${folder} is in use by another process: ${messageOf(error)}`,
          { cause: error },
        )
      }
      if (isDamage(error)) {
        throw unusable(
          folder,
          `${binding.name} ${binding.packageVersion} says '${messageOf(error)}'`,
          error,
        )
      }
      throw new StateStoreError(
        `The state folder ${folder} cannot be opened: ${messageOf(error)}`,
        {
          cause: error,
        },
      )
    }
  }
}

/** Whether RocksDB complains of what it found on the disk, not of the disk. */
function isDamage(error: unknown): boolean {
  return !/No space left|Permission denied|Read-only file system|Too many open files/i.test(
    messageOf(error),
  )
}
