import type {
  AssignableMember,
  AssignableTask,
  AssignmentSettings,
  MemberTasks,
  TaskAssignment,
} from './assignment.ts'
import { balancedOwners } from './place-active.ts'
import { StandbyPlacement } from './place-standbys.ts'
import { TaskCopies } from './task-copies.ts'

/** A copy that is to come to where the task, or a standby of it, is to move. */
interface WarmUp {
  readonly task: AssignableTask
  readonly to: AssignableMember
}

type Copies = ReadonlyMap<AssignableTask, ReadonlySet<AssignableMember>>
type Owners = ReadonlyMap<AssignableTask, AssignableMember>

/**
 * Gives each task to one member and each task with state its standbys: balanced, with as little moved as that allows.
 *
 * Where the member that is to run a task is not caught up, one that is, or that lacks less, keeps it or takes it for
 * the time being, and the other warms up a copy; such an assignment is made again later, until nothing waits any more.
 * The same goes for standbys that are to move. The same input gives the same result, in whatever order it comes.
 *
 * @remarks Source: KIP-441 and Java's `HighAvailabilityTaskAssignor`, whose balanced assignment does not regard who
 * runs what now; this one moves as little as it can, as Java's `StickyTaskAssignor`.
 */
export function assignTasks(
  tasks: readonly AssignableTask[],
  members: readonly AssignableMember[],
  settings: AssignmentSettings,
): TaskAssignment {
  if (members.length === 0) return { members: new Map(), isProbing: false }
  const ordered = [...tasks].sort(byTaskId)
  const stateful = ordered.filter(({ endOffsetSum }) => endOffsetSum !== undefined)
  const those = inTurn(members)
  const copies = new TaskCopies(members, settings.acceptableRecoveryLag)
  const targets = balancedOwners(ordered, those, copies)
  const owners = presentOwners(ordered, those, targets, copies)
  const moves = stateful
    .filter((task) => owners.get(task) !== targets.get(task))
    .map((task) => ({ task, to: targets.get(task)! }))
  const { numStandbyReplicas } = settings
  const placement = { tasks: stateful, members: those, copies, owners, targets, numStandbyReplicas }
  const aimed = new StandbyPlacement(placement).place()
  const { standbys, standbyMoves } = keepCaughtUp(aimed, those, owners, copies)
  const warmUps = choose([...moves, ...standbyMoves], settings.maxWarmupReplicas, {
    copies,
    owners,
    standbys,
  })
  return {
    members: sharesOf(members, ordered, owners, standbys, warmUps),
    isProbing: moves.length + standbyMoves.length > 0,
  }
}

/** Who runs each task now: who is to in the end where that one is caught up, else who lacks the least. */
function presentOwners(
  tasks: readonly AssignableTask[],
  members: readonly AssignableMember[],
  targets: Owners,
  copies: TaskCopies,
): Map<AssignableTask, AssignableMember> {
  const owners = new Map<AssignableTask, AssignableMember>()
  const loads = new Map<AssignableMember, number>(members.map((member) => [member, 0]))
  const give = (task: AssignableTask, owner: AssignableMember): void => {
    owners.set(task, owner)
    loads.set(owner, loads.get(owner)! + 1)
  }
  const waiting: AssignableTask[] = []
  for (const task of tasks) {
    const target = targets.get(task)!
    if (task.endOffsetSum === undefined || copies.isCaughtUp(task, target)) give(task, target)
    else waiting.push(task)
  }
  for (const task of waiting) {
    const target = targets.get(task)!
    const { lag } = copies.nearness(task, target)
    const ahead = members
      .map((member) => ({ member, ...copies.nearness(task, member) }))
      .filter((each) => each.lag < lag || each.rank === 0)
    const caughtUp = ahead.filter(({ member }) => copies.isCaughtUp(task, member))
    const [nearest] =
      caughtUp.length > 0
        ? caughtUp.sort((a, b) => a.rank - b.rank || loads.get(a.member)! - loads.get(b.member)!)
        : ahead.sort((a, b) => a.lag - b.lag)
    give(task, nearest?.member ?? target)
  }
  return owners
}

/** Leaves a standby that is to move to a member that lacks much where it is, until that one has caught up. */
function keepCaughtUp(
  aimed: Copies,
  members: readonly AssignableMember[],
  owners: Owners,
  copies: TaskCopies,
): { standbys: Copies; standbyMoves: WarmUp[] } {
  const standbys = new Map<AssignableTask, Set<AssignableMember>>()
  const standbyMoves: WarmUp[] = []
  for (const [task, places] of aimed) {
    const kept = new Set(places)
    standbys.set(task, kept)
    for (const to of places) {
      if (copies.isCaughtUp(task, to)) continue
      const others = [...kept, owners.get(task)!].filter((each) => each !== to)
      const apart = (member: AssignableMember): boolean =>
        !others.some(({ processId }) => processId === member.processId)
      const stay = members.find(
        (member) =>
          copies.keepsStandby(task, member) &&
          !kept.has(member) &&
          copies.isCaughtUp(task, member) &&
          apart(member),
      )
      if (!stay) continue
      kept.delete(to)
      kept.add(stay)
      standbyMoves.push({ task, to })
    }
  }
  return { standbys, standbyMoves }
}

/** The warm-ups that there may be at a time: those that have begun before, and first those of active tasks. */
function choose(
  wanted: readonly WarmUp[],
  atMost: number,
  { copies, owners, standbys }: { copies: TaskCopies; owners: Owners; standbys: Copies },
): WarmUp[] {
  const needed = wanted.filter(({ task, to }) => {
    const others = [owners.get(task)!, ...standbys.get(task)!]
    return !others.some(({ processId }) => processId === to.processId)
  })
  const begun = ({ task, to }: WarmUp): number => (copies.keepsStandby(task, to) ? 0 : 1)
  const lag = ({ task, to }: WarmUp): number => copies.nearness(task, to).lag
  const chosen: WarmUp[] = []
  for (const each of needed.sort((a, b) => begun(a) - begun(b) || begunLag(a) - begunLag(b))) {
    if (chosen.length === atMost) break
    const { processId } = each.to
    const isTwice = chosen.some(({ task, to }) => task === each.task && to.processId === processId)
    if (!isTwice) chosen.push(each)
  }
  return chosen

  function begunLag(each: WarmUp): number {
    return begun(each) === 0 ? lag(each) : 0
  }
}

function sharesOf(
  members: readonly AssignableMember[],
  tasks: readonly AssignableTask[],
  owners: Owners,
  standbys: Copies,
  warmUps: readonly WarmUp[],
): Map<string, MemberTasks> {
  const shares = new Map<string, { active: string[]; standby: string[] }>()
  for (const { memberId } of members) shares.set(memberId, { active: [], standby: [] })
  for (const task of tasks) {
    shares.get(owners.get(task)!.memberId)!.active.push(task.name)
    const warming = warmUps.filter((each) => each.task === task).map(({ to }) => to)
    for (const { memberId } of [...(standbys.get(task) ?? []), ...warming]) {
      shares.get(memberId)!.standby.push(task.name)
    }
  }
  return shares
}

/** In an order of their own that takes the processes in turn, so that what is left over is spread over them. */
function inTurn(members: readonly AssignableMember[]): AssignableMember[] {
  const ordered = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
  const seen = new Map<string, number>()
  const turns = new Map<AssignableMember, number>()
  for (const member of ordered) {
    const turn = seen.get(member.processId) ?? 0
    seen.set(member.processId, turn + 1)
    turns.set(member, turn)
  }
  return ordered.sort((a, b) => turns.get(a)! - turns.get(b)!)
}

/** `2_10` after `2_9`. */
function byTaskId({ name: a }: AssignableTask, { name: b }: AssignableTask): number {
  const [aSub, aPartition] = a.split('_').map(Number)
  const [bSub, bPartition] = b.split('_').map(Number)
  return aSub! - bSub! || aPartition! - bPartition!
}
