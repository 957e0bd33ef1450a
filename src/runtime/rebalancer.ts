import type { Fetcher } from '../broker/port.ts'
import type { ActiveTask } from './active-task.ts'
import type { AssignmentData } from './assignor/member-data.ts'
import type { CommitCycle } from './commit/commit-cycle.ts'
import type { InputChanges } from './input-changes.ts'
import type { StandbyTasks } from './standby/standby-tasks.ts'
import type { TaskArrivals } from './task-arrivals.ts'
import type { TaskManager } from './task-manager.ts'
import { inputsOfTask } from './topic-layout.ts'
import type { TopicLayouts } from './topic-layouts.ts'
import type { WorkerMetrics } from './worker-metrics.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What a rebalance works with. */
export interface RebalancerParts {
  readonly tasks: TaskManager
  readonly standbys: StandbyTasks
  readonly fetcher: Fetcher
  readonly layouts: TopicLayouts
  readonly inputChanges: InputChanges
  readonly commits: CommitCycle
  readonly arrivals: TaskArrivals
  readonly metrics: WorkerMetrics
}

/** Makes this worker's tasks what the group says they are; those that it keeps are not touched. */
export class Rebalancer {
  readonly #options: WorkerOptions
  readonly #parts: RebalancerParts

  constructor(options: WorkerOptions, parts: RebalancerParts) {
    this.#options = options
    this.#parts = parts
  }

  /** Commits, closes the tasks that leave, opens those that come, and has these restored beside the others. */
  async adopt({ active, standby, awaited, inputs }: AssignmentData): Promise<void> {
    const { tasks, standbys, arrivals, metrics, layouts } = this.#parts
    if (inputs) layouts.follow(inputs)
    const wanted = new Set(active)
    const leaving = tasks.all.filter(({ name }) => !wanted.has(name))
    const coming = active.filter((name) => !tasks.has(name))
    if (leaving.length > 0) await this.#letGo(leaving, new Set(standby))
    const changed = this.#parts.inputChanges.pending(layouts.current.tasks)
    const arriveAnew = changed.some(({ phase }) => phase !== 'running')
    if (coming.length > 0 || leaving.length > 0 || arriveAnew) {
      await arrivals.stop()
      await this.#changeInputs(changed)
      for (const name of coming) await this.#open(name)
      arrivals.start(tasks.all.filter(({ phase }) => phase !== 'running'))
    } else await this.#changeInputs(changed)
    await standbys.assign(standby)
    metrics.tasksAssigned.add(coming.length)
    metrics.tasksRevoked.add(leaving.length)
    this.#options.logger.info('Joined the group', {
      tasks: active,
      new: coming,
      gone: leaving.map(({ name }) => name),
      awaited,
      standbys: standby,
    })
  }

  /** Stops fetching for a task and lets it go. */
  async close(task: ActiveTask, dirty: boolean): Promise<void> {
    this.#parts.fetcher.unassign(task.inputs.partitions)
    await this.#parts.tasks.close(task, dirty)
  }

  /** Of the tasks that leave, those stay as standbys that are to. */
  async #letGo(leaving: readonly ActiveTask[], staying: ReadonlySet<string>): Promise<void> {
    const { commits, arrivals } = this.#parts
    // All tasks are committed, since they share a transaction.
    if (leaving.some(({ phase }) => phase === 'running')) await commits.commitNow()
    // A task must not be closed while it is restored.
    if (leaving.some(({ phase }) => phase !== 'running')) await arrivals.stop()
    for (const task of leaving) {
      if (staying.has(task.name)) await this.#retire(task)
      else await this.close(task, task.phase !== 'running')
    }
  }

  /** Its state stays open as it was last committed, so that also one in memory need not be restored again. */
  async #retire(task: ActiveTask): Promise<void> {
    const { fetcher, tasks, standbys } = this.#parts
    fetcher.unassign(task.inputs.partitions)
    await standbys.takeOver(task.inputs, await tasks.retire(task))
  }

  async #changeInputs(changed: readonly ActiveTask[]): Promise<void> {
    const { inputChanges, layouts } = this.#parts
    for (const task of changed) {
      await inputChanges.change(task, layouts.current.tasks.get(task.name)!)
    }
  }

  async #open(name: string): Promise<void> {
    const { layouts, tasks, standbys, metrics } = this.#parts
    const inputs = inputsOfTask(layouts.current.tasks, name, 'task')
    metrics.addTask(await tasks.open(inputs, await standbys.release(name)))
  }
}
