import { describe, expect, it } from 'vitest'
import { BrokerTimeoutError, FencedError, LifecycleError } from '../../../src/core/errors.ts'
import { uniqueName, type ContractSuite } from './contract-suite.ts'
import { onlyMember, SharingAssignor, TestMember } from './group-driving.ts'
import { eventually, pause } from './reading.ts'

export function describeGroupFailures(suite: ContractSuite): void {
  const assignor = (name: string): SharingAssignor => new SharingAssignor('t', 2, name)

  describe('groups whose members fail', () => {
    it('drop a member that falls silent when its session ends; what it says later is fenced', async () => {
      const client = suite.client()
      const [topic, groupId] = [await suite.topic(client), uniqueName('group')]
      const silent = new TestMember(client, groupId, assignor('a'), { sessionTimeoutMs: 500 })
      await silent.join()
      const former = silent.membership.identity()
      const other = new TestMember(suite.client(), groupId, assignor('b'))
      await other.join()
      expect(other.partitions).toEqual([0, 1])
      expect(other.membership.identity().generationId).toBeGreaterThan(former.generationId)
      const offset = { topic, partition: 0, offset: 1 }
      await expect(silent.membership.commitOffsets([offset])).rejects.toThrow(FencedError)
      await expect(silent.membership.heartbeat()).rejects.toThrow(FencedError)
      expect(await client.committedOffsets(groupId, [{ topic, partition: 0 }])).toEqual([])
      other.start()
      await silent.join()
      expect(silent.partitions).toEqual([0])
      await silent.membership.commitOffsets([offset])
      expect(await client.committedOffsets(groupId, [{ topic, partition: 0 }])).toHaveLength(1)
    })

    it('keep a member that does nothing but heartbeat', async () => {
      const options = { sessionTimeoutMs: 1_500 }
      const member = new TestMember(suite.client(), uniqueName('group'), assignor('a'), options)
      await member.join()
      const { generationId } = member.membership.identity()
      const untilMs = performance.now() + 2_000
      while (performance.now() < untilMs) {
        expect(await member.membership.heartbeat()).toBe('stable')
        await pause(50)
      }
      expect(member.membership.identity().generationId).toBe(generationId)
    })

    it('go on without a member that does not join again within the rebalance time', async () => {
      const groupId = uniqueName('group')
      const lazy = new TestMember(suite.client(), groupId, assignor('a'), {
        rebalanceTimeoutMs: 700,
      })
      await lazy.join()
      const other = new TestMember(suite.client(), groupId, assignor('b'), {
        rebalanceTimeoutMs: 700,
      })
      const joining = other.join()
      const dropped = async (): Promise<boolean> => {
        try {
          await lazy.membership.heartbeat()
          return false
        } catch (error) {
          expect(error).toBeInstanceOf(FencedError)
          return true
        }
      }
      await eventually(dropped, 'the member that does not join again to be dropped')
      await joining
      expect(other.partitions).toEqual([0, 1])
    })

    it('let a join be given up by signal or time, and be tried again', async () => {
      const groupId = uniqueName('group')
      const busy = new TestMember(suite.client(), groupId, assignor('a'))
      await busy.join()
      // Waits for the other, which does not join again for now.
      const waiting = new TestMember(suite.client(), groupId, assignor('b'), {
        sessionTimeoutMs: 2_000,
      })
      const abort = new AbortController()
      const joining = waiting.membership.join({ signal: abort.signal })
      const asked = async (): Promise<boolean> =>
        (await busy.membership.heartbeat()) === 'rebalance'
      await eventually(asked, 'the rebalance to begin')
      abort.abort(new Error('enough'))
      await expect(joining).rejects.toThrow('enough')
      const { signal } = abort
      await expect(waiting.membership.join({ signal })).rejects.toThrow('enough')
      const late = waiting.membership.join({ timeoutMs: 200 })
      await expect(late).rejects.toThrow(BrokerTimeoutError)
      expect(() => waiting.membership.identity()).toThrow(LifecycleError)
      busy.start()
      await waiting.join()
      waiting.start()
      await eventually(
        () => busy.partitions.length === 1 && waiting.partitions.length === 1,
        'both to have a share',
      )
    })

    it("reject the leader's join with what its assignor threw, and are open to others", async () => {
      const groupId = uniqueName('group')
      const failing = suite.client().openGroup(
        onlyMember(groupId, {
          sessionTimeoutMs: 500,
          rebalanceTimeoutMs: 500,
          assignor: {
            ...pickOf(assignor('a')),
            assign: () => Promise.reject(new Error('no plan')),
          },
        }),
      )
      await expect(failing.join()).rejects.toThrow('no plan')
      const other = new TestMember(suite.client(), groupId, assignor('b'))
      await other.join()
      expect(other.partitions).toEqual([0, 1])
    })

    it('reject an assignment that leaves a member out', async () => {
      const forgetful = suite.client().openGroup(
        onlyMember(uniqueName('group'), {
          assignor: { ...pickOf(assignor('a')), assign: () => Promise.resolve(new Map()) },
        }),
      )
      await expect(forgetful.join()).rejects.toThrow(LifecycleError)
    })
  })
}

function pickOf({
  name,
  topic,
  memberName,
}: SharingAssignor): Pick<SharingAssignor, 'name' | 'subscription'> {
  const subscription = { topics: [topic], userData: Buffer.from(memberName) }
  return { name, subscription: () => subscription }
}
