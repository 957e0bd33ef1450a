import { describe, expect, it } from 'vitest'
import { BrokerError, FencedError } from '../../../src/core/errors.ts'
import type { Broker, CommittedOffset, GroupIdentity, Producer } from '../../../src/broker/port.ts'
import { uniqueName, type ContractSuite } from './contract-suite.ts'
import { onlyMember, SharingAssignor, TestMember } from './group-driving.ts'
import { partitionsOf, pause, readAll, sendTexts, valuesOf } from './reading.ts'

/** A producer with a group's only member. */
interface Consuming {
  readonly client: Broker
  readonly topic: string
  readonly groupId: string
  readonly identity: GroupIdentity
  readonly producer: Producer
  at(offset: number): CommittedOffset
  committed(options?: { signal?: AbortSignal; timeoutMs?: number }): Promise<CommittedOffset[]>
}

export function describeTransactionalOffsets(suite: ContractSuite): void {
  const consuming = async (): Promise<Consuming> => {
    const client = suite.client()
    const [topic, groupId] = [await suite.topic(client, 2), uniqueName('group')]
    const membership = client.openGroup(onlyMember(groupId))
    await membership.join()
    const options = { transactionalId: uniqueName('tx'), lingerMs: 0 }
    return {
      client,
      topic,
      groupId,
      identity: membership.identity(),
      producer: await suite.producer(client, topic, options),
      at: (offset) => ({ topic, partition: 0, offset }),
      committed: (options) => client.committedOffsets(groupId, partitionsOf(topic), options),
    }
  }

  describe('offsets within transactions', () => {
    it('are committed with it, metadata and all', async () => {
      const { topic, identity, producer, committed } = await consuming()
      producer.beginTransaction()
      await sendTexts(producer, topic, 1, ['output'])
      const offset = { topic, partition: 0, offset: 10, metadata: 'stream time 5' }
      await producer.sendOffsets(identity, [offset])
      await producer.commitTransaction()
      expect(await committed()).toEqual([offset])
    })

    it('may be all that it has, and may be sent in parts, of which the last counts', async () => {
      const { client, topic, groupId, identity, producer, at } = await consuming()
      producer.beginTransaction()
      await producer.sendOffsets(identity, [at(1), { topic, partition: 1, offset: 7 }])
      await producer.sendOffsets(identity, [at(2)])
      await producer.sendOffsets(identity, [])
      await producer.commitTransaction()
      const found = await client.committedOffsets(groupId, partitionsOf(topic, 2))
      expect(found.toSorted((a, b) => a.partition - b.partition)).toEqual([
        at(2),
        { topic, partition: 1, offset: 7 },
      ])
    })

    it('are dropped with it', async () => {
      const { identity, producer, at, committed } = await consuming()
      producer.beginTransaction()
      await producer.sendOffsets(identity, [at(10)])
      await producer.commitTransaction()
      producer.beginTransaction()
      await producer.sendOffsets(identity, [at(20)])
      await producer.abortTransaction()
      expect(await committed()).toEqual([at(10)])
    })

    it('that wait for its end make those wait who ask for them, and for them only', async () => {
      const { client, topic, groupId, identity, producer, at, committed } = await consuming()
      for (const [offset, commit] of [
        [10, true],
        [20, false],
      ] as const) {
        producer.beginTransaction()
        await producer.sendOffsets(identity, [at(offset)])
        let answered = false
        const asking = committed({ timeoutMs: 30_000 }).finally(() => {
          answered = true
        })
        const other = await client.committedOffsets(groupId, [{ topic, partition: 1 }])
        expect(other).toEqual([])
        await pause(100)
        expect(answered).toBe(false)
        if (commit) await producer.commitTransaction()
        else await producer.abortTransaction()
        expect(await asking).toEqual([at(10)])
      }
    })

    it('make them wait no longer than they say', async () => {
      const { identity, producer, at, committed } = await consuming()
      producer.beginTransaction()
      await producer.sendOffsets(identity, [at(10)])
      await expect(committed({ timeoutMs: 150 })).rejects.toThrow(BrokerError)
      const abort = new AbortController()
      const asking = committed({ signal: abort.signal })
      abort.abort(new Error('enough'))
      await expect(asking).rejects.toThrow('enough')
      await producer.commitTransaction()
      expect(await committed()).toEqual([at(10)])
    })

    it('of a transaction whose producer is replaced are dropped, and keep nobody waiting', async () => {
      const { client, topic, groupId, identity } = await consuming()
      const transactionalId = uniqueName('tx')
      const older = await client.openProducer({ transactionalId })
      older.beginTransaction()
      await older.sendOffsets(identity, [{ topic, partition: 0, offset: 10 }])
      await client.openProducer({ transactionalId })
      expect(await client.committedOffsets(groupId, partitionsOf(topic))).toEqual([])
      await expect(older.commitTransaction()).rejects.toThrow(FencedError)
      expect(await client.committedOffsets(groupId, partitionsOf(topic))).toEqual([])
    })

    it('are refused from a generation that has passed; the producer goes on after aborting', async () => {
      const client = suite.client()
      const [topic, groupId] = [await suite.topic(client), uniqueName('group')]
      const first = new TestMember(client, groupId, new SharingAssignor(topic, 1, 'a'))
      await first.join()
      const former = first.membership.identity()
      first.start()
      const second = new TestMember(suite.client(), groupId, new SharingAssignor(topic, 1, 'b'))
      await second.join()
      const options = { transactionalId: uniqueName('tx'), lingerMs: 0 }
      const producer = await suite.producer(client, topic, options)
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['of the former generation'])
      const offset = { topic, partition: 0, offset: 1 }
      await expect(producer.sendOffsets(former, [offset])).rejects.toThrow(FencedError)
      // The failure is kept until the transaction is aborted.
      expect(() => producer.send(topic, 0, 0, null, null)).toThrow(FencedError)
      await expect(producer.commitTransaction()).rejects.toThrow(FencedError)
      await producer.abortTransaction()
      expect(await client.committedOffsets(groupId, partitionsOf(topic))).toEqual([])
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['of the present one'])
      await producer.sendOffsets(second.membership.identity(), [offset])
      await producer.commitTransaction()
      expect(await client.committedOffsets(groupId, partitionsOf(topic))).toEqual([offset])
      expect(valuesOf(await readAll(client, topic))).toEqual(['of the present one'])
    })

    it('are refused from who is no member, and from an instance whose place was taken', async () => {
      const { producer, identity, at, groupId, client, committed } = await consuming()
      const strangers: GroupIdentity[] = [
        { ...identity, memberId: 'nobody' },
        { ...identity, generationId: identity.generationId + 1 },
        { groupId: uniqueName('group'), memberId: 'nobody', generationId: 1 },
      ]
      for (const stranger of strangers) {
        producer.beginTransaction()
        await expect(producer.sendOffsets(stranger, [at(1)])).rejects.toThrow(FencedError)
        await producer.abortTransaction()
      }
      const staticGroup = `${groupId}-static`
      const instance = onlyMember(staticGroup, { instanceId: 'instance' })
      const former = client.openGroup(instance)
      await former.join()
      const taken = former.identity()
      const newer = suite.client().openGroup(instance)
      await newer.join()
      producer.beginTransaction()
      await expect(producer.sendOffsets(taken, [at(1)])).rejects.toThrow(FencedError)
      await producer.abortTransaction()
      expect(await committed()).toEqual([])
    })
  })
}
