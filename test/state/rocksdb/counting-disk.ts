import type { StoreSpec, TaskState } from 'millrace/state'
import { systemClock } from '../../../src/core/clock.ts'
import { LayeredTaskState } from '../../../src/state/layered-task-state.ts'
import type { ByteRange, RocksDb } from '../../../src/state/rocksdb/binding.ts'
import { RocksDbEngine } from '../../../src/state/rocksdb/rocksdb-engine.ts'
import { StoredOffsets } from '../../../src/state/rocksdb/stored-offsets.ts'
import { prepareStores } from '../../../src/state/store-shape.ts'
import { taskOptions } from '../contract/harness.ts'

/** A database in memory that counts the keys it is asked for. */
export class Disk implements RocksDb {
  readonly #entries = new Map<string, Buffer>()
  asked = 0
  /** Whether it says that a batch is written, which it is in any case. */
  answers = true

  async getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    this.asked += keys.length
    await Promise.resolve()
    return keys.map((key) => this.#entries.get(key.toString('latin1')))
  }

  iterate(): never {
    throw new Error('nothing here walks')
  }

  batch(): ReturnType<RocksDb['batch']> {
    const writes: (() => void)[] = []
    return {
      copiesAtOnce: false,
      put: (key, value) => void writes.push(() => this.#entries.set(key.toString('latin1'), value)),
      delete: (key) => void writes.push(() => this.#entries.delete(key.toString('latin1'))),
      write: async () => {
        await Promise.resolve()
        for (const write of writes) write()
        if (!this.answers) throw new Error('no answer')
      },
      discard() {},
    }
  }

  async clearRange({ from, to }: ByteRange): Promise<void> {
    for (const key of [...this.#entries.keys()]) {
      const bytes = Buffer.from(key, 'latin1')
      if (Buffer.compare(bytes, from) >= 0 && Buffer.compare(bytes, to) < 0) {
        this.#entries.delete(key)
      }
    }
  }

  approximateBytes(): Promise<number> {
    return Promise.resolve(0)
  }

  numberProperty(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** Opens the state of a task with one store on it. */
export async function openOn(
  disk: Disk,
  spec: unknown,
  readCacheBytes: number,
): Promise<TaskState> {
  const options = taskOptions({ specs: [spec] as readonly StoreSpec[] })
  const prepared = await prepareStores(options)
  const engine = await RocksDbEngine.open(
    disk,
    prepared.map(({ shape }) => shape),
    { clock: systemClock, readCacheBytes, noted: new StoredOffsets('/nowhere', 0) },
  )
  disk.asked = 0
  const placed = prepared.map((store) => ({ ...store, engine }))
  return new LayeredTaskState(options, placed, [engine], () => {})
}
