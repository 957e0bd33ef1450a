import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { KeyRange, StorageKey } from '../../state/key-bytes.ts'
import type { MemoryEngine } from '../../state/memory/memory-engine.ts'
import type { MemoryEntries } from '../../state/memory/memory-entries.ts'
import type {
  CommittedEntries,
  EngineSizes,
  StateEngine,
  StoreCommit,
} from '../../state/state-engine.ts'
import type { EntryScan, StoredEntry } from '../../state/stored-entry.ts'

/** How a process reaches its disk. */
export interface DiskPort {
  /** Whether what was not read before has to be waited for, as on a real disk. */
  readonly readsAreSlow: boolean
  /** Has a batch written, whole or not at all; the process may not live to hear of it. */
  write(what: string, apply: () => void): MaybePromise<void>
  read<T>(answer: () => MaybePromise<T>): Promise<T>
  turn(): Promise<void>
}

/** The stores of a task as they are on a simulated disk, with what one process has read of them. */
export class DiskEngine implements StateEngine {
  readonly resolvesOnRead = false
  readonly #written: MemoryEngine
  readonly #port: DiskPort
  readonly #stores = new Map<string, DiskEntries>()

  constructor(written: MemoryEngine, port: DiskPort) {
    this.#written = written
    this.#port = port
  }

  entries(storeName: string): DiskEntries {
    let entries = this.#stores.get(storeName)
    if (!entries) {
      entries = new DiskEntries(this.#written.entries(storeName), this.#port)
      this.#stores.set(storeName, entries)
    }
    return entries
  }

  loadWanted(): MaybePromise<void> {
    const loading = [...this.#stores.values()].filter((entries) => entries.wantsSome)
    if (loading.length === 0) return undefined
    return this.#port.read(() => {
      for (const entries of loading) entries.load()
    })
  }

  commit(
    commits: readonly StoreCommit[],
    offsets: ReadonlyMap<string, number>,
  ): MaybePromise<void> {
    return this.#port.write('a commit', () => {
      this.#written.commit(commits, offsets)
      for (const { storeName } of commits) this.entries(storeName).forget()
    })
  }

  get offsetSum(): number {
    return this.#written.offsetSum
  }

  offset(storeName: string): number | undefined {
    return this.#written.offset(storeName)
  }

  clear(storeName: string): MaybePromise<void> {
    return this.#port.write('a clearing', () => {
      this.#written.clear(storeName)
      this.entries(storeName).forget()
    })
  }

  sizes(): EngineSizes {
    return this.#written.sizes()
  }

  /** What was written stays. */
  close(): void {}
}

/** The committed entries of one store; those that were not read yet are to be asked for where reads are slow. */
class DiskEntries implements CommittedEntries {
  readonly #entries: MemoryEntries
  readonly #port: DiskPort
  readonly #read = new Set<StorageKey>()
  readonly #wanted = new Set<StorageKey>()

  constructor(entries: MemoryEntries, port: DiskPort) {
    this.#entries = entries
    this.#port = port
  }

  get segmentIntervalMs(): number {
    return this.#entries.segmentIntervalMs
  }

  get observedMs(): number {
    return this.#entries.observedMs
  }

  get sequence(): number {
    return this.#entries.sequence
  }

  get wantsSome(): boolean {
    return this.#wanted.size > 0
  }

  peek(key: StorageKey): StoredEntry | null | undefined {
    if (this.#port.readsAreSlow && !this.#read.has(key)) return undefined
    return this.#entries.peek(key)
  }

  read(key: StorageKey, keep: boolean): Promise<StoredEntry | undefined> {
    return this.#port.read(() => {
      if (keep) this.#read.add(key)
      return this.#entries.peek(key) ?? undefined
    })
  }

  want(key: StorageKey): void {
    if (this.#port.readsAreSlow && !this.#read.has(key)) this.#wanted.add(key)
  }

  load(): void {
    for (const key of this.#wanted) this.#read.add(key)
    this.#wanted.clear()
  }

  /** What was read before has to be read again. */
  forget(): void {
    this.#read.clear()
  }

  scan(range: KeyRange, keysOnly: boolean): EntryScan {
    const scan = this.#entries.scan(range, keysOnly)
    if (!this.#port.readsAreSlow) return scan
    return { nextBatch: () => this.#port.read(() => scan.nextBatch()), close: () => scan.close() }
  }

  count(): number {
    return this.#entries.count()
  }
}
