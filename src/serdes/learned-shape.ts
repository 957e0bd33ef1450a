import { shapeOf, type JsonShape } from './json-shape.ts'

/** What a new shape may miss before it has proved itself, and how much more it is allowed once it has. */
const firstCredit = 16
const fullCredit = 64

/** After a shape that did not last, so many values pass before another is learned; twice as many each time. */
const firstPause = 1024
const longestPause = 1 << 20

/**
 * The shape that the values of one place have just now, if they have one. A value that the shape does not fit costs up
 * to a third more than without it, so the shape is given up where less than half of them do.
 */
export class LearnedShape {
  shape: JsonShape | undefined = undefined
  #credit = 0
  #toPass = 0
  #pause = firstPause

  hit(): void {
    if (this.#credit === fullCredit) return
    if (++this.#credit === fullCredit) this.#pause = firstPause
  }

  /** Notes a value that was read or written without a shape, or though the shape did not fit. */
  miss(value: unknown): void {
    if (this.#toPass > 0) this.#toPass--
    else this.#reconsider(value)
  }

  #reconsider(value: unknown): void {
    if (this.shape === undefined) {
      this.shape = shapeOf(value)
      if (this.shape === undefined) this.#rest()
      else this.#credit = firstCredit
    } else if (--this.#credit < 0) this.#rest()
  }

  #rest(): void {
    this.shape = undefined
    this.#toPass = this.#pause
    this.#pause = Math.min(2 * this.#pause, longestPause)
  }
}
