import { describe, expect, it } from 'vitest'
import { LifecycleError } from '../../../src/core/errors.ts'
import type { Broker } from '../../../src/broker/port.ts'
import { uniqueName, type ContractSuite } from './contract-suite.ts'
import { onlyMember, SharingAssignor, TestMember } from './group-driving.ts'
import { eventually } from './reading.ts'

export function describeGroups(suite: ContractSuite): void {
  /** Makes members of one group on a topic, each with a client of its own. */
  const group = (topic: string, partitions: number): ((name: string) => TestMember) => {
    const groupId = uniqueName('group')
    return (name) =>
      new TestMember(suite.client(), groupId, new SharingAssignor(topic, partitions, name))
  }
  const sharesOf = (members: readonly TestMember[]): string =>
    JSON.stringify(members.map(({ partitions }) => partitions))
  const untilShares = async (
    members: readonly TestMember[],
    shares: readonly number[][],
  ): Promise<void> => {
    const settled = (): boolean => {
      for (const { failure } of members) if (failure) throw failure
      return sharesOf(members) === JSON.stringify(shares)
    }
    await eventually(settled, `the shares ${JSON.stringify(shares)}`)
  }

  describe('groups', () => {
    it('of one member give it what its assignor says, and an identity', async () => {
      const client: Broker = suite.client()
      const groupId = uniqueName('group')
      const assignor = new SharingAssignor('some-topic', 2, 'alone')
      const membership = client.openGroup(onlyMember(groupId, { assignor }))
      expect(() => membership.identity()).toThrow(LifecycleError)
      await expect(membership.heartbeat()).rejects.toThrow(LifecycleError)
      await expect(membership.commitOffsets([])).rejects.toThrow(LifecycleError)
      const assignment = await membership.join()
      expect(assignment.partitions).toEqual([
        { topic: 'some-topic', partition: 0 },
        { topic: 'some-topic', partition: 1 },
      ])
      expect(assignment.userData.toString()).toBe('for alone')
      const { memberId, generationId } = membership.identity()
      expect(membership.identity().groupId).toBe(groupId)
      expect(memberId).not.toBe('')
      expect(generationId).toBeGreaterThan(0)
      expect(assignor.calls).toHaveLength(1)
      expect(assignor.calls[0]).toEqual([
        { memberId, topics: ['some-topic'], userData: Buffer.from('alone') },
      ])
      expect(await membership.heartbeat()).toBe('stable')
      await membership.leave()
    })

    it('tell their members at the heartbeat that another comes, and share out anew', async () => {
      const member = group('t', 4)
      const [first, second] = [member('a'), member('b')]
      await first.join()
      expect(first.partitions).toEqual([0, 1, 2, 3])
      const { generationId } = first.membership.identity()
      const joining = second.join()
      const asked = async (): Promise<boolean> =>
        (await first.membership.heartbeat()) === 'rebalance'
      await eventually(asked, 'the group to ask for a rebalance')
      expect(second.joins).toBe(0)
      await Promise.all([first.join(), joining])
      expect([first.partitions, second.partitions]).toEqual([
        [0, 2],
        [1, 3],
      ])
      const [one, other] = [first.membership.identity(), second.membership.identity()]
      expect(one.generationId).toBeGreaterThan(generationId)
      expect(other.generationId).toBe(one.generationId)
      expect(other.memberId).not.toBe(one.memberId)
      expect(await first.membership.heartbeat()).toBe('stable')
      expect(await second.membership.heartbeat()).toBe('stable')
      // One of them led, and was told of both with what they sent.
      const calls = [...first.assignor.calls.slice(1), ...second.assignor.calls]
      expect(
        calls
          .at(-1)
          ?.map(({ userData }) => userData.toString())
          .toSorted(),
      ).toEqual(['a', 'b'])
    })

    it('share out anew as members come and leave, without waiting for sessions to end', async () => {
      const startedMs = performance.now()
      const member = group('t', 3)
      const first = member('a').start()
      await untilShares([first], [[0, 1, 2]])
      const second = member('b').start()
      await untilShares([first, second], [[0, 2], [1]])
      const third = member('c').start()
      await untilShares([first, second, third], [[0], [1], [2]])
      await first.stop()
      await first.membership.leave()
      await untilShares([second, third], [[0, 2], [1]])
      await third.stop()
      await third.membership.leave()
      await untilShares([second], [[0, 1, 2]])
      expect(second.fenced + third.fenced).toBe(0)
      // Far less than a session, in which those that left would have been missed.
      expect(performance.now() - startedMs).toBeLessThan(14_000)
    })

    it('of three that come at once give each its share', async () => {
      const member = group('t', 6)
      const members = ['a', 'b', 'c'].map((name) => member(name).start())
      const shares = [
        [0, 3],
        [1, 4],
        [2, 5],
      ]
      await untilShares(members, shares)
      const generations = members.map(({ membership }) => membership.identity().generationId)
      expect(new Set(generations).size).toBe(1)
    })

    it('take back a member that has left; leaving twice is harmless', async () => {
      const member = group('t', 2)('a')
      await member.join()
      const former = member.membership.identity()
      await member.membership.leave()
      await member.membership.leave()
      expect(() => member.membership.identity()).toThrow(LifecycleError)
      await member.join()
      expect(member.partitions).toEqual([0, 1])
      expect(member.membership.identity().generationId).toBeGreaterThan(former.generationId)
    })

    it('ask each member anew for its subscription when it joins again', async () => {
      const groupId = uniqueName('group')
      let name = 'before'
      const seen: string[] = []
      const membership = suite.client().openGroup(
        onlyMember(groupId, {
          assignor: {
            name: 'renaming',
            subscription: () => ({ topics: ['t'], userData: Buffer.from(name) }),
            assign: (members) => {
              seen.push(...members.map(({ userData }) => userData.toString()))
              const userData = Buffer.alloc(0)
              const nothing = { partitions: [], userData }
              return Promise.resolve(new Map(members.map(({ memberId }) => [memberId, nothing])))
            },
          },
        }),
      )
      const nothing = { partitions: [], userData: Buffer.alloc(0) }
      expect(await membership.join()).toEqual({ ...nothing, continuous: false })
      await membership.leave()
      name = 'after'
      await membership.join()
      expect(seen).toEqual(['before', 'after'])
    })
  })
}
