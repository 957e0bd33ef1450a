import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignTasks, type AssignableMember } from '../../../src/runtime/assignor/assign-tasks.ts'

const taskNames = fc
  .uniqueArray(fc.tuple(fc.nat(3), fc.nat(12)), { maxLength: 30, selector: String })
  .map((ids) => ids.map(([subTopology, partition]) => `${subTopology}_${partition}`))

/** Tasks, and members of whom some claim tasks or state, also of tasks that there are no longer. */
const groups = taskNames.chain((tasks) => {
  const some = fc.subarray([...tasks, '9_9'])
  const member = fc.record({ memberId: fc.uuid(), owned: some, stored: some })
  return fc.record({
    tasks: fc.constant(tasks),
    members: fc.uniqueArray(member, {
      minLength: 1,
      maxLength: 6,
      selector: ({ memberId }) => memberId,
    }),
  })
})

function loads(given: ReadonlyMap<string, readonly string[]>): number[] {
  return [...given.values()].map((names) => names.length)
}

function asMembers(given: ReadonlyMap<string, readonly string[]>): AssignableMember[] {
  return [...given].map(([memberId, owned]) => ({ memberId, owned, stored: [] }))
}

describe('assigning tasks', () => {
  it('gives each task to exactly one member', () => {
    fc.assert(
      fc.property(groups, ({ tasks, members }) => {
        const given = [...assignTasks(tasks, members).values()].flat()
        expect(given.toSorted()).toEqual(tasks.toSorted())
      }),
    )
  })

  it('gives no member more than one task over another', () => {
    fc.assert(
      fc.property(groups, ({ tasks, members }) => {
        const counts = loads(assignTasks(tasks, members))
        expect(counts).toHaveLength(members.length)
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('does not depend on the order of tasks and members', () => {
    fc.assert(
      fc.property(groups, ({ tasks, members }) => {
        const given = assignTasks(tasks, members)
        expect(assignTasks(tasks.toReversed(), members.toReversed())).toEqual(given)
      }),
    )
  })

  it('moves nothing where nothing has changed', () => {
    fc.assert(
      fc.property(groups, ({ tasks, members }) => {
        const given = assignTasks(tasks, members)
        expect(assignTasks(tasks, asMembers(given))).toEqual(given)
      }),
    )
  })

  it('moves no task to a member that stayed, when another joins', () => {
    fc.assert(
      fc.property(groups, fc.uuid(), ({ tasks, members }, memberId) => {
        const before = assignTasks(tasks, members)
        fc.pre(!before.has(memberId))
        const joined = { memberId, owned: [], stored: [] }
        const after = assignTasks(tasks, [...asMembers(before), joined])
        for (const [stayed, names] of before) {
          for (const name of after.get(stayed)!) expect(names).toContain(name)
        }
      }),
    )
  })

  it('takes no task from a member that stayed, when another leaves', () => {
    fc.assert(
      fc.property(groups, ({ tasks, members }) => {
        fc.pre(members.length > 1)
        const before = assignTasks(tasks, members)
        const staying = asMembers(before).slice(1)
        const after = assignTasks(tasks, staying)
        for (const { memberId, owned } of staying) {
          for (const name of owned) expect(after.get(memberId)).toContain(name)
        }
      }),
    )
  })

  it('gives a task that nobody runs to a member that has its state', () => {
    const members = [
      { memberId: 'a', owned: [], stored: ['0_1', '0_3'] },
      { memberId: 'b', owned: [], stored: ['0_0', '0_2'] },
    ]
    const given = assignTasks(['0_0', '0_1', '0_2', '0_3'], members)
    expect(Object.fromEntries(given)).toEqual({ a: ['0_1', '0_3'], b: ['0_0', '0_2'] })
  })

  it('gives a task to the one that runs it rather than to one that has its state', () => {
    const members = [
      { memberId: 'a', owned: [], stored: ['0_0'] },
      { memberId: 'b', owned: ['0_0'], stored: [] },
    ]
    expect(assignTasks(['0_0'], members).get('b')).toEqual(['0_0'])
  })

  it('spreads the tasks of each sub-topology', () => {
    const tasks = ['0_0', '0_1', '1_0', '1_1']
    const members = ['a', 'b'].map((memberId) => ({ memberId, owned: [], stored: [] }))
    const given = assignTasks(tasks, members)
    expect(Object.fromEntries(given)).toEqual({ a: ['0_0', '1_0'], b: ['0_1', '1_1'] })
  })
})
