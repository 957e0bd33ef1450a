import type { Random } from '../../../core/random.ts'

/** The delays, in milliseconds, before the second attempt and, at most, before a later one. */
export interface BackoffRange {
  readonly firstMs: number
  readonly mostMs: number
}

/** For failures that take the cluster a while to mend, such as a lost leader. */
export const mendingBackoff: BackoffRange = { firstMs: 50, mostMs: 1000 }

/** For what is over in a moment, such as the end of the transaction before. */
export const briefBackoff: BackoffRange = { firstMs: 2, mostMs: 50 }

/** How long to wait before the next of several attempts: doubling, with a fifth of chance so that clients spread. */
export class Backoff {
  readonly #random: Random
  readonly #range: BackoffRange
  #nextMs: number

  constructor(random: Random, range: BackoffRange = mendingBackoff) {
    this.#random = random
    this.#range = range
    this.#nextMs = range.firstMs
  }

  /** The delay before the next attempt, in milliseconds. */
  next(): number {
    const delayMs = this.#nextMs
    this.#nextMs = Math.min(this.#range.mostMs, delayMs * 2)
    return delayMs * (0.8 + 0.4 * this.#random.next())
  }

  /** Begins anew after a success. */
  reset(): void {
    this.#nextMs = this.#range.firstMs
  }
}
