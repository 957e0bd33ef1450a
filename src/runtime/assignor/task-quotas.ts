import type { AssignableMember, AssignableTask } from './assignment.ts'
import { MinCostFlow } from './min-cost-flow.ts'
import type { TaskCopies } from './task-copies.ts'

/** The tasks of a sub-topology, and how many of them each member is to run. */
export interface SubTopologyShare {
  readonly tasks: readonly AssignableTask[]
  /** In the order of the members. */
  readonly quotas: readonly number[]
}

/** What is gained by a member's having one task more, by what it has of them already. */
const gains = { runs: 10_000, caughtUp: 100, begun: 1 } as const
/** Of giving a member what it has to have: more than all else together. */
const necessity = 1e12

/**
 * Settles how many tasks of each sub-topology each member is to run: of each the same number or one more, and so of
 * those with state, and of all. Who gets the one more is settled so that as many tasks as possible stay where they are,
 * and as many others as possible can go where their state is.
 *
 * @remarks Source: Java's `HighAvailabilityTaskAssignor` deals the tasks out in turn, those with state first, which
 * comes to the same numbers, whatever has to move for it.
 */
export function settleQuotas(
  tasks: readonly AssignableTask[],
  members: readonly AssignableMember[],
  copies: TaskCopies,
): SubTopologyShare[] {
  const groups = bySubTopology(tasks)
  const isStateful = (group: readonly AssignableTask[]): boolean =>
    group.some(({ endOffsetSum }) => endOffsetSum !== undefined)
  const dealt = members.map(() => 0)
  const shares: SubTopologyShare[] = []
  let total = 0
  for (const dealing of [groups.filter(isStateful), groups.filter((each) => !isStateful(each))]) {
    for (const group of dealing) total += group.length
    const rows = dealing.map((group) => ({
      tasks: group,
      each: Math.floor(group.length / members.length),
      over: group.length % members.length,
    }))
    for (const { each } of rows) for (const i of dealt.keys()) dealt[i]! += each
    const least = Math.floor(total / members.length)
    const columns = dealt.map((count) => ({
      atLeast: Math.max(0, least - count),
      atMost: Math.max(0, least + 1 - count),
    }))
    const gain = (row: (typeof rows)[number], column: number): number =>
      gainOf(row.tasks, row.each, members[column]!, copies)
    const extras = deal(rows, columns, gain)
    for (const [row, { tasks: group, each }] of rows.entries()) {
      const own = extras[row]!
      for (const [i, extra] of own.entries()) dealt[i]! += extra
      shares.push({ tasks: group, quotas: own.map((extra) => each + extra) })
    }
  }
  return shares
}

function bySubTopology(tasks: readonly AssignableTask[]): AssignableTask[][] {
  const groups = new Map<string, AssignableTask[]>()
  for (const task of tasks) {
    const id = task.name.split('_')[0]!
    const group = groups.get(id)
    if (group) group.push(task)
    else groups.set(id, [task])
  }
  return [...groups.values()]
}

function gainOf(
  tasks: readonly AssignableTask[],
  each: number,
  member: AssignableMember,
  copies: TaskCopies,
): number {
  const counts = [0, 0, 0, 0]
  for (const task of tasks) counts[copies.nearness(task, member).rank]!++
  const [runs, caughtUp, begun] = counts as [number, number, number, number]
  if (runs > each) return gains.runs
  if (runs + caughtUp > each) return gains.caughtUp
  return runs + caughtUp + begun > each ? gains.begun : 0
}

/** Deals out what each row has over, at most one to a column, within the columns' bounds; gives 0 or 1 by row and column. */
function deal<Row extends { readonly over: number }>(
  rows: readonly Row[],
  columns: readonly { readonly atLeast: number; readonly atMost: number }[],
  gain: (row: Row, column: number) => number,
): number[][] {
  const source = rows.length + columns.length
  const sink = source + 1
  const network = new MinCostFlow(sink + 1)
  const edges = rows.map((row, i) => {
    network.addEdge(source, i, row.over, 0)
    if (row.over === 0) return undefined
    return columns.map((_, j) => network.addEdge(i, rows.length + j, 1, -gain(row, j)))
  })
  for (const [j, { atLeast, atMost }] of columns.entries()) {
    network.addEdge(rows.length + j, sink, atLeast, -necessity)
    network.addEdge(rows.length + j, sink, atMost - atLeast, 0)
  }
  network.run(source, sink)
  return edges.map((row) => columns.map((_, j) => (row ? network.flowOf(row[j]!) : 0)))
}
