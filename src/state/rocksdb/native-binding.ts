import { createRequire } from 'node:module'
import type {
  ByteRange,
  IterateOptions,
  RocksDb,
  RocksDbBatch,
  RocksDbBinding,
  RocksDbCursor,
} from './binding.ts'
import { parsedNumber } from './leveldown-binding.ts'

// What this file uses of the package `rocksdb-native` 3.18.1, which has no types.
interface Native {
  ready(): Promise<void>
  close(): Promise<void>
  snapshot(): Native
  iterator(range: object, options: object): AsyncIterable<NativeEntry> & { destroy(): void }
  read(options: object): NativeRead
  write(options: object): NativeWrite
  deleteRange(from: Buffer, to: Buffer): Promise<void>
  approximateSize(from: Buffer, to: Buffer, options: object): Promise<number>
  getProperty(name: string): Promise<string | null>
}
interface NativeEntry {
  readonly key: Buffer
  readonly value: Buffer | null
}
interface NativeRead {
  get(key: Buffer): Promise<Buffer | null>
  flush(): Promise<void>
  destroy(): void
}
interface NativeWrite {
  tryPut(key: Buffer, value: Buffer): void
  tryDelete(key: Buffer): void
  flush(): Promise<void>
  destroy(): void
}

/** Loads the package `rocksdb-native`. */
export function loadNativeBinding(packageVersion: string): RocksDbBinding {
  const Database = createRequire(import.meta.url)('rocksdb-native') as new (
    folder: string,
    options: object,
  ) => Native
  return {
    name: 'rocksdb-native',
    packageVersion,
    async open(folder, { writeBufferBytes }) {
      // Without a limit every table file stays open, and a worker with many tasks runs out of descriptors.
      const database = new Database(folder, {
        writeBufferSize: writeBufferBytes,
        maxOpenFiles: 1000,
      })
      await database.ready()
      return new NativeDb(database)
    },
  }
}

class NativeDb implements RocksDb {
  readonly #database: Native

  constructor(database: Native) {
    this.#database = database
  }

  async getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    const read = this.#database.read({ capacity: keys.length })
    try {
      const values = keys.map((key) => read.get(key))
      const flushed = read.flush()
      // When the read fails, so does each of these promises; all of them must be taken notice of.
      const [found] = await Promise.all([Promise.all(values), flushed])
      return found.map((value) => value ?? undefined)
    } finally {
      read.destroy()
    }
  }

  iterate(range: ByteRange, options: IterateOptions): RocksDbCursor {
    // An iterator opens at its first read: the snapshot is what makes it see the state as of now.
    const snapshot = this.#database.snapshot()
    const iterator = snapshot.iterator(
      { gte: range.from, lt: range.to },
      {
        reverse: options.reverse,
        values: !options.keysOnly,
        capacity: options.batchEntries,
      },
    )
    return new NativeCursor(snapshot, iterator, options)
  }

  batch(): RocksDbBatch {
    const write = this.#database.write({ capacity: 1024 })
    return {
      copiesAtOnce: false,
      put: (key, value) => write.tryPut(key, value),
      delete: (key) => write.tryDelete(key),
      async write() {
        try {
          await write.flush()
        } finally {
          write.destroy()
        }
      },
      discard: () => write.destroy(),
    }
  }

  clearRange(range: ByteRange): Promise<void> {
    return this.#database.deleteRange(range.from, range.to)
  }

  approximateBytes(range: ByteRange): Promise<number> {
    return this.#database.approximateSize(range.from, range.to, {})
  }

  async numberProperty(name: string): Promise<number | undefined> {
    return parsedNumber((await this.#database.getProperty(name)) ?? undefined)
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}

class NativeCursor implements RocksDbCursor {
  readonly #snapshot: Native
  readonly #entries: AsyncIterator<NativeEntry>
  readonly #options: IterateOptions
  #ended = false
  #closing: Promise<void> | undefined

  constructor(snapshot: Native, iterable: AsyncIterable<NativeEntry>, options: IterateOptions) {
    this.#snapshot = snapshot
    this.#entries = iterable[Symbol.asyncIterator]()
    this.#options = options
  }

  async next(): Promise<readonly (readonly [Buffer, Buffer | undefined])[]> {
    const { batchEntries, keysOnly } = this.#options
    const batch: (readonly [Buffer, Buffer | undefined])[] = []
    while (!this.#ended && batch.length < batchEntries) {
      const { done, value } = await this.#entries.next()
      if (done) this.#ended = true
      else batch.push([value.key, keysOnly ? undefined : (value.value ?? Buffer.alloc(0))])
    }
    return batch
  }

  close(): Promise<void> {
    this.#ended = true
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#entries.return?.()
    await this.#snapshot.close()
  }
}
