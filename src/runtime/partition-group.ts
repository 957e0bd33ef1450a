import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { RecordQueue } from './record-queue.ts'

/**
 * Chooses among the partitions of a task: always the head with the lowest event time, and of equal ones that of the
 * partition named first.
 *
 * @remarks Source: Java's `PartitionGroup` and KIP-695.
 */
export class PartitionGroup {
  /** Partitions of topics that match a pattern come and go. */
  queues: readonly RecordQueue[]
  readonly #maxTaskIdleMs: number
  /** Whether the last choice passed over a partition for which waiting had ended. */
  enforced = false

  constructor(queues: readonly RecordQueue[], maxTaskIdleMs: number) {
    this.queues = queues
    this.#maxTaskIdleMs = maxTaskIdleMs
  }

  /** Whether a queue has no head but may get one. */
  get fillable(): boolean {
    const { queues } = this
    for (let i = 0; i < queues.length; i++) if (queues[i]!.fillable) return true
    return false
  }

  /** Prepares a chunk for each queue that needs one; a promise where serdes have to wait for something. */
  fill(): MaybePromise<void> {
    let waiting: Promise<void>[] | undefined
    for (const queue of this.queues) {
      if (!queue.fillable || queue.headFault !== undefined) continue
      const pending = queue.fill()
      if (isPromise(pending)) (waiting ??= []).push(pending)
    }
    if (waiting === undefined) return undefined
    return waiting.length === 1 ? waiting[0] : Promise.all(waiting).then(() => {})
  }

  /** Prepares the next chunk of each queue before its current one is processed; gives whether any had one. */
  readAhead(): boolean {
    let any = false
    for (const queue of this.queues) if (queue.readAhead()) any = true
    return any
  }

  /** The first queue whose head cannot be read. */
  faulty(): RecordQueue | undefined {
    return this.queues.find((queue) => queue.headTimestampMs < 0 && queue.headFault !== undefined)
  }

  /**
   * The queue whose head is to be processed next; undefined where there is none, or where an empty partition must be
   * waited for. `now` is asked for the wall-clock time only where that matters.
   */
  choose(now: () => number): RecordQueue | undefined {
    const { queues } = this
    let lowest: RecordQueue | undefined
    let hasEmpty = false
    for (let i = 0; i < queues.length; i++) {
      const queue = queues[i]!
      if (queue.headTimestampMs < 0) hasEmpty = true
      else if (lowest === undefined || queue.headTimestampMs < lowest.headTimestampMs) {
        lowest = queue
      }
    }
    this.enforced = false
    if (lowest === undefined || !hasEmpty) return lowest
    return this.#mayPassOverEmpty(now) ? lowest : undefined
  }

  /** When waiting for empty partitions ends; Infinity where nothing waits for the clock. */
  nextWakeUpMs(): number {
    if (!this.queues.some((queue) => queue.headTimestampMs >= 0)) return Number.POSITIVE_INFINITY
    let latestMs = Number.NEGATIVE_INFINITY
    for (const queue of this.queues) {
      if (queue.headTimestampMs >= 0) continue
      if (queue.idleDeadlineMs === undefined) return Number.POSITIVE_INFINITY
      if (queue.idleDeadlineMs > latestMs) latestMs = queue.idleDeadlineMs
    }
    return latestMs === Number.NEGATIVE_INFINITY ? Number.POSITIVE_INFINITY : latestMs
  }

  #mayPassOverEmpty(now: () => number): boolean {
    if (this.#maxTaskIdleMs < 0) return true
    for (const queue of this.queues) {
      if (queue.headTimestampMs >= 0) continue
      // Of records that the broker has, or may have, waiting does not end by the clock: they are on their way.
      if (queue.lagRecords === undefined || queue.lagRecords > 0) {
        queue.idleDeadlineMs = undefined
        return false
      }
      if (this.#maxTaskIdleMs === 0) continue
      queue.idleDeadlineMs ??= now() + this.#maxTaskIdleMs
      if (now() < queue.idleDeadlineMs) return false
      this.enforced = true
    }
    return true
  }
}
