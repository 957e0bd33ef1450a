import type { AssignableMember, AssignableTask } from './assignment.ts'

/** How near a member is to being able to run a task at once. */
export interface Nearness {
  /** 0: it runs the task; 1: its copy of the state is caught up; 2: it has begun a copy; 3: it has nothing of it. */
  readonly rank: 0 | 1 | 2 | 3
  /** Changelog records that it lacks. */
  readonly lag: number
}

interface KnownMember {
  readonly active: ReadonlySet<string>
  readonly standby: ReadonlySet<string>
  readonly folder: StateFolder
}

/** What the members of a process have together, since they share its state folder. */
interface StateFolder {
  readonly active: Set<string>
  readonly stored: Map<string, number>
}

/** Says how far each member has the state of each task. */
export class TaskCopies {
  readonly #acceptableLag: number
  readonly #known = new Map<string, KnownMember>()

  constructor(members: readonly AssignableMember[], acceptableLag: number) {
    this.#acceptableLag = acceptableLag
    const folders = foldersOf(members)
    for (const { memberId, processId, active, standby } of members) {
      const folder = folders.get(processId)!
      this.#known.set(memberId, { active: new Set(active), standby: new Set(standby), folder })
    }
  }

  runs({ name }: AssignableTask, { memberId }: AssignableMember): boolean {
    return this.#known.get(memberId)!.active.has(name)
  }

  keepsStandby({ name }: AssignableTask, { memberId }: AssignableMember): boolean {
    return this.#known.get(memberId)!.standby.has(name)
  }

  nearness({ name, endOffsetSum }: AssignableTask, { memberId }: AssignableMember): Nearness {
    const { active, standby, folder } = this.#known.get(memberId)!
    if (active.has(name)) return { rank: 0, lag: 0 }
    if (endOffsetSum === undefined) return { rank: 3, lag: 0 }
    if (folder.active.has(name)) return { rank: 1, lag: 0 }
    const sum = folder.stored.get(name)
    // What claims to be beyond the end is of a changelog that there is no longer.
    const included = sum !== undefined && sum <= endOffsetSum ? sum : undefined
    const lag = endOffsetSum - (included ?? 0)
    if (included !== undefined && lag <= this.#acceptableLag) return { rank: 1, lag }
    return { rank: included === undefined && !standby.has(name) ? 3 : 2, lag }
  }

  /** Whether a task could run there at once, as where it is, or where so little is lacking that it may be waited for. */
  isCaughtUp(task: AssignableTask, member: AssignableMember): boolean {
    const { rank, lag } = this.nearness(task, member)
    return rank === 0 || lag <= this.#acceptableLag
  }
}

/** The nearer first. */
export function byNearness(a: Nearness, b: Nearness): number {
  return a.rank - b.rank || a.lag - b.lag
}

function foldersOf(members: readonly AssignableMember[]): Map<string, StateFolder> {
  const folders = new Map<string, StateFolder>()
  for (const { processId, active, stored } of members) {
    const folder = folders.get(processId) ?? { active: new Set(), stored: new Map() }
    folders.set(processId, folder)
    for (const task of active) folder.active.add(task)
    for (const [task, sum] of stored) {
      folder.stored.set(task, Math.max(sum, folder.stored.get(task) ?? 0))
    }
  }
  return folders
}
