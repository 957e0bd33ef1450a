import type { Random } from '../../core/random.ts'

/** Randomness that is the same for the same seed. */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = mixed(Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995)
  }

  /** A source of its own, so that drawing from one leaves the others as they are. */
  fork(): SeededRandom {
    return new SeededRandom(this.#bits())
  }

  /** A number in [0, 1). */
  next(): number {
    return this.#bits() / 2 ** 32
  }

  uuid(): string {
    const hex = Array.from({ length: 4 }, () => this.#bits().toString(16).padStart(8, '0')).join('')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** A whole number from 0 to below the bound. */
  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  between(from: number, to: number): number {
    return from + this.next() * (to - from)
  }

  /** One of what is given; there must be some. */
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }

  #bits(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    return mixed(this.#state)
  }
}

/** The finish of MurmurHash3: every bit of the result hangs on every bit of the number. */
function mixed(bits: number): number {
  let hash = bits
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
