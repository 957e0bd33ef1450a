import type { Fetcher } from '../broker/port.ts'
import { LifecycleError, TopologyError } from '../core/errors.ts'
import type { ActiveTask } from './active-task.ts'
import { decodeAssignmentData } from './assignor/member-data.ts'
import type { GroupSession } from './group-session.ts'
import type { TaskManager } from './task-manager.ts'
import type { TaskInputs } from './topic-layout.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What a rebalance works with. */
export interface RebalancerParts {
  readonly session: GroupSession
  readonly tasks: TaskManager
  readonly fetcher: Fetcher
  readonly layout: ReadonlyMap<string, TaskInputs>
  /** Brings up to date what this member says about itself. */
  readonly beforeJoin: () => Promise<void>
  readonly onOpened: (task: ActiveTask) => void
}

/** Takes part in a rebalance and makes this worker's tasks what the group says they are. */
export class Rebalancer {
  readonly #options: WorkerOptions
  readonly #parts: RebalancerParts

  constructor(options: WorkerOptions, parts: RebalancerParts) {
    this.#options = options
    this.#parts = parts
  }

  /**
   * Joins the group, closes the tasks that went to others, and opens those that came; gives those that do not run yet.
   * What the tasks had done is committed before.
   */
  async rebalance(signal: AbortSignal): Promise<ActiveTask[]> {
    const { session, tasks } = this.#parts
    await this.#parts.beforeJoin()
    const { assignment, continuous } = await session.join({ signal })
    const { tasks: wanted, refused } = decodeAssignmentData(assignment.userData)
    if (refused !== undefined) throw new TopologyError(refused)
    // What another worker may have moved on meanwhile is opened anew, from what is committed now.
    await this.#closeOthers(new Set(continuous ? wanted : []))
    await this.#open(wanted)
    const arriving = tasks.all.filter((task) => task.phase !== 'running')
    this.#options.logger.info('Joined the group', {
      tasks: wanted,
      restoring: arriving.map((task) => task.name),
    })
    return arriving
  }

  /** Stops fetching for a task and lets it go. */
  async close(task: ActiveTask, dirty: boolean): Promise<void> {
    this.#parts.fetcher.unassign(task.inputs.partitions)
    await this.#parts.tasks.close(task, dirty)
  }

  async #closeOthers(wanted: ReadonlySet<string>): Promise<void> {
    for (const task of this.#parts.tasks.all) {
      if (!wanted.has(task.name)) await this.close(task, task.phase !== 'running')
    }
  }

  async #open(wanted: readonly string[]): Promise<void> {
    const { layout, tasks, onOpened } = this.#parts
    for (const name of wanted) {
      if (tasks.has(name)) continue
      const inputs = layout.get(name)
      if (!inputs) {
        throw new LifecycleError(
          `The group gave this worker task ${name}, which its topology does not have; the workers ` +
            'differ in their topology or see differing partition counts',
        )
      }
      onOpened(await tasks.open(inputs))
    }
  }
}
