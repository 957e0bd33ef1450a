import type { CachedParts } from './cached-parts.ts'

/**
 * All of a store that began empty, until the first of its entries is let go. A state that is built up anew asks the disk for
 * each of its keys once otherwise, only to hear that there is nothing yet: 10 % of a count of 1,000,000 records by 100,000
 * keys.
 */
export class CachedWhole implements CachedParts {
  #isWhole = true

  includes(): boolean {
    return this.#isWhole
  }

  lost(): void {
    this.#isWhole = false
  }

  lostUntil(): void {
    this.#isWhole = false
  }
}
