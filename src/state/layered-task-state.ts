import {
  LifecycleError,
  StateStoreError,
  StateStoreNotAvailableError,
  StreamsError,
  messageOf,
} from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { taskIdName, type TaskId } from '../core/task-id.ts'
import { SealedLayers } from './sealed-layers.ts'
import type { EngineSizes, StateEngine, StoreCommit } from './state-engine.ts'
import type { StateStore } from './store.ts'
import type { PlacedStore } from './store-shape.ts'
import { TaskStore } from './task-store.ts'
import type { UndoLog } from './undo-log.ts'
import type { WrittenEntries } from './written-entries.ts'
import type { ChangelogCursor } from './changelog-cursor.ts'
import { changelogRecords } from './changelog-records.ts'
import type {
  ChangelogPlace,
  ChangelogRecord,
  OpenTaskStateOptions,
  SealedChanges,
  StateStatistics,
  TakenRecords,
  TaskState,
} from './task-state.ts'

/** The stores of one task, over the engines that keep their committed state. */
export class LayeredTaskState implements TaskState {
  readonly #taskId: TaskId | 'global'
  readonly #engines: readonly StateEngine[]
  readonly #stores = new Map<string, TaskStore>()
  readonly #onClosed: () => void
  #sealed: SealedLayers | undefined
  // Commits, restores and clears, one after the other.
  #writing: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(
    options: OpenTaskStateOptions,
    placed: readonly PlacedStore[],
    engines: readonly StateEngine[],
    onClosed: () => void,
  ) {
    this.#taskId = options.taskId
    this.#engines = engines
    this.#onClosed = onClosed
    const checkOpen = (): void => this.#checkOpen()
    for (const store of placed) {
      this.#stores.set(store.shape.name, new TaskStore(store, options, checkOpen))
    }
  }

  store(name: string): StateStore {
    return this.#store(name).live
  }

  committedStore(name: string): StateStore {
    return this.#store(name).committed
  }

  /** Over all stores. */
  get changelogOffsetSum(): number {
    return this.#engines.reduce((sum, { offsetSum }) => sum + offsetSum, 0)
  }

  /** A store and the engine beneath it. @internal */
  placed(name: string): TaskStore {
    return this.#store(name)
  }

  keepUndo(undo: UndoLog): void {
    for (const { layered } of this.#stores.values()) layered.keepUndo(undo)
  }

  loadPrefetched(): MaybePromise<void> {
    this.#checkOpen()
    const loading: Promise<void>[] = []
    for (const engine of this.#engines) {
      const loaded = engine.loadWanted()
      if (isPromise(loaded)) loading.push(loaded)
    }
    if (loading.length <= 1) return loading[0]
    return Promise.all(loading).then(() => undefined)
  }

  expire(): MaybePromise<void> {
    this.#checkOpen()
    let expiring: MaybePromise<void> = undefined
    for (const store of this.#stores.values()) {
      expiring = andThen(expiring, () => store.expire())
    }
    return expiring
  }

  keepsHeaders(storeName: string): boolean {
    return this.#store(storeName).keepsHeaders
  }

  get uncommittedBytes(): number {
    let bytes = 0
    for (const { layered } of this.#stores.values()) bytes += layered.uncommittedBytes
    return bytes
  }

  seal(): SealedChanges {
    this.#checkOpen()
    if (this.#sealed) {
      throw new LifecycleError(
        `${this.#name}: the changes sealed before are not applied yet; apply or discard them first`,
      )
    }
    this.#sealed = new SealedLayers([...this.#stores.values()])
    return this.#sealed
  }

  async apply(sealed: SealedChanges, changelogOffsets: ReadonlyMap<string, number>): Promise<void> {
    if (sealed !== this.#sealed || this.#sealed === undefined) {
      throw new LifecycleError(
        `${this.#name}: only the changes that were sealed last can be applied, once, and not after a discard`,
      )
    }
    const layers = this.#sealed
    const commits = layers.stores.map(({ store, layer }) => store.commitOf(layer, true))
    const finish = (): void => {
      if (this.#sealed === layers) this.#sealed = undefined
      for (const { store, layer } of layers.stores) store.layered.applied(layer)
    }
    return this.#write('committed changes', () =>
      andThen(this.#commit(commits, changelogOffsets, 0), finish),
    )
  }

  discard(): void {
    this.#sealed = undefined
    for (const { layered } of this.#stores.values()) layered.discard()
  }

  changelogOffset(storeName: string): number | undefined {
    return this.#store(storeName).engine.offset(storeName)
  }

  async restore(
    storeName: string,
    records: readonly ChangelogRecord[],
    nextOffset: number,
  ): Promise<void> {
    const store = this.#store(storeName)
    return this.#write(`the changelog of ${storeName}`, () =>
      this.#restore(store, records, nextOffset),
    )
  }

  async restoreFetched(
    storeName: string,
    fetched: ChangelogCursor | readonly ChangelogRecord[],
    { after, nextOffset }: ChangelogPlace,
  ): Promise<TakenRecords> {
    const store = this.#store(storeName)
    const { engine } = store
    const cursor = 'next' in fetched ? fetched : undefined
    if (cursor === undefined || !store.keepsAsLogged || engine.takeRestored === undefined) {
      const records = 'next' in fetched ? changelogRecords(fetched, store.keepsHeaders) : fetched
      const writing = this.#restoreAfter(store, after, () =>
        this.#restore(store, records, nextOffset),
      )
      return taken(records.length, writing)
    }
    const batch = await engine.takeRestored(storeName, cursor)
    const writing = this.#restoreAfter(store, after, () =>
      batch.write(nextOffset).then(() => store.committedChanged()),
    )
    return taken(
      batch.records,
      writing.catch((error: unknown) => {
        batch.discard()
        throw error
      }),
    )
  }

  serialized(
    storeName: string,
    key: unknown,
    value: unknown,
  ): Pick<ChangelogRecord, 'key' | 'value'> {
    return this.#store(storeName).serialized(key, value)
  }

  async clear(storeName: string): Promise<void> {
    const store = this.#store(storeName)
    return this.#write(`the clearing of ${storeName}`, () =>
      andThen(store.engine.clear(storeName), () => store.committedChanged()),
    )
  }

  statistics(): MaybePromise<StateStatistics> {
    this.#checkOpen()
    const sizes = this.#engines.map((engine) => engine.sizes())
    if (sizes.some((size) => isPromise(size))) {
      return Promise.all(sizes).then((known) => this.#sum(known))
    }
    return this.#sum(sizes as Awaited<(typeof sizes)[number]>[])
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #name(): string {
    return this.#taskId === 'global' ? 'global state' : `task ${taskIdName(this.#taskId)}`
  }

  async #close(): Promise<void> {
    try {
      await this.#writing
      for (const engine of this.#engines) await engine.close()
    } finally {
      this.#onClosed()
    }
  }

  #restoreAfter(
    { name, engine }: TaskStore,
    after: number | undefined,
    restore: () => MaybePromise<void>,
  ): Promise<void> {
    return this.#write(`the changelog of ${name}`, () => {
      const offset = engine.offset(name)
      if (offset === after) return restore()
      throw new LifecycleError(
        `${this.#name}: records of the changelog of ${name} follow offset ${after}, and the store is at ${offset}`,
      )
    })
  }

  #restore(
    store: TaskStore,
    records: readonly ChangelogRecord[],
    nextOffset: number,
  ): MaybePromise<void> {
    const offsets = new Map([[store.name, nextOffset]])
    const restored = store.restored(records)
    if (isPromise(restored)) return restored.then((layer) => this.#restored(store, layer, offsets))
    return this.#restored(store, restored, offsets)
  }

  #restored(
    store: TaskStore,
    layer: WrittenEntries,
    offsets: ReadonlyMap<string, number>,
  ): MaybePromise<void> {
    const resolved = store.engine.resolvesOnRead ? undefined : store.resolve(layer)
    const written = andThen(resolved, () =>
      store.engine.commit([store.commitOf(layer, false)], offsets),
    )
    return andThen(written, () => store.committedChanged())
  }

  #commit(
    commits: readonly StoreCommit[],
    offsets: ReadonlyMap<string, number>,
    from: number,
  ): MaybePromise<void> {
    const engine = this.#engines[from]
    if (!engine) return undefined
    const own = commits.filter(({ storeName }) => this.#store(storeName).engine === engine)
    return andThen(engine.commit(own, offsets), () => this.#commit(commits, offsets, from + 1))
  }

  /** Runs a write after those before it; where all is in memory, it has taken effect when this returns. */
  async #write(what: string, write: () => MaybePromise<void>): Promise<void> {
    this.#checkOpen()
    try {
      const before = this.#writing
      const writing = before ? before.then(write) : write()
      if (!isPromise(writing)) return
      const settled = writing.catch(() => undefined)
      this.#writing = settled
      try {
        await writing
      } finally {
        if (this.#writing === settled) this.#writing = undefined
      }
    } catch (error) {
      if (error instanceof StreamsError) throw error
      throw new StateStoreError(`${this.#name} could not write ${what}: ${messageOf(error)}`, {
        cause: error,
        taskId: this.#taskId === 'global' ? undefined : this.#taskId,
      })
    }
  }

  #store(name: string): TaskStore {
    this.#checkOpen()
    const store = this.#stores.get(name)
    if (store) return store
    const known = [...this.#stores.keys()].join(', ') || 'none'
    throw new StateStoreError(`${this.#name} has no store named ${name}; it has: ${known}`)
  }

  #checkOpen(): void {
    if (this.#closing === undefined) return
    throw new StateStoreNotAvailableError(
      `The stores of ${this.#name} are closed here: the task has stopped or belongs to another worker now`,
    )
  }

  #sum(sizes: readonly EngineSizes[]): StateStatistics {
    let readCacheBytes = 0
    let engineBytes = 0
    let engineMemoryBytes = 0
    for (const size of sizes) {
      readCacheBytes += size.readCacheBytes
      engineBytes += size.engineBytes
      engineMemoryBytes += size.memoryBytes
    }
    const { uncommittedBytes } = this
    return { uncommittedBytes, readCacheBytes, engineBytes, engineMemoryBytes }
  }
}

function taken(records: number, written: Promise<void>): TakenRecords {
  // Whoever took the records may hear of it later than it happens.
  written.catch(() => undefined)
  return { records, written }
}

function andThen(value: MaybePromise<void>, next: () => MaybePromise<void>): MaybePromise<void> {
  return isPromise(value) ? value.then(next) : next()
}
