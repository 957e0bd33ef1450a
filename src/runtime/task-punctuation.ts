import type { Clock } from '../core/clock.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { PunctuationQueue } from './punctuation-queue.ts'
import type { TaskMetrics } from './task-metrics.ts'

/** The punctuations of a task on both clocks. */
export class TaskPunctuation {
  readonly streamTime: PunctuationQueue = new PunctuationQueue()
  readonly wallClock: PunctuationQueue = new PunctuationQueue()
  readonly #clock: Clock
  readonly #metrics: TaskMetrics
  /** Whether any ran since this was last set to false. */
  ran = false

  constructor(clock: Clock, metrics: TaskMetrics) {
    this.#clock = clock
    this.#metrics = metrics
  }

  /** Runs what is due of stream time; gives how many ran. */
  runStreamTime(streamTimeMs: number): MaybePromise<number> {
    return streamTimeMs < 0 ? 0 : this.#run(this.streamTime, streamTimeMs)
  }

  /** Runs what is due of wall-clock time; gives how many ran. */
  runWallClock(nowMs: number): MaybePromise<number> {
    return this.#run(this.wallClock, nowMs)
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
