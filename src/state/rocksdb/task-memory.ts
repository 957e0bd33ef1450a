/** What one task's database and its reading take in memory, at most. */
export interface TaskMemory {
  /** For blocks read from disk. */
  readonly cacheBytes: number
  /** For writes that are in no table file yet; RocksDB may use twice as much. */
  readonly writeBufferBytes: number
  /** For committed entries that are read again. */
  readonly readCacheBytes: number
}

/** As {@link TaskMemory}, with a bound over all tasks. */
export interface MemoryOptions extends Partial<TaskMemory> {
  readonly memoryBytes?: number
}

const mebibyte = 1 << 20
/** RocksDB takes no smaller one. */
const leastWriteBufferBytes = 64 << 10

/** The memory of one of so many tasks: what each may have, less where all of them together might pass the bound. */
export function taskMemory(options: MemoryOptions, tasks: number): TaskMemory {
  const { memoryBytes = Infinity } = options
  const { cacheBytes = 32 * mebibyte, writeBufferBytes = 16 * mebibyte } = options
  const { readCacheBytes = 48 * mebibyte } = options
  const wanted = cacheBytes + 2 * writeBufferBytes + readCacheBytes
  const part = Math.min(1, memoryBytes / Math.max(1, tasks) / wanted)
  return {
    cacheBytes: Math.floor(cacheBytes * part),
    writeBufferBytes: Math.max(leastWriteBufferBytes, Math.floor(writeBufferBytes * part)),
    readCacheBytes: Math.floor(readCacheBytes * part),
  }
}
