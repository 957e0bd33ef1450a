import type { AssignableMember, AssignableTask } from './assignment.ts'
import { byNearness, type Nearness, type TaskCopies } from './task-copies.ts'
import { settleQuotas, type SubTopologyShare } from './task-quotas.ts'

/**
 * Says where each task is to run in the end: balanced, with each task where it is, else where its state is, as far as
 * that allows.
 */
export function balancedOwners(
  tasks: readonly AssignableTask[],
  members: readonly AssignableMember[],
  copies: TaskCopies,
): Map<AssignableTask, AssignableMember> {
  const owners = new Map<AssignableTask, AssignableMember>()
  for (const share of settleQuotas(tasks, members, copies)) {
    for (const [task, owner] of new SubTopologyPlacement(share, members, copies).place()) {
      owners.set(task, owner)
    }
  }
  return owners
}

interface Move {
  readonly task: AssignableTask
  readonly to: number
  /** Undefined for a task that nobody runs. */
  readonly from: number | undefined
}

interface Choice extends Move {
  readonly nearness: Nearness
}

/** Gives the tasks of one sub-topology to members, of whom each takes as many as its quota says. */
class SubTopologyPlacement {
  readonly #tasks: readonly AssignableTask[]
  readonly #members: readonly AssignableMember[]
  readonly #copies: TaskCopies
  readonly #room: number[]
  readonly #runners: ReadonlyMap<AssignableTask, number>
  /** How many tasks that a member runs it has to let go. */
  readonly #surplus: number[]
  readonly #placed = new Map<AssignableTask, number>()

  constructor(
    { tasks, quotas }: SubTopologyShare,
    members: readonly AssignableMember[],
    copies: TaskCopies,
  ) {
    this.#tasks = tasks
    this.#members = members
    this.#copies = copies
    this.#runners = runnersOf(tasks, members, copies)
    const running = members.map(() => 0)
    for (const runner of this.#runners.values()) running[runner]!++
    this.#room = quotas.map((quota, i) => Math.max(0, quota - running[i]!))
    this.#surplus = quotas.map((quota, i) => Math.max(0, running[i]! - quota))
  }

  place(): [AssignableTask, AssignableMember][] {
    for (const choice of this.#choices()) this.#take(choice)
    // Nobody who has room has anything of what has to move yet, so it does not matter who takes which.
    for (const task of this.#tasks.toReversed()) {
      if (this.#placed.has(task)) continue
      const runner = this.#runners.get(task)
      if (runner !== undefined && this.#surplus[runner] === 0) this.#placed.set(task, runner)
      else this.#take({ task, to: this.#roomiest(), from: runner })
    }
    return [...this.#placed].map(([task, i]) => [task, this.#members[i]!])
  }

  /** What may go to somebody who has begun a copy of it: first what nobody runs, and the nearer before. */
  #choices(): Choice[] {
    const choices: Choice[] = []
    for (const task of this.#tasks) {
      const from = this.#runners.get(task)
      if (from !== undefined && this.#surplus[from] === 0) continue
      for (const [to, member] of this.#members.entries()) {
        if (this.#room[to] === 0 || to === from) continue
        const nearness = this.#copies.nearness(task, member)
        if (nearness.rank < 3) choices.push({ task, to, from, nearness })
      }
    }
    const isRun = ({ from }: Choice): number => (from === undefined ? 0 : 1)
    return choices.sort((a, b) => isRun(a) - isRun(b) || byNearness(a.nearness, b.nearness))
  }

  #take({ task, to, from }: Move): void {
    if (this.#placed.has(task) || this.#room[to] === 0) return
    if (from !== undefined) {
      if (this.#surplus[from] === 0) return
      this.#surplus[from]!--
    }
    this.#room[to]!--
    this.#placed.set(task, to)
  }

  #roomiest(): number {
    return this.#room.indexOf(Math.max(...this.#room))
  }
}

/** Who runs each task; where two say so, as after one was cut off, the first. */
function runnersOf(
  tasks: readonly AssignableTask[],
  members: readonly AssignableMember[],
  copies: TaskCopies,
): Map<AssignableTask, number> {
  const runners = new Map<AssignableTask, number>()
  for (const task of tasks) {
    const runner = members.findIndex((member) => copies.runs(task, member))
    if (runner >= 0) runners.set(task, runner)
  }
  return runners
}
