import type { FetchedPartition, Fetcher } from '../broker/port.ts'
import { OffsetOutOfRangeError } from '../core/errors.ts'
import { topicPartitionName, type TopicPartition } from '../core/topic-partition.ts'
import type { ActiveTask } from './active-task.ts'
import type { BrokerRecordCollector } from './broker-record-collector.ts'
import type { CommitCycle } from './commit/commit-cycle.ts'
import { passedOver, type LostOffsets } from './lost-offsets.ts'
import type { TaskManager } from './task-manager.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What the loop turns. */
export interface ProcessingLoopParts {
  readonly fetcher: Fetcher
  readonly tasks: TaskManager
  readonly collector: BrokerRecordCollector
  readonly commits: CommitCycle
  readonly lostOffsets: LostOffsets
}

/** The longest that the loop waits for records before it looks around. */
const idleMs = 1_000
/** How long a task processes before the event loop, and the next task, have their turn. */
const sliceMs = 20

/** One turn after another: take what was fetched, process for a while, punctuate, commit when it is time. */
export class ProcessingLoop {
  readonly #options: WorkerOptions
  readonly #parts: ProcessingLoopParts
  readonly #paused = new Map<string, TopicPartition>()
  #interrupted = false
  #polling: AbortController | undefined
  #task: ActiveTask | undefined
  #step = 'nothing'

  constructor(options: WorkerOptions, parts: ProcessingLoopParts) {
    this.#options = options
    this.#parts = parts
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
    const { tasks, commits, collector } = this.#parts
    this.#step = 'waiting for records'
    tasks.add(await this.#poll())
    commits.throwIfFailed()
    this.#step = 'waiting for the broker to take output'
    await collector.ready()
    if (!commits.holdsProcessing) {
      await this.#processAll(tasks.running)
      for (const active of tasks.running) await this.#punctuate(active)
    }
    this.#step = 'committing'
    await commits.commitIfDue()
    this.#pauseAndResume()
    this.#step = 'between two turns'
    await clock.yieldToEventLoop()
  }

  async #processAll(running: readonly ActiveTask[]): Promise<void> {
    const { clock } = this.#options
    let first = true
    for (const active of running) {
      const { task } = active
      if (!task.isProcessable(clock.now())) continue
      if (!first) await clock.yieldToEventLoop()
      first = false
      this.#task = active
      try {
        await task.processFor(clock.monotonicMs() + sliceMs)
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
    let waitMs = Math.min(idleMs, commits.dueInMs())
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

  #pauseAndResume(): void {
    const { fetcher, tasks } = this.#parts
    const { maxBufferedBytes } = this.#options.config
    const pause: TopicPartition[] = []
    const resume: TopicPartition[] = []
    for (const [name, place] of this.#paused) {
      const active = tasks.ofPartition(place)
      const buffered = active?.task.bufferedBytes(place.topic, place.partition) ?? 0
      if (active && buffered > maxBufferedBytes / 2) continue
      this.#paused.delete(name)
      resume.push(place)
    }
    for (const { inputs, task } of tasks.running) {
      for (const place of inputs.partitions) {
        const name = topicPartitionName(place.topic, place.partition)
        if (this.#paused.has(name)) continue
        if (task.bufferedBytes(place.topic, place.partition) <= maxBufferedBytes) continue
        this.#paused.set(name, place)
        pause.push(place)
      }
    }
    if (pause.length > 0) fetcher.pause(pause)
    if (resume.length > 0) fetcher.resume(resume)
  }
}
