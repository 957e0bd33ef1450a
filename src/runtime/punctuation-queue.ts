import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { Cancellable } from '../topology/processor.ts'

/** Runs one punctuation at a time; the error of a punctuator is dealt with in here. */
export type RunPunctuation = (timestampMs: number) => MaybePromise<void>

/** A punctuation that was scheduled, with the time at which it is due next. */
class Schedule implements Cancellable {
  readonly intervalMs: number
  readonly run: RunPunctuation
  dueMs: number
  cancelled = false

  constructor(dueMs: number, intervalMs: number, run: RunPunctuation) {
    this.dueMs = dueMs
    this.intervalMs = intervalMs
    this.run = run
  }

  cancel(): void {
    this.cancelled = true
  }

  /** Moves on by whole intervals, past those that were missed, so that a gap gives one call and not many. */
  moveOn(nowMs: number): void {
    const missed = Math.max(0, Math.floor((nowMs - this.dueMs) / this.intervalMs))
    this.dueMs += (missed + 1) * this.intervalMs
  }
}

/**
 * The punctuations of a task on one clock, by the time they are due.
 *
 * @remarks Source: Java's `PunctuationQueue` and `PunctuationSchedule`.
 */
export class PunctuationQueue {
  readonly #schedules: Schedule[] = []
  /** When the next one is due; Infinity where there is none. Kept as a field for the task asks after each record. */
  nextDueMs: number = Number.POSITIVE_INFINITY

  /** Has `run` called from `firstMs` on, each `intervalMs`. */
  schedule(firstMs: number, intervalMs: number, run: RunPunctuation): Cancellable {
    const schedule = new Schedule(firstMs, intervalMs, run)
    this.#schedules.push(schedule)
    this.#findNext()
    return schedule
  }

  /** Runs what is due, the longest due first, each at most once a time; gives how many ran. */
  runDue(nowMs: number): MaybePromise<number> {
    let ran = 0
    for (;;) {
      const schedule = this.#takeDue(nowMs)
      if (!schedule) return ran
      const pending = schedule.run(nowMs)
      ran++
      if (isPromise(pending)) return this.#finish(pending, nowMs, ran)
    }
  }

  async #finish(pending: Promise<void>, nowMs: number, ran: number): Promise<number> {
    await pending
    return ran + (await this.runDue(nowMs))
  }

  #takeDue(nowMs: number): Schedule | undefined {
    if (this.nextDueMs > nowMs) return undefined
    this.#dropCancelled()
    let due: Schedule | undefined
    for (const schedule of this.#schedules) {
      if (schedule.dueMs <= nowMs && (due === undefined || schedule.dueMs < due.dueMs)) {
        due = schedule
      }
    }
    due?.moveOn(nowMs)
    this.#findNext()
    return due
  }

  #dropCancelled(): void {
    for (let i = this.#schedules.length - 1; i >= 0; i--) {
      if (this.#schedules[i]!.cancelled) this.#schedules.splice(i, 1)
    }
  }

  #findNext(): void {
    let nextMs = Number.POSITIVE_INFINITY
    for (const schedule of this.#schedules) {
      if (!schedule.cancelled && schedule.dueMs < nextMs) nextMs = schedule.dueMs
    }
    this.nextDueMs = nextMs
  }
}
