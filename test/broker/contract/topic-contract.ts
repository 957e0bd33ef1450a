import { describe, expect, it } from 'vitest'
import { BrokerError, UnknownTopicError } from '../../../src/core/errors.ts'
import { uniqueName, type ContractSuite } from './contract-suite.ts'
import { onlyMember } from './group-driving.ts'
import { readAll, sendTexts, valuesOf } from './reading.ts'

export function describeTopics(suite: ContractSuite): void {
  describe('topics', () => {
    it('are described by name and partitions; those that do not exist are absent', async () => {
      const client = suite.client()
      const [one, three] = [await suite.topic(client), await suite.topic(client, 3)]
      const found = await client.describeTopics([three, uniqueName('missing'), one])
      expect(Object.fromEntries(found)).toEqual({
        [one]: { name: one, partitions: 1 },
        [three]: { name: three, partitions: 3 },
      })
      expect(await client.describeTopics([])).toEqual(new Map())
      expect(await client.describeTopics([uniqueName('missing')])).toEqual(new Map())
    })

    it('are there for every client once creating them has resolved', async () => {
      const [creator, other] = [suite.client(), suite.client()]
      const topic = await suite.topic(creator, 2)
      expect((await other.describeTopics([topic])).get(topic)?.partitions).toBe(2)
      const producer = await suite.producer(other, topic)
      producer.send(topic, 1, 0, null, Buffer.from('at once'))
      await producer.flush()
      expect(valuesOf(await readAll(creator, topic), 1)).toEqual(['at once'])
    })

    it('that exist are left as they are when they are created again, new ones beside them are made', async () => {
      const client = suite.client()
      const [existing, fresh] = [await suite.topic(client, 2), uniqueName('topic')]
      const producer = await suite.producer(client, existing)
      await sendTexts(producer, existing, 0, ['kept'])
      await producer.flush()
      await client.createTopics([
        { name: existing, partitions: 7 },
        { name: fresh, partitions: 1, config: { 'cleanup.policy': 'compact' } },
      ])
      const found = await client.describeTopics([existing, fresh])
      expect(found.get(existing)?.partitions).toBe(2)
      expect(found.get(fresh)?.partitions).toBe(1)
      expect(valuesOf(await readAll(client, existing))).toEqual(['kept'])
    })

    it("are listed by name, the broker's own left out", async () => {
      const client = suite.client()
      const topics = [await suite.topic(client), await suite.topic(client)]
      const membership = client.openGroup(onlyMember(uniqueName('group')))
      await membership.join()
      await membership.commitOffsets([{ topic: topics[0]!, partition: 0, offset: 0 }])
      const listed = await client.listTopics()
      expect(listed).toEqual(expect.arrayContaining(topics))
      expect(listed.filter((name) => name.startsWith('__'))).toEqual([])
      await membership.leave()
    })

    it('are gone once deleted; deleting one that does not exist is no failure', async () => {
      const client = suite.client()
      const [kept, deleted] = [await suite.topic(client), await suite.topic(client)]
      await client.deleteTopics([deleted, uniqueName('missing')])
      await client.deleteTopics([])
      expect([...(await client.describeTopics([kept, deleted])).keys()]).toEqual([kept])
      expect(await client.listTopics()).not.toContain(deleted)
    })

    it('begin anew when one of a deleted name is created', async () => {
      const client = suite.client()
      const topic = await suite.topic(client, 2)
      const producer = await suite.producer(client, topic)
      await sendTexts(producer, topic, 0, ['of the former'])
      await producer.close()
      await client.deleteTopics([topic])
      await client.createTopics([{ name: topic, partitions: 1 }])
      expect((await client.describeTopics([topic])).get(topic)?.partitions).toBe(1)
      expect(await readAll(client, topic)).toEqual([])
    })

    it('cannot be made without partitions, under a name that is none, or with a setting that is none', async () => {
      const client = suite.client()
      const name = uniqueName('topic')
      const refused = [
        { name, partitions: 0 },
        { name: `${name} with blanks`, partitions: 1 },
        { name, partitions: 1, config: { 'max.message.bytes': 'many' } },
      ]
      for (const each of refused) {
        await expect(client.createTopics([each]), JSON.stringify(each)).rejects.toThrow(BrokerError)
      }
      expect((await client.describeTopics([name])).size).toBe(0)
    })

    it('that do not exist are not made by using them; the failure names them', async () => {
      const client = suite.client()
      const topic = uniqueName('missing')
      const at = { topic, partition: 0 }
      const producer = await client.openProducer({})
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign([{ ...at, offset: 0 }])
      const failures = await Promise.allSettled([
        producer.prepare([topic]),
        client.listOffsets([at], 'latest', 'read_committed'),
        client.deleteRecords([{ ...at, offset: 0 }]),
        fetcher.poll({ timeoutMs: 20_000 }),
      ])
      for (const failure of failures) {
        const error = failure.status === 'rejected' ? (failure.reason as Error) : undefined
        expect(error).toBeInstanceOf(UnknownTopicError)
        expect(error?.message).toContain(topic)
      }
      expect(await client.listTopics()).not.toContain(topic)
    })
  })
}
