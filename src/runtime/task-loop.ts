import { DeserializationError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { TaskState } from '../state/task-state.ts'
import type { UndoLog } from '../state/undo-log.ts'
import type { FailureRouter } from './failure-router.ts'
import type { PartitionGroup } from './partition-group.ts'
import type { RecordQueue } from './record-queue.ts'
import { RecordRetries } from './record-retries.ts'
import type { TaskMetrics } from './task-metrics.ts'
import type { TaskPunctuation } from './task-punctuation.ts'
import type { TaskScope } from './task-scope.ts'
import type { TimeSlice } from './time-slice.ts'

/** What a {@link TaskLoop} works on. */
export interface TaskLoopOptions {
  readonly scope: TaskScope
  readonly group: PartitionGroup
  readonly state: TaskState
  readonly failures: FailureRouter
  readonly punctuation: TaskPunctuation
  readonly metrics: TaskMetrics
  /** Whether records are tried again without waiting. */
  readonly retriesAtOnce: boolean
}

/**
 * The hot path of a task: choose, process, decode what comes next. Synchronous as long as nothing has to wait; where
 * something has, it gives the promise away and is called again when that is resolved.
 */
export class TaskLoop {
  readonly #scope: TaskScope
  readonly #group: PartitionGroup
  readonly #state: TaskState
  readonly #failures: FailureRouter
  readonly #punctuation: TaskPunctuation
  readonly #metrics: TaskMetrics
  readonly #now: () => number
  readonly #retries: RecordRetries
  #stopped = false
  #lastTimestampMs = -1
  /** Whether reading state had to be waited for; where it never has, nothing is gained by beginning early. */
  #stateIsSlow = false
  /** Reads the state of chunks whose turn comes next. */
  #aheadLoad: Promise<void> | undefined
  #aheadFailure: { readonly error: unknown } | undefined
  /** Whether any record was taken since this was last set to false. */
  ran = false

  constructor(options: TaskLoopOptions) {
    const { scope } = options
    this.#scope = scope
    this.#group = options.group
    this.#state = options.state
    this.#failures = options.failures
    this.#punctuation = options.punctuation
    this.#metrics = options.metrics
    this.#now = () => scope.clock.now()
    this.#retries = new RecordRetries(scope, options.failures, options.retriesAtOnce)
  }

  /** The wall-clock time before which no record is processed, since one is to be tried again then; 0 where none is. */
  get waitsUntilMs(): number {
    return this.#retries.waitsUntilMs
  }

  /** Processes until the slice is over, the collector is full, or nothing is left to do. */
  run(slice: TimeSlice): number | Promise<number> {
    const pending = this.#run(slice)
    return pending === undefined ? this.#finish(slice) : this.#runOn(slice, pending)
  }

  /** Lets a run that waits end with the record it waits for. */
  stop(): void {
    this.#stopped = true
  }

  async #runOn(slice: TimeSlice, pending: Promise<void>): Promise<number> {
    let next: Promise<void> | undefined = pending
    while (next !== undefined) {
      await next
      next = this.#stopped ? undefined : this.#run(slice)
    }
    return this.#finish(slice)
  }

  #run(slice: TimeSlice): Promise<void> | undefined {
    const { collector } = this.#scope
    const group = this.#group
    for (;;) {
      if (slice.timeToLook && (slice.isOver() || collector.ready() !== undefined)) return undefined
      const { calls } = this.#scope
      if (calls.ready) {
        const pending = this.#deliver()
        slice.tickAside()
        if (pending !== undefined) return pending
        continue
      }
      if (this.#retries.waitsUntilMs > 0 && this.#retries.waits()) return undefined
      if (this.timersDue) {
        // Results come before what is later in event time, however long their calls take.
        const pending = calls.held > 0 ? calls.settle() : this.#fireTimer()
        slice.tickAside()
        if (pending !== undefined) return pending
        continue
      }
      if (group.fillable) {
        const pending = this.#fill(slice)
        if (pending !== undefined) return pending
        continue
      }
      const queue = group.choose(this.#now)
      if (queue === undefined) return undefined
      const pending = this.#process(queue)
      slice.tick()
      if (pending !== undefined) return pending
    }
  }

  /** Hands on the result of a call that ended. */
  #deliver(): Promise<void> | undefined {
    this.ran = true
    const delivering = this.#scope.calls.deliver()
    if (isPromise(delivering)) return delivering.then(() => this.#checkFatal())
    this.#checkFatal()
    return undefined
  }

  /** A processor may have caught the error that says so. */
  #checkFatal(): void {
    if (this.#failures.fatal !== undefined) throw this.#failures.fatal
  }

  /** Whether a timer of event time may have to fire before the next record is processed. */
  get timersDue(): boolean {
    const { streamTimeMs } = this.#scope.storeClock
    return streamTimeMs >= 0 && this.#scope.timers.nextDueMs('stream-time') <= streamTimeMs
  }

  /** One at a time, so that a commit can come between them however many are due. */
  #fireTimer(): Promise<void> | undefined {
    const { timers, storeClock } = this.#scope
    const fired = timers.fireNext('stream-time', storeClock.streamTimeMs)
    if (isPromise(fired)) return fired.then((did) => this.#noteTimer(did))
    this.#noteTimer(fired)
    return undefined
  }

  #noteTimer(fired: boolean): void {
    this.#checkFatal()
    if (!fired) return
    this.ran = true
    this.#metrics.punctuated.add()
  }

  /** Makes heads: deals with a record that cannot be read, or prepares the next chunks and reads their state. */
  #fill(slice: TimeSlice): Promise<void> | undefined {
    const faulty = this.#group.faulty()
    if (faulty) {
      slice.tick()
      const barred = this.#bar(faulty)
      if (barred !== false) return isPromise(barred) ? barred : undefined
      const rereading = this.#retries.reread(faulty)
      if (rereading !== undefined) return isPromise(rereading) ? rereading : undefined
      return this.#passOver(faulty, faulty.headFault!)
    }
    if (this.#aheadLoad !== undefined) return this.#aheadLoad
    if (this.#aheadFailure !== undefined) throw this.#aheadFailure.error
    const pending = this.#group.fill()
    if (isPromise(pending)) return pending.then(() => this.#load())
    return this.#load()
  }

  /** Reads the state that the chunks will touch, and begins with that of the next ones where reading takes time. */
  #load(): Promise<void> | undefined {
    const loading = this.#state.loadPrefetched()
    if (!isPromise(loading)) {
      this.#readAhead()
      return undefined
    }
    this.#stateIsSlow = true
    return loading.then(() => this.#readAhead())
  }

  #readAhead(): void {
    if (!this.#stateIsSlow || this.#stopped || !this.#group.readAhead()) return
    const loading = this.#state.loadPrefetched()
    if (!isPromise(loading)) return
    this.#aheadLoad = loading.then(
      () => {
        this.#aheadLoad = undefined
      },
      (error: unknown) => {
        this.#aheadLoad = undefined
        this.#aheadFailure = { error }
      },
    )
  }

  #passOver(queue: RecordQueue, fault: Error): Promise<void> | undefined {
    // That the bytes are bad is for a handler to judge; that a registry or an extractor does not work is not.
    if (!(fault instanceof DeserializationError)) throw this.#failures.end(fault)
    this.#scope.input = queue
    const { name } = queue.source
    this.#retries.beginReading(queue)
    let pending: MaybePromise<void>
    try {
      pending = this.#failures.handle('deserialization', name, fault, () => fault)
    } catch (error) {
      return this.#retries.readLater(queue, error)
    }
    if (isPromise(pending)) {
      return pending.then(
        () => this.#advance(queue),
        (error: unknown) => this.#retries.readLater(queue, error),
      )
    }
    this.#advance(queue)
    return undefined
  }

  #process(queue: RecordQueue): Promise<void> | undefined {
    const { storeClock, undo, heldBack } = this.#scope
    if (heldBack !== undefined) {
      const barred = this.#bar(queue)
      if (barred !== false) return isPromise(barred) ? barred : undefined
    }
    const record = queue.head
    const { timestampMs } = record
    this.#scope.input = queue
    this.#lastTimestampMs = timestampMs
    if (undo !== undefined) this.#retries.begin(queue, undo)
    storeClock.recordTimestampMs = timestampMs
    if (timestampMs > storeClock.streamTimeMs) storeClock.streamTimeMs = timestampMs
    if (this.#group.enforced) this.#metrics.enforcedProcessing.add()
    const pending = undo === undefined ? queue.source.process(record) : this.#attempt(queue, undo)
    if (pending !== undefined) return this.#processLater(queue, pending)
    if (undo !== undefined && this.#retries.undone) return undefined
    this.#advance(queue)
    // After each record and not once a slice, so that it makes no difference how records are cut into slices.
    const { streamTimeMs } = storeClock
    if (this.#punctuation.streamTime.nextDueMs > streamTimeMs) return undefined
    if (this.#scope.calls.held > 0) return this.#punctuateLater()
    const punctuating = this.#punctuation.runStreamTime(streamTimeMs)
    return isPromise(punctuating) ? punctuating.then(() => {}) : undefined
  }

  async #processLater(queue: RecordQueue, pending: Promise<void>): Promise<void> {
    await pending
    if (this.#retries.undone) return
    this.#advance(queue)
    await this.#punctuateLater()
  }

  /** Processes a record so that it can be undone where a handler wants it tried again. */
  #attempt(queue: RecordQueue, undo: UndoLog): MaybePromise<void> {
    let pending: MaybePromise<void>
    try {
      pending = queue.source.process(queue.head)
    } catch (error) {
      return this.#retries.undo(queue, undo, error)
    }
    if (!isPromise(pending)) return this.#retries.end(queue, undo)
    return pending.then(
      () => this.#retries.end(queue, undo),
      (error: unknown) => this.#retries.undo(queue, undo, error),
    )
  }

  /** Runs what is due of event time, after the results of calls, which belong before it. */
  async #punctuateLater(): Promise<void> {
    const { storeClock, calls } = this.#scope
    if (this.#stopped || this.#punctuation.streamTime.nextDueMs > storeClock.streamTimeMs) return
    await calls.settle()
    if (!this.#stopped) await this.#punctuation.runStreamTime(storeClock.streamTimeMs)
  }

  /**
   * Sees to a record that may not be processed yet: one that has to wait until it is known what became of the one before,
   * or that is held back and done with here. False where it may.
   */
  #bar(queue: RecordQueue): MaybePromise<void> | false {
    const behind = this.#scope.heldBack?.enter(queue)
    if (behind === undefined) return false
    return typeof behind === 'number' ? this.#holdBack(queue, behind) : behind
  }

  #holdBack(queue: RecordQueue, behind: number): MaybePromise<void> {
    this.#scope.input = queue
    let writing: MaybePromise<void>
    try {
      this.#scope.heldBack!.hold(queue)
      writing = this.#failures.holdBack(queue.source.name, behind)
    } catch (error) {
      throw this.#failures.end(error)
    }
    return isPromise(writing) ? writing.then(() => this.#leaveOut(queue)) : this.#leaveOut(queue)
  }

  #leaveOut(queue: RecordQueue): void {
    this.#scope.input = undefined
    if (this.#stopped) return
    this.ran = true
    queue.leaveOut()
  }

  #advance(queue: RecordQueue): void {
    this.#checkFatal()
    this.#scope.input = undefined
    this.#failures.attempt = 1
    if (this.#stopped) return
    this.ran = true
    try {
      this.#scope.heldBack?.end()
    } catch (error) {
      throw this.#failures.end(error)
    }
    queue.advance()
  }

  #finish(slice: TimeSlice): number {
    const { count } = slice
    if (count > 0) {
      this.#metrics.processed.add(count)
      this.#metrics.processLatency.observe(slice.elapsedSeconds() / count)
      this.#metrics.recordLatency.observe(Math.max(0, this.#now() - this.#lastTimestampMs) / 1000)
    }
    return count
  }
}
