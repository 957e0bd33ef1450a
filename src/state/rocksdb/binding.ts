/** The npm packages that can open a RocksDB database. */
export type BindingName = 'rocksdb' | 'rocksdb-native'

/** A way to open RocksDB databases; the rest of this folder knows no other. */
export interface RocksDbBinding {
  readonly name: BindingName
  /** Of the npm package. */
  readonly packageVersion: string
  /** Opens a database, and makes it where there is none. Rejects with RocksDB's own message. */
  open(folder: string, options: RocksDbOptions): Promise<RocksDb>
}

export interface RocksDbOptions {
  /** Memory for blocks that were read. `rocksdb-native` takes no size: it uses RocksDB's default of 32 MiB. */
  readonly cacheBytes: number
  /** Memory for writes that are in the write-ahead log but in no table file yet. */
  readonly writeBufferBytes: number
}

/** A range of keys; `from` is inclusive, `to` exclusive. */
export interface ByteRange {
  readonly from: Buffer
  readonly to: Buffer
}

/** An open database. */
export interface RocksDb {
  /** The values in the order of the keys; undefined where there is none. */
  getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]>
  /** Walks a range as it is now, whatever is written later. */
  iterate(range: ByteRange, options: IterateOptions): RocksDbCursor
  /** Begins a batch that takes effect at once and as a whole. */
  batch(): RocksDbBatch
  /** Deletes a range; not one step with anything else. */
  clearRange(range: ByteRange): Promise<void>
  /** Bytes of the table files that hold a range; recent writes are not counted. */
  approximateBytes(range: ByteRange): Promise<number>
  /** A RocksDB property that is a number; undefined where there is none of that name. */
  numberProperty(name: string): Promise<number | undefined>
  /** Every cursor must be closed before. */
  close(): Promise<void>
}

export interface IterateOptions {
  readonly reverse: boolean
  readonly keysOnly: boolean
  readonly batchEntries: number
}

export interface RocksDbCursor {
  /** The next entries; empty at the end. One call at a time. Values are undefined where only keys were asked for. */
  next(): Promise<readonly (readonly [Buffer, Buffer | undefined])[]>
  close(): Promise<void>
}

export interface RocksDbBatch {
  /** Whether the bytes of a put are copied before it returns, so that its buffers may be filled anew. */
  readonly copiesAtOnce: boolean
  put(key: Buffer, value: Buffer): void
  delete(key: Buffer): void
  /**
   * Resolves when the batch is in the write-ahead log, handed to the operating system. A process that is killed loses
   * nothing of it; a machine that stops may lose the last batches, each as a whole, with the offsets in them.
   */
  write(): Promise<void>
  /** Lets go of what was put, where it is not to be written. */
  discard(): void
}
