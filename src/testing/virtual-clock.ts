import { sleepOn, systemClock, type Clock, type Timer } from '../core/clock.ts'

interface ScheduledRun {
  readonly atMs: number
  readonly sequence: number
  readonly run: () => void
}

/**
 * A clock that stands still until it is told to go on, so that what depends on time can be tested without waiting.
 *
 * Timers run in the order of their times, and in the order of scheduling where those are equal. Letting the event loop
 * run does not move the time.
 */
export class VirtualClock implements Clock {
  #nowMs: number
  readonly #startMs: number
  #sequence = 0
  #runs: ScheduledRun[] = []

  /** `startMs`: the first time it shows, in milliseconds since the epoch. Default: 0. */
  constructor(startMs = 0) {
    this.#nowMs = startMs
    this.#startMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs
  }

  schedule(delayMs: number, run: () => void): Timer {
    const scheduled = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      sequence: this.#sequence++,
      run,
    }
    this.#runs.push(scheduled)
    return {
      cancel: () => {
        this.#runs = this.#runs.filter((each) => each !== scheduled)
      },
    }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  async yieldToEventLoop(): Promise<void> {
    await settle()
  }

  /** The time of the next timer; undefined where none is scheduled. */
  nextTimerMs(): number | undefined {
    return this.#next()?.atMs
  }

  /** Moves on by so many milliseconds, running the timers that fall due and what follows from each before the next. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await settle()
    for (let next = this.#next(); next && next.atMs <= untilMs; next = this.#next()) {
      const due = next
      this.#runs = this.#runs.filter((each) => each !== due)
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      due.run()
      await settle()
    }
    this.#nowMs = untilMs
    await settle()
  }

  /** Moves on without waiting for promises: runs the timers that fall due, synchronously. */
  advanceSync(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let next = this.#next(); next && next.atMs <= untilMs; next = this.#next()) {
      const due = next
      this.#runs = this.#runs.filter((each) => each !== due)
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      due.run()
    }
    this.#nowMs = untilMs
  }

  #next(): ScheduledRun | undefined {
    let next: ScheduledRun | undefined
    for (const run of this.#runs) {
      if (
        !next ||
        run.atMs < next.atMs ||
        (run.atMs === next.atMs && run.sequence < next.sequence)
      ) {
        next = run
      }
    }
    return next
  }
}

/** Lets promises that are ready, and those that follow from them, run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await systemClock.yieldToEventLoop()
  }
}
