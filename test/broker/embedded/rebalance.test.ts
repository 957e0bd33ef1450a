import { describe, expect, it } from 'vitest'
import { FencedError, LifecycleError } from '../../../src/core/errors.ts'
import type { GroupAssignment, GroupAssignor, GroupMembership } from '../../../src/broker/port.ts'
import { SharingAssignor } from '../contract/group-driving.ts'
import { memberOf, virtualBroker, watch } from './virtual-broker.ts'

/** An assignor whose answers the test gives. */
class HeldAssignor implements GroupAssignor {
  readonly name = 'sharing'
  readonly calls: {
    readonly count: number
    answer(): void
    fail(error: Error): void
  }[] = []
  readonly #sharing = new SharingAssignor('topic', 2, 'held')

  subscription(): ReturnType<GroupAssignor['subscription']> {
    return this.#sharing.subscription()
  }

  assign(members: Parameters<GroupAssignor['assign']>[0]): Promise<Map<string, GroupAssignment>> {
    return new Promise((resolve, reject) => {
      this.calls.push({
        count: members.length,
        answer: () => resolve(this.#sharing.assign(members)),
        fail: reject,
      })
    })
  }
}

function generationOf(member: GroupMembership): number {
  return member.identity().generationId
}

describe('rebalances of the embedded broker', () => {
  it('expel a leader that never says who gets what, and go on without it', async () => {
    const { clock, broker, client } = await virtualBroker()
    const stuck = memberOf(client, { assignor: new HeldAssignor(), rebalanceTimeoutMs: 5_000 })
    const other = memberOf(broker.open(), { rebalanceTimeoutMs: 5_000 })
    const [leading, following] = [watch(stuck.join()), watch(other.join())]
    await clock.advance(4_999)
    expect([leading.state, following.state]).toEqual(['pending', 'pending'])
    await clock.advance(1)
    expect(leading.state).toBeInstanceOf(FencedError)
    expect(following.state).toBe('resolved')
    expect(await other.heartbeat()).toBe('stable')
  })

  it('begin anew when a member comes while partitions are handed out; what was begun counts no more', async () => {
    const { clock, broker, client } = await virtualBroker()
    const assignor = new HeldAssignor()
    const leader = memberOf(client, { assignor })
    const leading = watch(leader.join())
    await clock.advance(0)
    const late = memberOf(broker.open())
    const joining = watch(late.join())
    await clock.advance(0)
    expect(assignor.calls.map(({ count }) => count)).toEqual([1, 2])
    assignor.calls[0]!.fail(new Error('of the round that is over'))
    await clock.advance(0)
    expect([leading.state, joining.state]).toEqual(['pending', 'pending'])
    assignor.calls[1]!.answer()
    await clock.advance(0)
    expect([leading.state, joining.state]).toEqual(['resolved', 'resolved'])
    expect(generationOf(leader)).toBe(generationOf(late))
  })

  it('ended a member that joined again before the broker had heard that it leaves', async () => {
    let arrive: (() => void) | undefined
    const { clock, client } = await virtualBroker({
      onRequest: (_, request) =>
        request === 'leaveGroup' && arrive === undefined
          ? new Promise((resolve) => (arrive = resolve))
          : undefined,
    })
    const assignor = new HeldAssignor()
    const member = memberOf(client, { assignor })
    const first = watch(member.join())
    await clock.advance(0)
    assignor.calls[0]!.answer()
    await clock.advance(0)
    expect(first.state).toBe('resolved')
    const leaving = member.leave()
    const again = watch(member.join())
    await clock.advance(0)
    arrive!()
    await leaving
    await clock.advance(0)
    expect(again.state).toBe('pending')
    for (const call of assignor.calls) call.answer()
    await clock.advance(0)
    expect(again.state).toBe('resolved')
    expect(await member.heartbeat()).toBe('stable')
  })

  it('go on when a member that waits leaves while partitions are handed out', async () => {
    const { clock, broker, client } = await virtualBroker()
    const assignor = new HeldAssignor()
    const [leader, leaving] = [memberOf(client, { assignor }), memberOf(broker.open())]
    const joins = [watch(leader.join()), watch(leaving.join())]
    await clock.advance(0)
    await leaving.leave()
    await clock.advance(0)
    expect(joins[1]!.state).toBeInstanceOf(Error)
    expect(assignor.calls.at(-1)!.count).toBe(1)
    for (const call of assignor.calls) call.answer()
    await clock.advance(0)
    expect(joins[0]!.state).toBe('resolved')
    expect(await leader.heartbeat()).toBe('stable')
  })

  it('do not leave a join hanging that another of the same member followed', async () => {
    const { clock, client } = await virtualBroker()
    const assignor = new HeldAssignor()
    const member = memberOf(client, { assignor })
    const first = watch(member.join())
    await clock.advance(0)
    const second = watch(member.join())
    await clock.advance(0)
    expect(first.state).toBeInstanceOf(LifecycleError)
    for (const call of assignor.calls) call.answer()
    await clock.advance(0)
    expect(second.state).toBe('resolved')
  })

  it('are not begun by a follower with nothing new to say, but by the leader', async () => {
    const { clock, broker, client } = await virtualBroker()
    const [leader, follower] = [memberOf(client), memberOf(broker.open())]
    await leader.join()
    const joining = follower.join()
    await clock.advance(0)
    await Promise.all([leader.join(), joining])
    const generation = generationOf(leader)
    const assignment = await follower.join()
    expect(assignment).toEqual({ ...(await joining), continuous: true })
    expect(generationOf(follower)).toBe(generation)
    expect(await leader.heartbeat()).toBe('stable')
    const again = watch(leader.join())
    await clock.advance(0)
    expect(again.state).toBe('pending')
    expect(await follower.heartbeat()).toBe('rebalance')
    await follower.join()
    expect(generationOf(leader)).toBe(generation + 1)
  })

  it('find a leader in the one that took a static leader’s place', async () => {
    const { clock, broker, client } = await virtualBroker()
    const assignor = new SharingAssignor('topic', 2, 'new self')
    const former = memberOf(client, { instanceId: 'one' })
    const follower = memberOf(broker.open())
    await former.join()
    const joining = follower.join()
    await clock.advance(0)
    await Promise.all([former.join(), joining])
    client.crash()
    const newSelf = memberOf(broker.open(), { instanceId: 'one', assignor })
    await newSelf.join()
    expect(assignor.calls).toEqual([])
    const again = newSelf.join()
    await clock.advance(0)
    await Promise.all([again, follower.join()])
    expect(assignor.calls).toHaveLength(1)
  })
})
