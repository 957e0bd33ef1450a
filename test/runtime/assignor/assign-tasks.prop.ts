import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignTasks } from '../../../src/runtime/assignor/assign-tasks.ts'
import type {
  AssignableMember,
  AssignableTask,
  AssignmentSettings,
  TaskAssignment,
} from '../../../src/runtime/assignor/assignment.ts'
import { afterRound, loadsOf, member, ownersOf, spread, statefulTasks } from './simulated-group.ts'

const lagging = { acceptableRecoveryLag: 100, maxWarmupReplicas: 2 } as const

const settings: fc.Arbitrary<AssignmentSettings> = fc.record({
  numStandbyReplicas: fc.nat(2),
  acceptableRecoveryLag: fc.constantFrom(0, 100),
  maxWarmupReplicas: fc.integer({ min: 1, max: 3 }),
})

const someTasks: fc.Arbitrary<AssignableTask[]> = fc
  .array(
    fc.record({
      count: fc.integer({ min: 1, max: 8 }),
      end: fc.option(fc.constantFrom(0, 50, 1000)),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((subTopologies) =>
    subTopologies.flatMap(({ count, end }, id) =>
      Array.from({ length: count }, (_, partition) => ({
        name: `${id}_${partition}`,
        endOffsetSum: end ?? undefined,
      })),
    ),
  )

/** A group of whom some claim tasks or state, also of tasks that there are no longer, as nobody checks them. */
const groups = someTasks.chain((tasks) => {
  const names = [...tasks.map(({ name }) => name), '9_9']
  const one = fc.record({
    memberId: fc.uuid(),
    processId: fc.constantFrom('p1', 'p2', 'p3', 'p4'),
    active: fc.subarray(names),
    standby: fc.subarray(names),
    stored: fc
      .array(fc.tuple(fc.constantFrom(...names), fc.nat(1200)))
      .map((sums) => new Map(sums)),
  })
  const members = fc.uniqueArray(one, {
    minLength: 1,
    maxLength: 6,
    selector: ({ memberId }) => memberId,
  })
  return fc.record({ tasks: fc.constant(tasks), members, settings })
})

/** A group as it comes to be: members join and leave, and each is given what it is by the rounds before. */
const histories = fc.record({
  tasks: someTasks,
  settings,
  processes: fc.integer({ min: 1, max: 4 }),
  events: fc.array(fc.record({ joins: fc.boolean(), which: fc.nat(5), rounds: fc.nat(2) }), {
    minLength: 1,
    maxLength: 6,
  }),
})

interface History {
  readonly tasks: readonly AssignableTask[]
  readonly settings: AssignmentSettings
  readonly processes: number
  readonly events: readonly { joins: boolean; which: number; rounds: number }[]
}

function play({ tasks, settings, processes, events }: History): AssignableMember[] {
  let joined = 0
  const join = (): AssignableMember => {
    joined++
    return member(`m${joined}`, `p${joined % processes}`)
  }
  let members = [join()]
  for (const { joins, which, rounds } of events) {
    if (joins || members.length === 1) members.push(join())
    else members.splice(which % members.length, 1)
    for (let i = 0; i < rounds; i++) {
      members = afterRound(tasks, members, assignTasks(tasks, members, settings))
    }
  }
  return members
}

describe('assigning tasks', () => {
  it('gives each task to exactly one member', () => {
    fc.assert(
      fc.property(groups, ({ tasks, members, settings }) => {
        const given = assignTasks(tasks, members, settings)
        const names = [...given.members.values()].flatMap(({ active }) => active)
        expect(names.toSorted()).toEqual(tasks.map(({ name }) => name).toSorted())
        expect([...given.members.keys()].toSorted()).toEqual(
          members.map(({ memberId }) => memberId).toSorted(),
        )
      }),
    )
  })

  it('does not depend on the order of tasks and members', () => {
    fc.assert(
      fc.property(groups, ({ tasks, members, settings }) => {
        const given = assignTasks(tasks, members, settings)
        const again = assignTasks(tasks.toReversed(), members.toReversed(), settings)
        expect(again).toEqual(given)
      }),
    )
  })

  it('keeps each copy in a process of its own, and only of tasks with state', () => {
    fc.assert(
      fc.property(groups, ({ tasks, members, settings }) => {
        const given = assignTasks(tasks, members, settings)
        for (const { name, endOffsetSum } of tasks) {
          const at = members.filter(({ memberId }) => {
            const { active, standby } = given.members.get(memberId)!
            return active.includes(name) || standby.includes(name)
          })
          expect(new Set(at.map(({ processId }) => processId)).size).toBe(at.length)
          if (endOffsetSum === undefined) expect(at).toHaveLength(1)
        }
      }),
    )
  })

  it('gives each task with state as many standbys as asked, or as processes allow, and few warm-ups beyond', () => {
    fc.assert(
      fc.property(groups, ({ tasks, members, settings }) => {
        const given = assignTasks(tasks, members, settings)
        const processes = new Set(members.map(({ processId }) => processId)).size
        const wanted = Math.min(settings.numStandbyReplicas, processes - 1)
        let beyond = 0
        for (const { name } of statefulTasks(tasks)) {
          const standbys = [...given.members.values()].filter(({ standby }) =>
            standby.includes(name),
          )
          expect(standbys.length).toBeGreaterThanOrEqual(wanted)
          beyond += standbys.length - wanted
        }
        expect(beyond).toBeLessThanOrEqual(settings.maxWarmupReplicas)
      }),
    )
  })

  it('gives a task to nobody who lacks more than another, beyond what is acceptable', () => {
    fc.assert(
      fc.property(groups, ({ tasks, members, settings }) => {
        const given = assignTasks(tasks, members, settings)
        const owners = ownersOf(given)
        const lagOf = ({ name, endOffsetSum }: AssignableTask, memberId: string): number => {
          const { processId } = members.find((each) => each.memberId === memberId)!
          const siblings = members.filter((each) => each.processId === processId)
          if (siblings.some(({ active }) => active.includes(name))) return 0
          const stored = Math.max(0, ...siblings.map((each) => each.stored.get(name) ?? 0))
          return stored <= endOffsetSum! ? endOffsetSum! - stored : endOffsetSum!
        }
        for (const task of statefulTasks(tasks)) {
          const lags = members.map(({ memberId }) => lagOf(task, memberId))
          const least = Math.max(settings.acceptableRecoveryLag, Math.min(...lags))
          expect(lagOf(task, owners.get(task.name)!)).toBeLessThanOrEqual(least)
        }
      }),
    )
  })

  it('comes to a balanced assignment in which nothing moves, whoever joined and left', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { tasks, settings } = history
        let members = play(history)
        let given = assignTasks(tasks, members, settings)
        for (let rounds = 0; given.isProbing; rounds++) {
          // Each round moves at least one task or standby for good.
          expect(rounds).toBeLessThan(tasks.length * (1 + settings.numStandbyReplicas))
          members = afterRound(tasks, members, given)
          given = assignTasks(tasks, members, settings)
        }
        expect(spread(loadsOf(given, () => true))).toBeLessThanOrEqual(1)
        for (const id of new Set(tasks.map(({ name }) => name.split('_')[0]!))) {
          const own = (name: string): boolean => name.startsWith(`${id}_`)
          expect(spread(loadsOf(given, own))).toBeLessThanOrEqual(1)
        }
        const settled = afterRound(tasks, members, given)
        expect(assignTasks(tasks, settled, settings)).toEqual(given)
      }),
      { numRuns: 300 },
    )
  })

  it('spreads the standbys evenly where each member is a process', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { tasks, settings } = history
        let members = play({ ...history, processes: 100 })
        let given = assignTasks(tasks, members, settings)
        while (given.isProbing) {
          members = afterRound(tasks, members, given)
          given = assignTasks(tasks, members, settings)
        }
        const standbys = [...given.members.values()].map(({ standby }) => standby.length)
        expect(spread(standbys)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('moves nothing between members that stay when another joins, but for the spread of sub-topologies', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { tasks, settings } = history
        const { members, given } = settle(history)
        const before = ownersOf(given)
        const joined = [...members, member('joined', 'p-joined')]
        const after = ownersOf(settleFrom(tasks, joined, settings).given)
        const between = [...after].filter(
          ([task, owner]) => owner !== 'joined' && owner !== before.get(task),
        )
        const subTopologies = new Set(tasks.map(({ name }) => name.split('_')[0]!)).size
        expect(between.length).toBeLessThan(subTopologies)
      }),
    )
  })

  it('lets a task run where it runs for as long as its new member has to catch up', () => {
    const tasks = spreadTasks(4)
    const settings = { ...lagging, numStandbyReplicas: 0 }
    let members = settleFrom(tasks, [member('a', 'p1')], settings).members
    members = [...members, member('b', 'p2')]
    const first = assignTasks(tasks, members, settings)
    expect(first.isProbing).toBe(true)
    expect(first.members.get('a')!.active).toHaveLength(4)
    expect(first.members.get('b')).toEqual({ active: [], standby: ['0_2', '0_3'] })
    members = afterRound(tasks, members, first)
    const second = assignTasks(tasks, members, settings)
    expect(second.isProbing).toBe(false)
    expect(Object.fromEntries(second.members)).toEqual({
      a: { active: ['0_0', '0_1'], standby: [] },
      b: { active: ['0_2', '0_3'], standby: [] },
    })
  })

  it('goes on with a warm-up that has begun, rather than begin another', () => {
    const tasks = spreadTasks(6)
    const settings = { ...lagging, numStandbyReplicas: 0, maxWarmupReplicas: 1 }
    const a = { ...member('a', 'p1'), active: tasks.map(({ name }) => name) }
    const b = { ...member('b', 'p2'), standby: ['0_1'], stored: new Map([['0_1', 10]]) }
    const given = assignTasks(tasks, [a, b], settings)
    expect(given.members.get('b')).toEqual({ active: [], standby: ['0_1'] })
  })

  it('gives the task of a member that is gone to its standby, whose tasks the others then take', () => {
    const tasks = spreadTasks(6)
    const settings = { ...lagging, numStandbyReplicas: 1 }
    const all = [member('a', 'p1'), member('b', 'p2'), member('c', 'p3')]
    const { members, given } = settleFrom(tasks, all, settings)
    const lost = given.members.get('a')!.active
    const staying = members.filter(({ memberId }) => memberId !== 'a')
    const owners = ownersOf(assignTasks(tasks, staying, settings))
    for (const name of lost) {
      const keeper = staying.find(({ standby }) => standby.includes(name))!
      expect(owners.get(name)).toBe(keeper.memberId)
    }
  })

  it('gives a task whose state nobody has to anybody, at once', () => {
    const tasks = spreadTasks(4)
    const settings = { ...lagging, numStandbyReplicas: 0 }
    const given = assignTasks(tasks, [member('a', 'p1'), member('b', 'p2')], settings)
    expect(given.isProbing).toBe(false)
    expect(spread(loadsOf(given, () => true))).toBe(0)
  })

  it('moves a task between the members of a process without a copy, since they share the state folder', () => {
    const tasks = spreadTasks(2)
    const settings = { ...lagging, numStandbyReplicas: 0 }
    const a = { ...member('a', 'p1'), active: ['0_0', '0_1'] }
    const given = assignTasks(tasks, [a, member('b', 'p1')], settings)
    expect(given.isProbing).toBe(false)
    expect(loadsOf(given, () => true)).toEqual([1, 1])
  })

  it('goes by what is stored after all have started again', () => {
    const tasks = spreadTasks(4)
    const stored = (...names: string[]): ReadonlyMap<string, number> =>
      new Map(names.map((name) => [name, 1000]))
    const a = { ...member('a', 'p1'), stored: stored('0_1', '0_3') }
    const b = { ...member('b', 'p2'), stored: stored('0_0', '0_2') }
    const given = assignTasks(tasks, [a, b], { ...lagging, numStandbyReplicas: 0 })
    expect(Object.fromEntries(given.members)).toEqual({
      a: { active: ['0_1', '0_3'], standby: [] },
      b: { active: ['0_0', '0_2'], standby: [] },
    })
  })

  it('takes state beyond the end of its changelog for none', () => {
    const tasks = spreadTasks(2)
    const a = { ...member('a', 'p1'), stored: new Map([['0_0', 5000]]) }
    const b = { ...member('b', 'p2'), stored: new Map([['0_0', 990]]) }
    const given = assignTasks(tasks, [a, b], { ...lagging, numStandbyReplicas: 0 })
    expect(given.members.get('b')!.active).toContain('0_0')
  })

  it('assigns 2,000 tasks to 40 members in a moment', () => {
    const tasks = Array.from({ length: 2000 }, (_, i) => ({
      name: `${i % 10}_${Math.floor(i / 10)}`,
      endOffsetSum: 1000,
    }))
    const settings = { ...lagging, numStandbyReplicas: 1 }
    const members = Array.from({ length: 40 }, (_, i) => member(`m${i}`, `p${i}`))
    const started = process.cpuUsage()
    const first = assignTasks(tasks, members, settings)
    const after = afterRound(tasks, members, first).slice(1)
    const second = assignTasks(tasks, [...after, member('x', 'px')], settings)
    expect(second.members.size).toBe(40)
    const { user } = process.cpuUsage(started)
    expect(user / 1e6).toBeLessThan(10)
  })
})

function spreadTasks(count: number): AssignableTask[] {
  return Array.from({ length: count }, (_, i) => ({ name: `0_${i}`, endOffsetSum: 1000 }))
}

function settle(history: History): { members: AssignableMember[]; given: TaskAssignment } {
  return settleFrom(history.tasks, play(history), history.settings)
}

/** Goes on until nothing moves; gives the members as they are then. */
function settleFrom(
  tasks: readonly AssignableTask[],
  from: readonly AssignableMember[],
  settings: AssignmentSettings,
): { members: AssignableMember[]; given: TaskAssignment } {
  let members = [...from]
  let given = assignTasks(tasks, members, settings)
  while (given.isProbing) {
    members = afterRound(tasks, members, given)
    given = assignTasks(tasks, members, settings)
  }
  return { members: afterRound(tasks, members, given), given }
}
