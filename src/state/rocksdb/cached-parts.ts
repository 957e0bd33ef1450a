import type { StorageKey } from '../key-bytes.ts'

/**
 * Which part of a store is in memory with all that is committed of it. What is not in memory of that part does not exist,
 * and the disk need not be asked for it.
 */
export interface CachedParts {
  /** Whether an entry would be in memory if it existed. */
  includes(key: StorageKey): boolean
  /** An entry is no longer in memory, or not known to be. */
  lost(key: StorageKey): void
  /** The same for any entries; of a window store those of windows that start then or before. */
  lostUntil(startMs: number): void
}
