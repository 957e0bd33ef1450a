import type { FetchedPartition, Fetcher } from '../broker/port.ts'
import { OffsetOutOfRangeError } from '../core/errors.ts'
import type { ActiveTask } from './active-task.ts'
import type { BrokerRecordCollector } from './broker-record-collector.ts'
import type { CommitCycle } from './commit/commit-cycle.ts'
import type { InputBuffers } from './input-buffers.ts'
import { passedOver, type LostOffsets } from './lost-offsets.ts'
import type { TaskManager } from './task-manager.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What the loop turns. */
export interface ProcessingLoopParts {
  readonly fetcher: Fetcher
  readonly tasks: TaskManager
  readonly collector: BrokerRecordCollector
  readonly commits: CommitCycle
  readonly inputs: InputBuffers
  readonly lostOffsets: LostOffsets
}

/** The longest that the loop waits for records before it looks around. */
const idleMostMs = 1_000
/** How long a task processes before the event loop, and the next task, have their turn. */
const sliceMs = 20

/** One turn after another: take what was fetched, process for a while, punctuate, commit when it is time. */
export class ProcessingLoop {
  readonly #options: WorkerOptions
  readonly #parts: ProcessingLoopParts
  /** Which of the tasks has the first slice of the next turn. */
  #from = 0
  /** Even two waits in a turn must not look like a loop that does not come around. */
  readonly #idleMs: number
  #interrupted = false
  #polling: AbortController | undefined
  #task: ActiveTask | undefined
  #step = 'nothing'

  constructor(options: WorkerOptions, parts: ProcessingLoopParts) {
    this.#options = options
    this.#parts = parts
    this.#idleMs = Math.min(idleMostMs, options.config.maxPollIntervalMs / 3)
  }

  /** Ends a wait for records, or keeps the next from beginning. */
  interrupt(): void {
    this.#interrupted = true
    this.#polling?.abort()
  }

  /** What the loop is at, for the error of one that does not come around. */
  get activity(): string {
    if (this.#task) return this.#task.task.activity
    const calling = this.#parts.tasks.running.find(({ task }) => task.isCalling)
    return calling ? `${calling.task.activity}, which a commit waits for` : this.#step
  }

  async turn(): Promise<void> {
    const { clock } = this.#options
    const { tasks, commits, inputs } = this.#parts
    this.#step = 'waiting for records'
    tasks.add(await this.#poll())
    commits.throwIfFailed()
    this.#step = 'waiting for the broker to take output'
    if (await this.#untilWritable()) {
      if (!commits.holdsProcessing) {
        await this.#processAll(tasks.running)
        for (const active of tasks.running) await this.#punctuate(active)
      }
      this.#step = 'committing'
      await commits.commitIfDue()
      inputs.regulate()
    }
    this.#step = 'between two turns'
    await clock.yieldToEventLoop()
  }

  /**
   * Waits while as much is unacknowledged as may be: nothing is read, processed or committed then. False where that goes
   * on, or where there is something else to do.
   */
  async #untilWritable(): Promise<boolean> {
    const { collector, inputs } = this.#parts
    const ready = collector.ready()
    if (ready === undefined) return true
    inputs.pauseAll()
    if (this.#interrupted) return false
    const waiting = new AbortController()
    this.#polling = waiting
    const { signal } = waiting
    const enough = this.#options.clock.sleep(this.#idleMs, signal).then(
      () => false,
      () => false,
    )
    try {
      return await Promise.race([ready.then(() => true), enough])
    } finally {
      this.#polling = undefined
      waiting.abort()
    }
  }

  /** Gives each task a slice, beginning where the last turn had to end since nothing more could be written. */
  async #processAll(running: readonly ActiveTask[]): Promise<void> {
    const { clock } = this.#options
    const from = this.#from
    this.#from = 0
    for (let i = 0, processed = 0; i < running.length; i++) {
      const at = (from + i) % running.length
      const active = running[at]!
      if (!active.task.isProcessable(clock.now())) continue
      if (processed++ > 0) {
        await clock.yieldToEventLoop()
        if (!this.#isWritable()) {
          this.#from = at
          return
        }
      }
      this.#task = active
      try {
        await active.task.processFor(clock.monotonicMs() + sliceMs)
      } finally {
        this.#task = undefined
      }
    }
  }

  async #punctuate(active: ActiveTask): Promise<void> {
    this.#task = active
    try {
      await active.task.punctuate(this.#options.clock.now())
    } finally {
      this.#task = undefined
    }
  }

  #isWritable(): boolean {
    const ready = this.#parts.collector.ready()
    // The next turn asks again, and is told what went wrong.
    ready?.catch(() => undefined)
    return ready === undefined
  }

  async #poll(): Promise<FetchedPartition[]> {
    const { fetcher } = this.#parts
    const timeoutMs = this.#interrupted ? 0 : this.#waitMs()
    this.#interrupted = false
    const polling = new AbortController()
    this.#polling = polling
    try {
      return await fetcher.poll({ timeoutMs, signal: polling.signal })
    } catch (error) {
      if (polling.signal.aborted) return []
      if (error instanceof OffsetOutOfRangeError) return await this.#reset(error)
      throw error
    } finally {
      this.#polling = undefined
    }
  }

  /** How long there is nothing to do unless records arrive. */
  #waitMs(): number {
    const { tasks, commits } = this.#parts
    const nowMs = this.#options.clock.now()
    let waitMs = Math.min(this.#idleMs, commits.dueInMs())
    for (const { task } of tasks.running) {
      if (!commits.holdsProcessing && task.isProcessable(nowMs)) return 0
      waitMs = Math.min(waitMs, task.nextWakeUpMs() - nowMs)
    }
    return Math.max(0, waitMs)
  }

  /** The offset that is next is gone, as after its record expired: reading goes on where the configuration says. */
  async #reset(error: OffsetOutOfRangeError): Promise<FetchedPartition[]> {
    const { tasks, fetcher, lostOffsets } = this.#parts
    const place = error.topicPartition
    if (!place) throw error
    if (!tasks.ofPartition(place)) return []
    const position = await lostOffsets.positionAfter(error)
    fetcher.assign([position])
    // So that the next commit says so, and a restart does not find the offset lost once more.
    return position.offset === error.offset ? [] : [passedOver(position)]
  }
}
