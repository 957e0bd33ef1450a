import type {
  AssignableMember,
  AssignableTask,
  TaskAssignment,
} from '../../../src/runtime/assignor/assignment.ts'

/** A member that has nothing. */
export function member(memberId: string, processId: string): AssignableMember {
  return { memberId, processId, active: [], standby: [], stored: new Map() }
}

/** The members once they have done as they were told, and all their copies have caught up. */
export function afterRound(
  tasks: readonly AssignableTask[],
  members: readonly AssignableMember[],
  given: TaskAssignment,
): AssignableMember[] {
  const ends = new Map(tasks.map(({ name, endOffsetSum }) => [name, endOffsetSum]))
  return members.map(({ memberId, processId, stored }) => {
    const { active, standby } = given.members.get(memberId)!
    const caughtUp = new Map(stored)
    for (const name of [...active, ...standby]) {
      const end = ends.get(name)
      if (end !== undefined) caughtUp.set(name, end)
    }
    return { memberId, processId, active, standby, stored: caughtUp }
  })
}

export function statefulTasks(tasks: readonly AssignableTask[]): AssignableTask[] {
  return tasks.filter(({ endOffsetSum }) => endOffsetSum !== undefined)
}

/** Which member runs each task. */
export function ownersOf(given: TaskAssignment): Map<string, string> {
  const owners = new Map<string, string>()
  for (const [memberId, { active }] of given.members) {
    for (const name of active) owners.set(name, memberId)
  }
  return owners
}

/** How many such tasks each member runs. */
export function loadsOf(given: TaskAssignment, wanted: (name: string) => boolean): number[] {
  return [...given.members.values()].map(({ active }) => active.filter(wanted).length)
}

export function spread(loads: readonly number[]): number {
  return Math.max(...loads) - Math.min(...loads)
}
