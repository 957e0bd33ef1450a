import type { Random } from '../../../core/random.ts'

const firstMs = 50
const mostMs = 1000

/** How long to wait before the next of several attempts: doubling, with a fifth of chance so that clients spread. */
export class Backoff {
  readonly #random: Random
  #nextMs = firstMs

  constructor(random: Random) {
    this.#random = random
  }

  /** The delay before the next attempt, in milliseconds. */
  next(): number {
    const delayMs = this.#nextMs
    this.#nextMs = Math.min(mostMs, delayMs * 2)
    return delayMs * (0.8 + 0.4 * this.#random.next())
  }

  /** Begins anew after a success. */
  reset(): void {
    this.#nextMs = firstMs
  }
}
