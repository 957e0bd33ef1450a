import { sleepOn, type Clock, type Timer } from '../../core/clock.ts'
import type { Scheduler } from './scheduler.ts'

/** How a machine's clock differs from the simulation's. */
export interface ClockFace {
  /** What it shows when the simulation begins, in milliseconds since the epoch. */
  readonly startMs: number
  /** How many of its milliseconds go by in one of the simulation's. */
  readonly rate: number
  /** By how much the clock that measures durations moves on each time it is read, as if what ran between had taken time. */
  readonly readCostMs: number
}

/** What runs a callback later, if at all. */
export interface ClockOwner {
  post(delayMs: number, run: () => void): Timer
  /** How long the event loop takes for a turn. */
  turnMs(): number
}

/** The clock of one machine of a simulation. */
export class SchedulerClock implements Clock {
  readonly #scheduler: Scheduler
  readonly #owner: ClockOwner
  readonly #face: ClockFace
  #spentMs = 0

  constructor(scheduler: Scheduler, owner: ClockOwner, face: ClockFace) {
    this.#scheduler = scheduler
    this.#owner = owner
    this.#face = face
  }

  now(): number {
    return Math.floor(this.#face.startMs + this.#scheduler.nowMs * this.#face.rate)
  }

  monotonicMs(): number {
    this.#spentMs += this.#face.readCostMs
    return this.#scheduler.nowMs * this.#face.rate + this.#spentMs
  }

  schedule(delayMs: number, run: () => void): Timer {
    return this.#owner.post(delayMs / this.#face.rate, run)
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  yieldToEventLoop(): Promise<void> {
    return new Promise((resolve) => {
      this.#owner.post(this.#owner.turnMs(), resolve)
    })
  }
}
