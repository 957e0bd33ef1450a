import type { AssignableMember, AssignableTask } from './assignment.ts'
import { byNearness, type TaskCopies } from './task-copies.ts'

/** What standbys are placed by. */
export interface StandbyPlacementOptions {
  /** Those with state, in their order. */
  readonly tasks: readonly AssignableTask[]
  readonly members: readonly AssignableMember[]
  readonly copies: TaskCopies
  /** Who runs each task now, and who is to run it in the end. */
  readonly owners: ReadonlyMap<AssignableTask, AssignableMember>
  readonly targets: ReadonlyMap<AssignableTask, AssignableMember>
  readonly numStandbyReplicas: number
}

interface Move {
  readonly task: AssignableTask
  readonly from: AssignableMember
  readonly to: AssignableMember
}

/**
 * Gives each task with state its standbys: each in a process of its own apart from the active task's, where they are
 * already, and then moved until no member has more than one over another, as far as the processes allow.
 */
export class StandbyPlacement {
  readonly #options: StandbyPlacementOptions
  readonly #placed = new Map<AssignableTask, Set<AssignableMember>>()
  readonly #loads: Map<AssignableMember, number>
  readonly #activeLoads: Map<AssignableMember, number>

  constructor(options: StandbyPlacementOptions) {
    this.#options = options
    this.#loads = new Map(options.members.map((member) => [member, 0]))
    this.#activeLoads = new Map(options.members.map((member) => [member, 0]))
    for (const owner of options.targets.values()) {
      this.#activeLoads.set(owner, this.#activeLoads.get(owner)! + 1)
    }
  }

  place(): ReadonlyMap<AssignableTask, ReadonlySet<AssignableMember>> {
    const { tasks, members, owners, numStandbyReplicas } = this.#options
    const processes = new Set(members.map(({ processId }) => processId))
    const wanted = Math.min(numStandbyReplicas, processes.size - 1)
    for (const task of tasks) this.#placed.set(task, new Set())
    if (wanted <= 0) return this.#placed
    for (const task of tasks) this.#keep(task, wanted)
    for (const task of tasks) {
      while (this.#placed.get(task)!.size < wanted) {
        const free = members.filter((member) => this.#isFree(task, member, owners.get(task)!))
        this.#add(
          task,
          free.reduce((best, each) => (this.#isLessLoaded(each, best) ? each : best)),
        )
      }
    }
    while (this.#even());
    return this.#placed
  }

  /** Leaves standbys where copies are: caught up ones before those where the task is to move, and then the nearest. */
  #keep(task: AssignableTask, wanted: number): void {
    const { members, copies, targets, owners } = this.#options
    const target = targets.get(task)!
    const known = members
      .map((member) => ({ member, nearness: copies.nearness(task, member) }))
      .filter(({ member, nearness }) => nearness.rank < 3 || member === target)
    const tier = (each: (typeof known)[number]): number => {
      if (each.nearness.rank <= 1) return copies.keepsStandby(task, each.member) ? 0 : 1
      return each.member === target ? 2 : 3
    }
    known.sort(
      (a, b) =>
        tier(a) - tier(b) ||
        (tier(a) === 3 ? byNearness(a.nearness, b.nearness) : 0) ||
        this.#loads.get(a.member)! - this.#loads.get(b.member)!,
    )
    for (const { member } of known) {
      if (this.#placed.get(task)!.size === wanted) return
      if (this.#isFree(task, member, owners.get(task)!)) this.#add(task, member)
    }
  }

  /** Makes loads more even by one step, of which the best is one to where a copy is. Gives whether there was any. */
  #even(): boolean {
    const loads = [...this.#loads.values()]
    if (Math.max(...loads) - Math.min(...loads) < 2) return false
    const step = this.#directStep()
    const steps = step ? [step] : this.#stepsAround()
    for (const { task, from, to } of steps) {
      this.#remove(task, from)
      this.#add(task, to)
    }
    return steps.length > 0
  }

  #directStep(): Move | undefined {
    const { members, copies } = this.#options
    let best: Move | undefined
    for (const from of members) {
      for (const move of this.#moves(from, (to) => this.#gap(from, to) >= 2)) {
        best ??= move
        const near = copies.nearness(move.task, move.to)
        const order = byNearness(near, copies.nearness(best.task, best.to))
        const wider = this.#gap(move.from, move.to) - this.#gap(best.from, best.to)
        if (order < 0 || (order === 0 && wider > 0)) best = move
      }
    }
    return best
  }

  /** Steps by way of other members, where processes do not allow the direct one. */
  #stepsAround(): Move[] {
    const least = Math.min(...this.#loads.values())
    for (const start of this.#options.members) {
      if (this.#loads.get(start)! - least < 2) continue
      const by = new Map<AssignableMember, Move>()
      const reached = new Set([start])
      for (const at of reached) {
        if (this.#gap(start, at) >= 2) return pathTo(at, start, by)
        for (const move of this.#moves(at, (to) => !reached.has(to))) {
          reached.add(move.to)
          by.set(move.to, move)
        }
      }
    }
    return []
  }

  /** The allowed moves of a standby from a member to such others. */
  *#moves(
    from: AssignableMember,
    wanted: (to: AssignableMember) => boolean,
  ): Generator<Move, void> {
    const { members, owners } = this.#options
    for (const [task, standbys] of this.#placed) {
      if (!standbys.has(from)) continue
      for (const to of members) {
        if (!wanted(to) || !this.#isFree(task, to, owners.get(task)!, from)) continue
        yield { task, from, to }
      }
    }
  }

  #gap(from: AssignableMember, to: AssignableMember): number {
    return this.#loads.get(from)! - this.#loads.get(to)!
  }

  #isLessLoaded(a: AssignableMember, b: AssignableMember): boolean {
    const standbys = this.#loads.get(a)! - this.#loads.get(b)!
    return standbys < 0 || (standbys === 0 && this.#activeLoads.get(a)! < this.#activeLoads.get(b)!)
  }

  /** Whether a member's process has no copy of the task, that of `instead` left aside. */
  #isFree(
    task: AssignableTask,
    { processId }: AssignableMember,
    owner: AssignableMember,
    instead?: AssignableMember,
  ): boolean {
    if (owner.processId === processId) return false
    for (const standby of this.#placed.get(task)!) {
      if (standby !== instead && standby.processId === processId) return false
    }
    return true
  }

  #add(task: AssignableTask, member: AssignableMember): void {
    this.#placed.get(task)!.add(member)
    this.#loads.set(member, this.#loads.get(member)! + 1)
  }

  #remove(task: AssignableTask, member: AssignableMember): void {
    this.#placed.get(task)!.delete(member)
    this.#loads.set(member, this.#loads.get(member)! - 1)
  }
}

function pathTo(
  end: AssignableMember,
  start: AssignableMember,
  by: ReadonlyMap<AssignableMember, Move>,
): Move[] {
  const path: Move[] = []
  for (let at = end; at !== start;) {
    const move = by.get(at)!
    path.unshift(move)
    at = move.from
  }
  return path
}
