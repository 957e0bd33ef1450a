import type { Clock } from '../core/clock.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { PunctuationQueue } from './punctuation-queue.ts'
import type { TaskTimers } from './task-timers.ts'
import type { TaskMetrics } from './task-metrics.ts'

/** How long timers of the wall clock fire before records, and the commit, have their turn. */
const timersForMs = 10

/** The punctuations of a task on both clocks, and its timers of the wall clock. */
export class TaskPunctuation {
  readonly streamTime: PunctuationQueue = new PunctuationQueue()
  readonly wallClock: PunctuationQueue = new PunctuationQueue()
  readonly #clock: Clock
  readonly #metrics: TaskMetrics
  readonly #timers: TaskTimers
  /** Whether any ran since this was last set to false. */
  ran = false

  constructor(clock: Clock, metrics: TaskMetrics, timers: TaskTimers) {
    this.#clock = clock
    this.#metrics = metrics
    this.#timers = timers
  }

  /** When the wall clock next has something to do; early where timers in the store must be asked. */
  get nextWallClockMs(): number {
    return Math.min(this.wallClock.nextDueMs, this.#timers.nextDueMs('wall-clock-time'))
  }

  /** Runs what is due of stream time; gives how many ran. */
  runStreamTime(streamTimeMs: number): MaybePromise<number> {
    return streamTimeMs < 0 ? 0 : this.#run(this.streamTime, streamTimeMs)
  }

  /** Runs what is due of wall-clock time, timers for a while only; gives how many ran. */
  runWallClock(nowMs: number): MaybePromise<number> {
    const ran = this.#run(this.wallClock, nowMs)
    if (this.#timers.nextDueMs('wall-clock-time') > nowMs) return ran
    return isPromise(ran)
      ? ran.then(async (count) => count + (await this.#fireTimers(nowMs)))
      : this.#fireTimers(nowMs, ran)
  }

  /** Runs what is due of stream time, then of wall-clock time; gives how many ran. */
  runBoth(streamTimeMs: number, nowMs: number): MaybePromise<number> {
    const onStreamTime = this.runStreamTime(streamTimeMs)
    if (isPromise(onStreamTime)) {
      return onStreamTime.then(async (ran) => ran + (await this.runWallClock(nowMs)))
    }
    const onWallClock = this.runWallClock(nowMs)
    return isPromise(onWallClock)
      ? onWallClock.then((ran) => onStreamTime + ran)
      : onStreamTime + onWallClock
  }

  /** Fires timers until none is due or the time for it is up; the rest fires in the next round. */
  #fireTimers(nowMs: number, already = 0): MaybePromise<number> {
    const startedMs = this.#clock.monotonicMs()
    let count = 0
    const fire = (): MaybePromise<number> => {
      while (this.#clock.monotonicMs() - startedMs < timersForMs) {
        const fired = this.#timers.fireNext('wall-clock-time', nowMs)
        if (isPromise(fired)) {
          return fired.then((did) => {
            if (did) count++
            return did ? fire() : this.#count(count, startedMs)
          })
        }
        if (!fired) break
        count++
      }
      return this.#count(count, startedMs)
    }
    const fired = fire()
    return isPromise(fired) ? fired.then((ran) => already + ran) : already + fired
  }

  #run(queue: PunctuationQueue, timeMs: number): MaybePromise<number> {
    if (queue.nextDueMs > timeMs) return 0
    const startedMs = this.#clock.monotonicMs()
    const ran = queue.runDue(timeMs)
    if (isPromise(ran)) return ran.then((count) => this.#count(count, startedMs))
    return this.#count(ran, startedMs)
  }

  #count(ran: number, startedMs: number): number {
    if (ran === 0) return 0
    this.ran = true
    this.#metrics.punctuated.add(ran)
    this.#metrics.punctuateLatency.observe((this.#clock.monotonicMs() - startedMs) / 1000)
    return ran
  }
}
