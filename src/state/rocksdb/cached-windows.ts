import type { StorageKey } from '../key-bytes.ts'
import { startOfWindow } from '../window-keys.ts'
import type { CachedParts } from './cached-parts.ts'

/**
 * Windows of a store that start after a time, which moves on when entries are let go. In a count by key and window, where
 * most keys are new in each window, they save nearly all reads.
 */
export class CachedWindows implements CachedParts {
  #afterMs: number

  /** Nothing is in memory yet; no window on disk starts after `observedMs`. */
  constructor(observedMs: number) {
    this.#afterMs = observedMs
  }

  includes(key: StorageKey): boolean {
    return startOfWindow(key) > this.#afterMs
  }

  lost(key: StorageKey): void {
    this.lostUntil(startOfWindow(key))
  }

  lostUntil(startMs: number): void {
    if (startMs > this.#afterMs) this.#afterMs = startMs
  }
}
