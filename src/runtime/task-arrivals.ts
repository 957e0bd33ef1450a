import type { CommittedOffset, Fetcher } from '../broker/port.ts'
import { nameOfPartition } from '../core/topic-partition.ts'
import type { ActiveTask } from './active-task.ts'
import type { ChangelogRestorer } from './restore/changelog-restorer.ts'
import { takeUp, type StartPositions } from './start-positions.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What it takes to bring tasks to where they can run. */
export interface TaskArrivalsParts {
  readonly fetcher: Fetcher
  readonly restorer: ChangelogRestorer
  readonly positions: StartPositions
  /** Called when {@link TaskArrivals.advance} has something to do. */
  readonly onProgress: () => void
}

/**
 * Brings tasks that came to this worker to where they can run: restores them beside the processing of the others, and
 * has each begin when it is restored.
 *
 * @remarks Source: Java's `StateUpdater`, KAFKA-10199.
 */
export class TaskArrivals {
  readonly #options: WorkerOptions
  readonly #parts: TaskArrivalsParts
  readonly #waiting = new Set<ActiveTask>()
  #ready: ActiveTask[] = []
  #committed: readonly CommittedOffset[] = []
  #failure: { readonly error: unknown } | undefined
  #stopping = new AbortController()
  #bringing: Promise<void> = Promise.resolve()

  constructor(options: WorkerOptions, parts: TaskArrivalsParts) {
    this.#options = options
    this.#parts = parts
  }

  /** Whether no task is on its way. */
  get areOver(): boolean {
    return this.#waiting.size === 0
  }

  /** Begins with these tasks; what was begun before must have been stopped. */
  start(tasks: readonly ActiveTask[]): void {
    for (const task of tasks) this.#waiting.add(task)
    this.#stopping = new AbortController()
    if (tasks.length > 0) this.#bringing = this.#bring(tasks, this.#stopping.signal)
  }

  /** Stops where it is, which is a consistent state to go on from. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#bringing
    this.#waiting.clear()
    this.#ready = []
    this.#failure = undefined
  }

  /** Has the tasks run that were restored since it was last called. Throws what restoring failed with. */
  async advance(): Promise<void> {
    if (this.#failure) throw this.#failure.error
    const ready = this.#ready
    if (ready.length === 0) return
    this.#ready = []
    await this.#begin(ready)
    for (const task of ready) this.#waiting.delete(task)
  }

  async #bring(tasks: readonly ActiveTask[], signal: AbortSignal): Promise<void> {
    const { restorer, onProgress } = this.#parts
    try {
      // The offsets come first: reading them waits for transactions of a former owner, whose changes are restored then.
      this.#committed = await this.#committedOffsets(tasks, signal)
      for (const task of tasks) task.phase = 'restoring'
      await restorer.restore(tasks, this.#committed, signal, (task) => {
        this.#ready.push(task)
        onProgress()
      })
    } catch (error) {
      if (signal.aborted) return
      this.#failure = { error }
      onProgress()
    }
  }

  async #committedOffsets(
    tasks: readonly ActiveTask[],
    signal: AbortSignal,
  ): Promise<CommittedOffset[]> {
    const { broker, applicationId } = this.#options
    const partitions = tasks.flatMap((task) => task.inputs.partitions)
    return await broker.committedOffsets(applicationId, partitions, { signal })
  }

  async #begin(arriving: readonly ActiveTask[]): Promise<void> {
    const { positions: starts, fetcher } = this.#parts
    const committed = this.#committed
    const partitions = arriving.flatMap((task) => task.inputs.partitions)
    const positions = await starts.find(partitions, committed)
    const ends = await starts.ends(positions)
    for (const task of arriving) {
      const own = new Set(task.inputs.partitions.map(nameOfPartition))
      task.resumeFrom(committed.filter((each) => own.has(nameOfPartition(each))))
      const starts = positions.filter((each) => own.has(nameOfPartition(each)))
      takeUp(task, starts, ends)
      await task.task.initialize()
      task.phase = 'running'
    }
    fetcher.assign(positions)
  }
}
