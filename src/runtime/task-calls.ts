import type { Clock } from '../core/clock.ts'
import { LifecycleError, TopologyError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { taskIdName, type TaskId } from '../core/task-id.ts'
import type { ConcurrentCallsOptions } from '../topology/concurrent-calls.ts'
import { CallQueue, type CallQueueOptions } from './call-queue.ts'
import { CallRunner } from './call-runner.ts'

/** The calls of all processors of a task. */
export class TaskCalls {
  readonly #taskId: TaskId
  readonly #clock: Clock
  readonly #wake: () => void
  readonly #queues: CallQueue[] = []
  readonly #processors: string[] = []
  readonly #runners: CallRunner[] = []
  #closed = false

  /** `wake` is called when a result may go on; `clock` times attempts and the waits between them. */
  constructor(taskId: TaskId, clock: Clock, wake: () => void) {
    this.#taskId = taskId
    this.#clock = clock
    this.#wake = wake
  }

  /** Throws `TopologyError` for options that make no sense. */
  open(
    processor: string,
    calls: ConcurrentCallsOptions,
    keep: CallQueueOptions['keep'],
  ): CallQueue {
    checkOptions(processor, calls)
    const runner = new CallRunner(this.#clock, calls)
    const queue = new CallQueue({ calls, runner, keep, onEnded: this.#wake })
    this.#runners.push(runner)
    this.#queues.push(queue)
    this.#processors.push(processor)
    return queue
  }

  /** How many calls were asked for whose results have not gone on. */
  get held(): number {
    let held = 0
    for (const queue of this.#queues) held += queue.held
    return held
  }

  /** The processors with calls whose results have not gone on. */
  get waitedFor(): string[] {
    return this.#processors.filter((_, i) => this.#queues[i]!.held > 0)
  }

  /** Whether a result may go on. */
  get ready(): boolean {
    for (const queue of this.#queues) if (queue.ready) return true
    return false
  }

  /** Hands one result on, where there is one. */
  deliver(): MaybePromise<void> {
    return this.#queues.find((queue) => queue.ready)?.deliver()
  }

  /** Resolves when a call ends, or at once where there is none. */
  progress(): Promise<void> {
    const busy = this.#queues.filter(({ held }) => held > 0)
    return busy.length === 0
      ? Promise.resolve()
      : Promise.race(busy.map((queue) => queue.progress()))
  }

  /** Waits for all calls, those too that come of their results, and hands these on; undefined where there is none. */
  settle(): Promise<void> | undefined {
    return this.held === 0 ? undefined : this.#settle()
  }

  /** Aborts the calls in flight, whose results then go nowhere. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    const reason = new LifecycleError(
      `Task ${taskIdName(this.#taskId)} is closed here: its calls are given up and made again where it goes on`,
    )
    for (const queue of this.#queues) queue.close()
    for (const runner of this.#runners) runner.close(reason)
  }

  async #settle(): Promise<void> {
    while (this.held > 0) {
      if (!this.ready) {
        await this.progress()
        continue
      }
      const delivering = this.deliver()
      if (isPromise(delivering)) await delivering
    }
  }
}

function checkOptions(processor: string, options: ConcurrentCallsOptions): void {
  const { concurrency, timeoutMs = 1, retry } = options
  const numbers = {
    concurrency,
    timeoutMs,
    'retry.attempts': retry?.attempts ?? 1,
    'retry.backoffMs': retry?.backoffMs ?? 1,
    'retry.maxBackoffMs': retry?.maxBackoffMs ?? 1,
  }
  for (const [name, value] of Object.entries(numbers)) {
    if (Number.isSafeInteger(value) && value >= 1) continue
    throw new TopologyError(
      `The calls of ${processor} have ${name} ${value}; it must be a whole number, at least 1.`,
    )
  }
}
