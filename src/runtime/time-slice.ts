import type { Clock } from '../core/clock.ts'

/** The clock is asked at least once in so many records, so that reading it does not cost more than they do. */
const maxStride = 64
const shortMs = 0.25
const longMs = 1

/** Bounds a stretch of processing in time, reading the clock the more rarely the faster records go by. */
export class TimeSlice {
  readonly #clock: Clock
  readonly #deadlineMs: number
  readonly #startedMs: number
  #readAtMs: number
  #stride = 1
  #countdown = 1
  /** Records processed so far. */
  count = 0

  constructor(clock: Clock, deadlineMs: number) {
    this.#clock = clock
    this.#deadlineMs = deadlineMs
    this.#startedMs = clock.monotonicMs()
    this.#readAtMs = this.#startedMs
  }

  /** Counts a record. */
  tick(): void {
    this.count++
    this.#countdown--
  }

  /** Counts what takes time and is no record. */
  tickAside(): void {
    this.#countdown--
  }

  /** Whether enough records went by to ask {@link isOver}. */
  get timeToLook(): boolean {
    return this.#countdown === 0
  }

  /** Reads the clock: whether the time is up. */
  isOver(): boolean {
    const nowMs = this.#clock.monotonicMs()
    const tookMs = nowMs - this.#readAtMs
    if (tookMs < shortMs) this.#stride = Math.min(2 * this.#stride, maxStride)
    else if (tookMs > longMs) this.#stride = Math.max(1, this.#stride >> 2)
    this.#readAtMs = nowMs
    this.#countdown = this.#stride
    return nowMs >= this.#deadlineMs
  }

  /** Seconds since the slice began. */
  elapsedSeconds(): number {
    return (this.#clock.monotonicMs() - this.#startedMs) / 1000
  }
}
