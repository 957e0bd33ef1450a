import { describe, expect, it } from 'vitest'
import { FencedError } from '../../../src/core/errors.ts'
import type { Broker, GroupIdentity } from '../../../src/broker/port.ts'
import { uniqueName, type ContractSuite } from './contract-suite.ts'
import { SharingAssignor, TestMember } from './group-driving.ts'
import { eventually, partitionsOf, patienceMs } from './reading.ts'

/** Which identity each join was begun with. */
class ToldAssignor extends SharingAssignor {
  readonly told: (GroupIdentity | undefined)[] = []

  override subscription(last?: GroupIdentity): ReturnType<SharingAssignor['subscription']> {
    this.told.push(last)
    return super.subscription()
  }
}

/** A member that another one waits for. */
interface Waited {
  readonly client: Broker
  readonly topic: string
  readonly groupId: string
  readonly member: TestMember
  readonly assignor: ToldAssignor
  /** Lets the rebalance end, and gives what the member's join came to. */
  rejoin(): Promise<{ continuous: boolean }>
}

/** What commits and joins a group takes while it rebalances: what cooperative rebalancing stands on. */
export function describeRebalances(suite: ContractSuite): void {
  const waited = async (): Promise<Waited> => {
    const client = suite.client()
    const [topic, groupId] = [await suite.topic(client), uniqueName('group')]
    const assignor = new ToldAssignor('t', 2, 'a')
    const member = new TestMember(client, groupId, assignor)
    await member.join()
    const other = new TestMember(suite.client(), groupId, new SharingAssignor('t', 2, 'b'))
    const joining = other.join()
    const asked = async (): Promise<boolean> =>
      (await member.membership.heartbeat()) === 'rebalance'
    await eventually(asked, 'the rebalance to begin')
    const rejoin = async (): Promise<{ continuous: boolean }> => {
      const [joined] = await Promise.all([
        member.membership.join({ timeoutMs: patienceMs }),
        joining,
      ])
      other.start()
      return joined
    }
    return { client, topic, groupId, member, assignor, rejoin }
  }

  describe('groups that rebalance', () => {
    it('take offsets with the generation before until all have joined, then with the next', async () => {
      const { client, topic, groupId, member, rejoin } = await waited()
      const at = (offset: number): { topic: string; partition: number; offset: number } => ({
        topic,
        partition: 0,
        offset,
      })
      const before = member.membership.identity()
      await member.membership.commitOffsets([at(1)])
      expect(await client.committedOffsets(groupId, partitionsOf(topic))).toEqual([
        expect.objectContaining(at(1)),
      ])
      await rejoin()
      await expect(member.membership.commitOffsets([at(2)], before)).rejects.toMatchObject({
        brokerCode: 22,
      })
      await member.membership.commitOffsets([at(3)])
      expect(await client.committedOffsets(groupId, partitionsOf(topic))).toEqual([
        expect.objectContaining(at(3)),
      ])
    })

    it('tell a member whether a generation has passed it by, and ask it as whom it joins', async () => {
      const { member, assignor, rejoin } = await waited()
      const before = member.membership.identity()
      expect(await rejoin()).toMatchObject({ continuous: true })
      expect(assignor.told).toEqual(
        assignor.told.length === 2 ? [undefined, before] : [undefined, undefined, before],
      )
      await member.membership.leave()
      const after = await member.membership.join({ timeoutMs: patienceMs })
      expect(after.continuous).toBe(false)
      expect(assignor.told.at(-1)).toBeUndefined()
    })

    it('find a member that falls silent discontinuous when it comes back', async () => {
      const groupId = uniqueName('group')
      const assignor = new ToldAssignor('t', 2, 'a')
      const silent = new TestMember(suite.client(), groupId, assignor, { sessionTimeoutMs: 500 })
      await silent.join()
      const other = new TestMember(suite.client(), groupId, new SharingAssignor('t', 2, 'b'))
      await other.join()
      other.start()
      const joined = await silent.membership.join({ timeoutMs: patienceMs })
      expect(joined.continuous).toBe(false)
      // As whom it was expelled is no longer said once that is known.
      expect(assignor.told.at(-1)).toBeUndefined()
    })

    if (!suite.supportsTransactions) return

    it('take offsets in a transaction by the same rule, and again as renewed where they refuse them', async () => {
      const { client, topic, groupId, member, rejoin } = await waited()
      const producer = await suite.producer(client, topic, { transactionalId: uniqueName('tx') })
      const before = member.membership.identity()
      const at = (offset: number): { topic: string; partition: number; offset: number } => ({
        topic,
        partition: 0,
        offset,
      })
      producer.beginTransaction()
      await producer.sendOffsets(before, [at(1)])
      await producer.commitTransaction()
      await rejoin()
      producer.beginTransaction()
      const refusals: unknown[] = []
      const sending = producer.sendOffsets(before, [at(2)], (refused, error) => {
        refusals.push([refused, (error as FencedError).brokerCode])
        return Promise.resolve(member.membership.identity())
      })
      await Promise.all([sending, producer.commitTransaction()])
      expect(refusals).toEqual([[before, 22]])
      const committed = await client.committedOffsets(groupId, partitionsOf(topic))
      expect(committed).toEqual([expect.objectContaining(at(2))])
      producer.beginTransaction()
      const refused = producer.sendOffsets(before, [at(3)], () => Promise.resolve(undefined))
      await expect(refused).rejects.toThrow(FencedError)
      await producer.abortTransaction()
    })
  })
}
