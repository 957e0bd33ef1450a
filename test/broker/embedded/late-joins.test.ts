import { describe, expect, it } from 'vitest'
import type { EmbeddedClient } from '../../../src/broker/embedded/index.ts'
import type { GroupMembership } from '../../../src/broker/port.ts'
import { BrokerTimeoutError, FencedError } from '../../../src/core/errors.ts'
import { memberOf, virtualBroker } from './virtual-broker.ts'

const fencedInstance = { brokerCode: 82 }

/** Joins under an instance id and is not heard of again, as a request does whose sender has given it up. */
async function joinLate(client: EmbeddedClient): Promise<void> {
  await memberOf(client, { instanceId: 'one' }).join()
}

async function expectFenced(member: GroupMembership): Promise<void> {
  await expect(member.heartbeat()).rejects.toMatchObject(fencedInstance)
}

describe('a static member of the embedded broker', () => {
  it('was thrown out for good by its own request to join, which it had given up and sent again', async () => {
    let unanswered = 1
    const { broker, client } = await virtualBroker({
      onRequest: (_, request) =>
        request === 'joinGroup' && unanswered-- > 0
          ? Promise.reject(new BrokerTimeoutError('not answered', { retriable: true }))
          : undefined,
    })
    const member = memberOf(client, { instanceId: 'one' })
    await expect(member.join()).rejects.toThrow(BrokerTimeoutError)
    await member.join()
    const { memberId } = member.identity()
    await joinLate(broker.open())
    await expectFenced(member)
    expect(await member.join()).toMatchObject({ continuous: false })
    expect(member.identity().memberId).not.toBe(memberId)
    expect(await member.heartbeat()).toBe('stable')
    // There was one such request: whoever comes now is another process.
    await joinLate(broker.open())
    await expectFenced(member)
    await expect(member.join()).rejects.toThrow(FencedError)
  })

  it('comes back as often as a process before it may have asked to join', async () => {
    const { broker, client } = await virtualBroker()
    const member = memberOf(client, { instanceId: 'one', strayJoins: 1 })
    await member.join()
    await joinLate(broker.open())
    await expectFenced(member)
    await member.join()
    expect(await member.heartbeat()).toBe('stable')
    await joinLate(broker.open())
    await expect(member.join()).rejects.toMatchObject(fencedInstance)
  })

  it('of two processes that have the same id, one is left', async () => {
    const { broker, client } = await virtualBroker()
    const options = { instanceId: 'one', strayJoins: 1 }
    const members = [memberOf(client, options), memberOf(broker.open(), options)]
    for (const member of members) await member.join()
    const joins = ['in', 'in']
    for (let round = 0; round < 10; round++) {
      for (const [i, member] of members.entries()) {
        if (joins[i] !== 'in') continue
        const isFenced = await member.heartbeat().then(
          () => false,
          () => true,
        )
        if (isFenced) await member.join().catch((error: Error) => (joins[i] = error.name))
      }
    }
    expect(joins).toEqual(['FencedError', 'in'])
    expect(await members[1]!.heartbeat()).toBe('stable')
  })
})
