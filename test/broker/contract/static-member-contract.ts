import { describe, expect, it } from 'vitest'
import { FencedError } from '../../../src/core/errors.ts'
import { uniqueName, type ContractSuite } from './contract-suite.ts'
import { SharingAssignor, TestMember } from './group-driving.ts'
import { eventually, pause } from './reading.ts'

export function describeStaticMembers(suite: ContractSuite): void {
  const staticMember = (groupId: string, name: string, sessionTimeoutMs = 15_000): TestMember =>
    new TestMember(suite.client(), groupId, new SharingAssignor('t', 2, name), {
      instanceId: `instance-${name}`,
      sessionTimeoutMs,
    })

  describe('static members', () => {
    it('are known to the assignor and in their identity by their instance', async () => {
      const member = staticMember(uniqueName('group'), 'a')
      await member.join()
      const { memberId } = member.membership.identity()
      expect(member.membership.identity().instanceId).toBe('instance-a')
      expect(member.assignor.calls[0]).toEqual([
        { memberId, instanceId: 'instance-a', topics: ['t'], userData: Buffer.from('a') },
      ])
    })

    it('that come back within their session take their place again and disturb nobody', async () => {
      const groupId = uniqueName('group')
      const [leader, follower] = [staticMember(groupId, 'a'), staticMember(groupId, 'b')]
      await leader.join()
      leader.start()
      await follower.join()
      await eventually(() => leader.partitions.length === 1, 'the leader to share')
      const joins = leader.joins
      await follower.membership.close()
      const again = staticMember(groupId, 'b')
      await again.join()
      expect(again.partitions).toEqual(follower.partitions)
      expect(await again.membership.heartbeat()).toBe('stable')
      await pause(100)
      expect(leader.joins).toBe(joins)
      expect(leader.membership.identity().generationId).toBe(
        again.membership.identity().generationId,
      )
    })

    it('fence their former self, which cannot come back', async () => {
      const client = suite.client()
      const [topic, groupId] = [await suite.topic(client), uniqueName('group')]
      const former = staticMember(groupId, 'a')
      await former.join()
      const newer = staticMember(groupId, 'a')
      await newer.join()
      expect(newer.partitions).toEqual([0, 1])
      const offset = { topic, partition: 0, offset: 1 }
      await expect(former.membership.heartbeat()).rejects.toThrow(FencedError)
      await expect(former.membership.commitOffsets([offset])).rejects.toThrow(FencedError)
      await expect(former.membership.join({ timeoutMs: 5_000 })).rejects.toThrow(FencedError)
      expect(await newer.membership.heartbeat()).toBe('stable')
      await newer.membership.commitOffsets([offset])
    })

    it('that are not there at a rebalance keep what it gives them', async () => {
      const groupId = uniqueName('group')
      const gone = staticMember(groupId, 'a')
      await gone.join()
      await gone.membership.close()
      const options = { instanceId: 'instance-b', rebalanceTimeoutMs: 700 }
      const assignor = new SharingAssignor('t', 2, 'b')
      const other = new TestMember(suite.client(), groupId, assignor, options)
      const third = staticMember(groupId, 'a', 15_000)
      const joining = other.join()
      await pause(100)
      // It comes back while the other waits for it, and the rebalance goes on with its new self.
      await Promise.all([third.join(), joining])
      expect([third.partitions, other.partitions]).toEqual([[0], [1]])
    })

    it('that stay away keep their place until their session ends', async () => {
      const groupId = uniqueName('group')
      const gone = staticMember(groupId, 'a', 1_500)
      await gone.join()
      await gone.membership.close()
      const startedMs = performance.now()
      const other = staticMember(groupId, 'b')
      await other.join()
      expect(other.partitions).toEqual([0, 1])
      expect(performance.now() - startedMs).toBeGreaterThan(300)
    })
  })
}
