import { createRequire } from 'node:module'
import type {
  ByteRange,
  IterateOptions,
  RocksDb,
  RocksDbBatch,
  RocksDbBinding,
  RocksDbCursor,
  RocksDbOptions,
} from './binding.ts'

// What this file uses of the package `rocksdb` 5.2.1, which has no types: callbacks, in the manner of abstract-leveldown 7.
type Done = (error: Error | null | undefined) => void
interface Level {
  open(options: object, done: Done): void
  close(done: Done): void
  getMany(
    keys: readonly Buffer[],
    options: object,
    done: (error: Error | null, values: (Buffer | undefined)[]) => void,
  ): void
  batch(): LevelBatch
  clear(options: object, done: Done): void
  iterator(options: object): LevelIterator
  approximateSize(
    from: Buffer,
    to: Buffer,
    done: (error: Error | null, bytes: number) => void,
  ): void
  getProperty(name: string): string
}
interface LevelBatch {
  put(key: Buffer, value: Buffer): unknown
  del(key: Buffer): unknown
  write(done: Done): void
}
interface LevelIterator {
  next(done: (error: Error | null | undefined, key?: Buffer, value?: Buffer) => void): void
  end(done: Done): void
}

const tableFileBytes = 64 << 20

/** Loads the package `rocksdb`. On Node 22 and later its prebuilt binary ends the whole process at the first use. */
export function loadLeveldownBinding(packageVersion: string): RocksDbBinding {
  const open = createRequire(import.meta.url)('rocksdb') as (folder: string) => Level
  return {
    name: 'rocksdb',
    packageVersion,
    async open(folder, options) {
      const level = open(folder)
      await run((done) => level.open(openOptions(options), done))
      return new LeveldownDb(level)
    },
  }
}

function openOptions(options: RocksDbOptions): object {
  return {
    cacheSize: options.cacheBytes,
    writeBufferSize: options.writeBufferBytes,
    maxFileSize: tableFileBytes,
  }
}

class LeveldownDb implements RocksDb {
  readonly #level: Level

  constructor(level: Level) {
    this.#level = level
  }

  getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    return new Promise((resolve, reject) => {
      this.#level.getMany(keys, { asBuffer: true }, (error, values) => {
        if (error) reject(error)
        else resolve(values)
      })
    })
  }

  iterate(range: ByteRange, options: IterateOptions): RocksDbCursor {
    const iterator = this.#level.iterator({
      gte: range.from,
      lt: range.to,
      reverse: options.reverse,
      values: !options.keysOnly,
      highWaterMark: 256 * 1024,
    })
    return new LeveldownCursor(iterator, options)
  }

  batch(): RocksDbBatch {
    const batch = this.#level.batch()
    return {
      copiesAtOnce: true,
      put: (key, value) => void batch.put(key, value),
      delete: (key) => void batch.del(key),
      write: () => run((done) => batch.write(done)),
      discard() {},
    }
  }

  clearRange(range: ByteRange): Promise<void> {
    return run((done) => this.#level.clear({ gte: range.from, lt: range.to }, done))
  }

  approximateBytes(range: ByteRange): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#level.approximateSize(range.from, range.to, (error, bytes) => {
        if (error) reject(error)
        else resolve(bytes)
      })
    })
  }

  numberProperty(name: string): Promise<number | undefined> {
    return Promise.resolve(parsedNumber(this.#level.getProperty(name)))
  }

  close(): Promise<void> {
    return run((done) => this.#level.close(done))
  }
}

class LeveldownCursor implements RocksDbCursor {
  readonly #iterator: LevelIterator
  readonly #options: IterateOptions
  #ended = false
  #closing: Promise<void> | undefined

  constructor(iterator: LevelIterator, options: IterateOptions) {
    this.#iterator = iterator
    this.#options = options
  }

  next(): Promise<readonly (readonly [Buffer, Buffer | undefined])[]> {
    const { batchEntries, keysOnly } = this.#options
    return new Promise((resolve, reject) => {
      const batch: (readonly [Buffer, Buffer | undefined])[] = []
      const step = (): void => {
        if (this.#ended || batch.length === batchEntries) {
          resolve(batch)
          return
        }
        this.#iterator.next((error, key, value) => {
          if (error) {
            reject(error)
            return
          }
          if (key === undefined) this.#ended = true
          else batch.push([key, keysOnly ? undefined : value])
          step()
        })
      }
      step()
    })
  }

  close(): Promise<void> {
    this.#ended = true
    this.#closing ??= run((done) => this.#iterator.end(done))
    return this.#closing
  }
}

/** The number that a property's text is. */
export function parsedNumber(text: string | undefined): number | undefined {
  const value = Number(text)
  return text === undefined || text === '' || Number.isNaN(value) ? undefined : value
}

function run(start: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}
