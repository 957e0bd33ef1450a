import type { GroupIdentity } from '../../broker/port.ts'
import { taskIdName } from '../../core/task-id.ts'
import type { WorkerOptions } from '../worker-options.ts'
import { dataVersion, type MemberData } from './member-data.ts'
import { topologyFingerprint } from './task-assignor.ts'

/** What this worker says about itself whenever it joins the group. */
export class MemberFacts {
  readonly #options: WorkerOptions
  readonly #processId: string
  readonly #fingerprint: string
  readonly #standbys: () => readonly string[]
  #stored: Readonly<globalThis.Record<string, number>> = {}
  #given: ReadonlySet<string> = new Set()

  /** `standbys`: the tasks that this worker keeps a standby of. */
  constructor(options: WorkerOptions, processId: string, standbys: () => readonly string[]) {
    this.#options = options
    this.#standbys = standbys
    this.#processId = processId
    this.#fingerprint = topologyFingerprint(options.plan)
  }

  /** Looks up which tasks have state here, since a join cannot wait for that. */
  async refresh(): Promise<void> {
    const stored = await this.#options.state.storedTasks()
    this.#stored = Object.fromEntries(
      stored.map((task) => [taskIdName(task), task.changelogOffsetSum]),
    )
  }

  /** Notes which tasks are this worker's until it says otherwise, whether or not it has opened them. */
  noteGiven(tasks: readonly string[]): void {
    this.#given = new Set(tasks)
  }

  /** `last`: as which member of the group, and of which generation. A member that is new has no tasks. */
  data(last: GroupIdentity | undefined): MemberData {
    return {
      version: dataVersion,
      processId: this.#processId,
      generation: last?.generationId ?? -1,
      active: last === undefined ? [] : [...this.#given],
      standby: this.#standbys(),
      stored: this.#stored,
      fingerprint: this.#fingerprint,
    }
  }
}
