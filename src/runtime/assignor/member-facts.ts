import { taskIdName } from '../../core/task-id.ts'
import type { TaskManager } from '../task-manager.ts'
import type { WorkerOptions } from '../worker-options.ts'
import type { MemberData } from './member-data.ts'
import { topologyFingerprint } from './task-assignor.ts'

/** What this worker says about itself whenever it joins the group. */
export class MemberFacts {
  readonly #options: WorkerOptions
  readonly #tasks: TaskManager
  readonly #processId: string
  readonly #fingerprint: string
  #stored: readonly string[] = []

  constructor(options: WorkerOptions, tasks: TaskManager) {
    this.#options = options
    this.#tasks = tasks
    this.#processId = options.thread?.processId ?? options.random.uuid()
    this.#fingerprint = topologyFingerprint(options.plan)
  }

  /** Looks up which tasks have state here, since a join cannot wait for that. */
  async refresh(): Promise<void> {
    this.#stored = (await this.#options.state.storedTasks()).map(taskIdName)
  }

  data(): MemberData {
    return {
      version: 1,
      processId: this.#processId,
      owned: this.#tasks.all.map((task) => task.name),
      stored: this.#stored,
      fingerprint: this.#fingerprint,
    }
  }
}
