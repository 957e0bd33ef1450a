import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { UndoLog } from '../state/undo-log.ts'
import type { FailureRouter } from './failure-router.ts'
import type { RecordQueue } from './record-queue.ts'
import type { TaskScope } from './task-scope.ts'

/**
 * The records of a task that are tried again: undoes what they did, has the task wait, and counts the attempts.
 *
 * Between two attempts nothing is in process, so commits, punctuations and the end of the task need not wait for it; it
 * is only that no record is chosen.
 */
export class RecordRetries {
  readonly #scope: TaskScope
  readonly #failures: FailureRouter
  readonly #atOnce: boolean
  /** The records that failed and are yet to be tried again: of each partition its head at most. */
  readonly #attempts = new Map<
    RecordQueue,
    { readonly offset: number; readonly attempts: number }
  >()
  #toReread: RecordQueue | undefined
  /** The wall-clock time before which no record is processed; 0 where nothing waits. */
  waitsUntilMs = 0
  /** Whether the record that was begun last was undone. */
  undone = false

  constructor(scope: TaskScope, failures: FailureRouter, atOnce: boolean) {
    this.#scope = scope
    this.#failures = failures
    this.#atOnce = atOnce
  }

  /** Whether it is still too early to go on. */
  waits(): boolean {
    if (this.waitsUntilMs > this.#scope.clock.now()) return true
    this.waitsUntilMs = 0
    return false
  }

  /** Begins with the record at a queue's head, whose effects are kept apart from here. */
  begin(queue: RecordQueue, undo: UndoLog): void {
    this.#count(queue)
    undo.begin()
    const { storeClock } = this.#scope
    const { recordTimestampMs, streamTimeMs } = storeClock
    undo.onUndo(() => {
      storeClock.recordTimestampMs = recordTimestampMs
      storeClock.streamTimeMs = streamTimeMs
    })
  }

  /** The record was processed, unless a handler wanted it tried again and a processor swallowed that. */
  end(queue: RecordQueue, undo: UndoLog): MaybePromise<void> {
    const { fatal } = this.#failures
    if (fatal !== undefined) throw fatal
    const retry = this.#failures.takeRetry()
    if (retry) return this.#undo(queue, undo, retry.waitMs)
    this.#forget(queue)
    return undo.end()
  }

  /** Something was thrown: a wish to try again, or what ends the task. */
  undo(queue: RecordQueue, undo: UndoLog, thrown: unknown): void {
    const retry = this.#failures.fatal === undefined ? this.#failures.takeRetry() : undefined
    if (!retry) throw thrown
    this.#undo(queue, undo, retry.waitMs)
  }

  /** Begins with a record that could not be read. */
  beginReading(queue: RecordQueue): void {
    this.#count(queue)
  }

  /** A handler has thrown: a wish to read it again, or what ends the task. */
  readLater(queue: RecordQueue, thrown: unknown): undefined {
    const retry = this.#failures.takeRetry()
    if (!retry) throw thrown
    this.#toReread = queue
    this.#wait(queue, retry.waitMs)
  }

  /** Reads a record again that is due for it; undefined where it is not, `null` where it needed no waiting. */
  reread(queue: RecordQueue): Promise<void> | null | undefined {
    if (this.#toReread !== queue) return undefined
    this.#toReread = undefined
    const reading = queue.reread()
    return isPromise(reading) ? reading : null
  }

  #undo(queue: RecordQueue, undo: UndoLog, waitMs: number): void {
    undo.undo()
    this.undone = true
    this.#wait(queue, waitMs)
  }

  #wait(queue: RecordQueue, waitMs: number): void {
    this.#attempts.set(queue, { offset: queue.offset, attempts: this.#failures.attempt })
    this.#scope.input = undefined
    this.waitsUntilMs = this.#atOnce ? 0 : this.#scope.clock.now() + waitMs
  }

  #count(queue: RecordQueue): void {
    this.undone = false
    const before = this.#attempts.size > 0 ? this.#attempts.get(queue) : undefined
    this.#failures.attempt = before?.offset === queue.offset ? before.attempts + 1 : 1
  }

  #forget(queue: RecordQueue): void {
    if (this.#attempts.size > 0) this.#attempts.delete(queue)
  }
}
