import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignTasks } from '../../../src/runtime/assignor/assign-tasks.ts'
import { handOver, ownersOf, type TaskClaims } from '../../../src/runtime/assignor/hand-over.ts'

const tasks = ['0_0', '0_1', '0_2', '1_0', '1_1', '1_2', '1_3']
const settings = { numStandbyReplicas: 0, acceptableRecoveryLag: 0, maxWarmupReplicas: 2 }

type Event =
  | { readonly type: 'join' | 'leave' | 'crash' | 'rebalance' }
  /** A rebalance that some member is not there for: it is expelled, and comes back with what it had. */
  | { readonly type: 'miss'; readonly who: number }

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ type: fc.constantFrom('join', 'leave', 'crash', 'rebalance') }),
  fc.record({ type: fc.constant('miss' as const), who: fc.nat(5) }),
)

/** A group whose members do what they are told, apart from those that are not there. */
class Group {
  members = new Map<string, TaskClaims>()
  #named = 0
  #generation = 0

  play(event: Event): void {
    const ids = [...this.members.keys()]
    if (event.type === 'join' && ids.length < 6) this.#join()
    if (event.type === 'leave' || event.type === 'crash') this.members.delete(ids.at(-1) ?? '')
    const missing = event.type === 'miss' ? ids[event.who % Math.max(1, ids.length)] : undefined
    if (missing === undefined || ids.length > 1) this.rebalance(missing)
  }

  /** Whether somebody was told to begin another one. */
  rebalance(missing?: string): boolean {
    const there = [...this.members.values()].filter(({ memberId }) => memberId !== missing)
    this.#generation++
    if (there.length === 0) return false
    const owners = ownersOf(there)
    const target = assignTasks(
      tasks.map((name) => ({ name, endOffsetSum: undefined })),
      there.map(({ memberId, active }) => ({
        memberId,
        processId: memberId,
        active: active.filter((task) => owners.get(task) === memberId),
        standby: [],
        stored: new Map(),
      })),
      settings,
    )
    const told = handOver(target.members, there)
    const running = new Map(
      there.flatMap(({ memberId, active }) =>
        active.filter((task) => owners.get(task) === memberId).map((task) => [task, memberId]),
      ),
    )
    const given: string[] = []
    for (const [memberId, { active }] of told) {
      for (const task of active) expect(running.get(task) ?? memberId).toBe(memberId)
      given.push(...active)
      this.members.set(memberId, {
        memberId,
        generation: this.#generation,
        active,
        standby: [],
      })
    }
    expect(new Set(given).size).toBe(given.length)
    const awaited = [...told.values()].flatMap((each) => each.awaited)
    // Each task is somebody's, or is about to be.
    expect([...given, ...awaited].toSorted()).toEqual(tasks)
    const followUp = [...told.values()].some((each) => each.followUp)
    expect(followUp).toBe(awaited.length > 0)
    return followUp
  }

  #join(): void {
    const memberId = `member-${this.#named++}`
    this.members.set(memberId, { memberId, generation: -1, active: [], standby: [] })
  }
}

describe('handing tasks over', () => {
  it('never gives a task to two members, nor to one before the other has let it go, and comes to an end', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 25 }), (events) => {
        const group = new Group()
        for (const each of events) group.play(each)
        group.play({ type: 'join' })
        let rounds = 0
        while (group.rebalance()) expect(++rounds).toBeLessThan(3)
        const held = [...group.members.values()].flatMap(({ active }) => active)
        expect(held.toSorted()).toEqual(tasks)
      }),
    )
  })

  it('lets a member go on with its standby of a task that it waits for', () => {
    const members = [
      { memberId: 'a', generation: 1, active: ['0_0'], standby: [] },
      { memberId: 'b', generation: 1, active: [], standby: ['0_0'] },
    ]
    const target = new Map([
      ['a', { active: [], standby: ['0_0'] }],
      ['b', { active: ['0_0'], standby: [] }],
    ])
    const told = handOver(target, members)
    expect(told.get('a')).toEqual({ active: [], standby: ['0_0'], awaited: [], followUp: true })
    expect(told.get('b')).toEqual({
      active: [],
      standby: ['0_0'],
      awaited: ['0_0'],
      followUp: false,
    })
  })
})
