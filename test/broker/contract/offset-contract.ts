import { describe, expect, it } from 'vitest'
import { BrokerError } from '../../../src/core/errors.ts'
import type { Broker } from '../../../src/broker/port.ts'
import { uniqueName, type ContractSuite } from './contract-suite.ts'
import { onlyMember } from './group-driving.ts'
import { numbered, partitionsOf, sendTexts } from './reading.ts'

export function describeOffsets(suite: ContractSuite): void {
  describe('offsets', () => {
    it('of an empty partition begin and end at 0', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const at = partitionsOf(topic)
      for (const isolation of ['read_committed', 'read_uncommitted'] as const) {
        for (const place of ['earliest', 'latest', { timestampMs: 0 }] as const) {
          const found = await client.listOffsets(at, place, isolation)
          expect(found).toEqual([{ topic, partition: 0, offset: 0 }])
        }
      }
    })

    it('come in the order in which the partitions were asked for', async () => {
      const client = suite.client()
      const topics = [await suite.topic(client, 3), await suite.topic(client)] as const
      const producer = await suite.producer(client, topics)
      await sendTexts(producer, topics[0], 2, numbered('a', 5))
      await sendTexts(producer, topics[0], 0, numbered('b', 2))
      await sendTexts(producer, topics[1], 0, numbered('c', 3))
      await producer.flush()
      const at = [
        { topic: topics[0], partition: 2 },
        { topic: topics[1], partition: 0 },
        { topic: topics[0], partition: 1 },
        { topic: topics[0], partition: 0 },
      ]
      const ends = await client.listOffsets(at, 'latest', 'read_committed')
      expect(ends).toEqual([5, 3, 0, 2].map((offset, index) => ({ ...at[index], offset })))
      const begins = await client.listOffsets(at, 'earliest', 'read_committed')
      expect(begins).toEqual(at.map((each) => ({ ...each, offset: 0 })))
      expect(await client.listOffsets([], 'latest', 'read_committed')).toEqual([])
    })

    it('are found by time: the first record at or after it, the end where there is none', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      await sendAt(suite, client, topic, [100, 200, 200, 300])
      const found = { 0: 0, 100: 0, 101: 1, 200: 1, 250: 3, 300: 3, 301: 4 }
      for (const [timestampMs, offset] of Object.entries(found)) {
        const time = { timestampMs: Number(timestampMs) }
        const [answer] = await client.listOffsets(partitionsOf(topic), time, 'read_committed')
        expect(answer, `at ${timestampMs}`).toEqual({ topic, partition: 0, offset })
      }
    })

    it('are found by time where times go back and forth', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      await sendAt(suite, client, topic, [300, 100, 200, 400])
      const found = { 100: 0, 250: 0, 350: 3, 401: 4 }
      for (const [timestampMs, offset] of Object.entries(found)) {
        const time = { timestampMs: Number(timestampMs) }
        const [answer] = await client.listOffsets(partitionsOf(topic), time, 'read_uncommitted')
        expect(answer?.offset, `at ${timestampMs}`).toBe(offset)
      }
    })

    it('begin where records were deleted to; the end stays', async () => {
      const client = suite.client()
      const topic = await suite.topic(client, 2)
      await sendAt(suite, client, topic, [100, 200, 300, 400])
      await client.deleteRecords([
        { topic, partition: 0, offset: 2 },
        { topic, partition: 1, offset: 0 },
      ])
      await client.deleteRecords([{ topic, partition: 0, offset: 1 }])
      await client.deleteRecords([])
      const at = partitionsOf(topic)
      expect((await client.listOffsets(at, 'earliest', 'read_committed'))[0]?.offset).toBe(2)
      expect((await client.listOffsets(at, 'latest', 'read_committed'))[0]?.offset).toBe(4)
      const time = { timestampMs: 100 }
      expect((await client.listOffsets(at, time, 'read_committed'))[0]?.offset).toBe(2)
      await client.deleteRecords([{ topic, partition: 0, offset: 4 }])
      expect((await client.listOffsets(at, 'earliest', 'read_committed'))[0]?.offset).toBe(4)
      await sendAt(suite, client, topic, [500])
      expect((await client.listOffsets(at, 'latest', 'read_committed'))[0]?.offset).toBe(5)
    })

    it('beyond the end cannot be deleted to', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      await sendAt(suite, client, topic, [100])
      const beyond = client.deleteRecords([{ topic, partition: 0, offset: 2 }])
      await expect(beyond).rejects.toThrow(BrokerError)
      await expect(beyond).rejects.toThrow(topic)
    })

    it('committed by a group are its own; a partition without one is absent', async () => {
      const client = suite.client()
      const topic = await suite.topic(client, 3)
      const [groupId, otherId] = [uniqueName('group'), uniqueName('group')]
      expect(await client.committedOffsets(groupId, partitionsOf(topic, 3))).toEqual([])
      const membership = client.openGroup(onlyMember(groupId))
      await membership.join()
      await membership.commitOffsets([
        { topic, partition: 0, offset: 12, metadata: 'stream time 1234' },
        { topic, partition: 2, offset: 0 },
      ])
      await membership.commitOffsets([])
      const other = suite.client()
      const found = await other.committedOffsets(groupId, partitionsOf(topic, 3))
      expect(found.toSorted((a, b) => a.partition - b.partition)).toEqual([
        { topic, partition: 0, offset: 12, metadata: 'stream time 1234' },
        { topic, partition: 2, offset: 0 },
      ])
      expect(await other.committedOffsets(otherId, partitionsOf(topic, 3))).toEqual([])
      expect(await other.committedOffsets(groupId, [{ topic, partition: 2 }])).toHaveLength(1)
      await membership.commitOffsets([{ topic, partition: 0, offset: 7 }])
      expect(await other.committedOffsets(groupId, [{ topic, partition: 0 }])).toEqual([
        { topic, partition: 0, offset: 7 },
      ])
      await membership.leave()
      expect(await other.committedOffsets(groupId, [{ topic, partition: 0 }])).toHaveLength(1)
    })
  })
}

async function sendAt(
  suite: ContractSuite,
  client: Broker,
  topic: string,
  timestampsMs: readonly number[],
): Promise<void> {
  await using producer = await suite.producer(client, topic)
  for (const timestampMs of timestampsMs) {
    producer.send(topic, 0, timestampMs, null, Buffer.from(String(timestampMs)))
  }
  await producer.flush()
}
