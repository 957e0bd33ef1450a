import type { StorageKey } from '../key-bytes.ts'
import { startOfWindow } from '../window-keys.ts'

/**
 * Which windows of a store are in memory with all that is committed of them: those that start after a time, which moves
 * on when entries are let go. What is not in memory of such a window does not exist, and the disk need not be asked for
 * it: in a count by key and window, where most keys are new in each window, that saves nearly all reads.
 */
export class CachedWindows {
  #afterMs: number

  /** Nothing is in memory yet; no window on disk starts after `observedMs`. */
  constructor(observedMs: number) {
    this.#afterMs = observedMs
  }

  /** Whether the window of an entry is one of them. */
  includes(key: StorageKey): boolean {
    return startOfWindow(key) > this.#afterMs
  }

  /** An entry is no longer in memory, or not known to be. */
  lost(key: StorageKey): void {
    this.lostUntil(startOfWindow(key))
  }

  /** The same for any entries of windows that start then or before. */
  lostUntil(startMs: number): void {
    if (startMs > this.#afterMs) this.#afterMs = startMs
  }
}
