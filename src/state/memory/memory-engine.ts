import { StateStoreError } from '../../core/errors.ts'
import type { EngineSizes, StateEngine, StoreCommit, StoreShape } from '../state-engine.ts'
import { MemoryEntries } from './memory-entries.ts'

/** Keeps committed state in this process's memory; gone when the task is closed. Never answers with a promise. */
export class MemoryEngine implements StateEngine {
  readonly resolvesOnRead = false
  readonly #stores = new Map<string, MemoryEntries>()
  readonly #offsets = new Map<string, number>()

  constructor(shapes: readonly StoreShape[]) {
    for (const shape of shapes) this.#stores.set(shape.name, new MemoryEntries(shape))
  }

  entries(storeName: string): MemoryEntries {
    const entries = this.#stores.get(storeName)
    if (!entries) throw new StateStoreError(`The store ${storeName} is not in memory here`)
    return entries
  }

  loadWanted(): void {}

  commit(commits: readonly StoreCommit[], offsets: ReadonlyMap<string, number>): void {
    for (const commit of commits) this.entries(commit.storeName).commit(commit)
    for (const [storeName, offset] of offsets) {
      if (this.#stores.has(storeName)) this.#offsets.set(storeName, offset)
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

  clear(storeName: string): void {
    this.entries(storeName).clear()
    this.#offsets.delete(storeName)
  }

  sizes(): EngineSizes {
    let engineBytes = 0
    for (const entries of this.#stores.values()) engineBytes += entries.bytes
    return { readCacheBytes: 0, engineBytes, memoryBytes: engineBytes }
  }

  close(): void {
    this.#stores.clear()
    this.#offsets.clear()
  }
}
