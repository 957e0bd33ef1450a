import { TopologyError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { TimerClock } from '../state/timer-slot.ts'
import type { TimerService } from './timer-service.ts'

/** The timers of all processors of a task. */
export class TaskTimers {
  readonly #services = new Map<string, TimerService>()

  /** Throws `TopologyError` where the store's timers are open already: each has one processor. */
  open(storeName: string, processor: string, make: () => TimerService): TimerService {
    if (this.#services.has(storeName)) {
      throw new TopologyError(
        `The processor ${processor} opens the timers in ${storeName}, which are open already. ` +
          'Give each processor a timer store of its own, and open it once.',
      )
    }
    const service = make()
    this.#services.set(storeName, service)
    return service
  }

  /** When the next timer of a clock is due; Infinity where there is none, and early where the store must be asked. */
  nextDueMs(clock: TimerClock): number {
    let nextMs = Number.POSITIVE_INFINITY
    for (const service of this.#services.values()) {
      const dueMs = service.nextDueMs(clock)
      if (dueMs < nextMs) nextMs = dueMs
    }
    return nextMs
  }

  /** Fires the timer that was due first, if one is; says whether one did. */
  fireNext(clock: TimerClock, nowMs: number): MaybePromise<boolean> {
    for (;;) {
      let first: TimerService | undefined
      for (const service of this.#services.values()) {
        const dueMs = service.nextDueMs(clock)
        if (dueMs <= nowMs && (first === undefined || dueMs < first.nextDueMs(clock))) {
          first = service
        }
      }
      if (first === undefined) return false
      const fired = first.fireNext(clock, nowMs)
      if (isPromise(fired)) return fired.then((did) => did || this.fireNext(clock, nowMs))
      if (fired) return true
    }
  }
}
