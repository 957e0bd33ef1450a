import { describe, expect, it } from 'vitest'
import { FencedError } from '../../../src/core/errors.ts'
import type { Broker, Producer } from '../../../src/broker/port.ts'
import { uniqueName, type ContractSuite } from './contract-suite.ts'
import { onlyMember } from './group-driving.ts'
import { partitionsOf, readAll, sendTexts, valuesOf } from './reading.ts'

export function describeFencing(suite: ContractSuite): void {
  const open = (client: Broker, topic: string, transactionalId: string): Promise<Producer> =>
    suite.producer(client, topic, { transactionalId, lingerMs: 60_000 })

  describe('fencing', () => {
    it("of an older producer of the same id aborts its open transaction at the newer's opening", async () => {
      const client = suite.client()
      const [topic, id] = [await suite.topic(client), uniqueName('tx')]
      const older = await open(client, topic, id)
      older.beginTransaction()
      await sendTexts(older, topic, 0, ['open'])
      await older.flush()
      const newer = await open(suite.client(), topic, id)
      // Once the newer is open, nothing of the older holds anything back.
      const end = await client.listOffsets(partitionsOf(topic), 'latest', 'read_committed')
      expect(end[0]?.offset).toBe(2)
      newer.beginTransaction()
      await sendTexts(newer, topic, 0, ['newer'])
      await newer.commitTransaction()
      expect(valuesOf(await readAll(client, topic))).toEqual(['newer'])
    })

    it('refuses the commit of the older producer, and whatever it tries after that', async () => {
      const client = suite.client()
      const [topic, id] = [await suite.topic(client), uniqueName('tx')]
      const older = await open(client, topic, id)
      older.beginTransaction()
      await sendTexts(older, topic, 0, ['zombie'])
      await older.flush()
      await open(suite.client(), topic, id)
      await expect(older.commitTransaction()).rejects.toThrow(FencedError)
      expect(() => older.send(topic, 0, 0, null, null)).toThrow(FencedError)
      await expect(older.flush()).rejects.toThrow(FencedError)
      await expect(older.commitTransaction()).rejects.toThrow(FencedError)
      expect(() => older.beginTransaction()).toThrow(FencedError)
      await older.close()
      expect(valuesOf(await readAll(client, topic))).toEqual([])
    })

    it('refuses records of the older producer, within a transaction and at the begin of one', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      for (const isOpen of [true, false]) {
        const id = uniqueName('tx')
        const older = await open(client, topic, id)
        if (isOpen) {
          older.beginTransaction()
          await sendTexts(older, topic, 0, ['before'])
          await older.flush()
        }
        const newer = await open(suite.client(), topic, id)
        if (!isOpen) older.beginTransaction()
        const sending = async (): Promise<void> => {
          older.send(topic, 0, 0, null, Buffer.from('zombie'))
          await older.flush()
        }
        await expect(sending(), `open: ${isOpen}`).rejects.toThrow(FencedError)
        newer.beginTransaction()
        await sendTexts(newer, topic, 0, ['newer'])
        await newer.commitTransaction()
      }
      expect(valuesOf(await readAll(client, topic))).toEqual(['newer', 'newer'])
    })

    it('takes the offsets of who is in no group, fenced by the transactional id alone', async () => {
      const client = suite.client()
      const [topic, id, groupId] = [
        await suite.topic(client),
        uniqueName('tx'),
        uniqueName('group'),
      ]
      const nobody = { groupId, memberId: '', generationId: -1 }
      const older = await open(client, topic, id)
      older.beginTransaction()
      await older.sendOffsets(nobody, [{ topic, partition: 0, offset: 4, metadata: 'five' }])
      await older.commitTransaction()
      const newer = await open(suite.client(), topic, id)
      older.beginTransaction()
      const sending = async (): Promise<void> => {
        await older.sendOffsets(nobody, [{ topic, partition: 0, offset: 6 }])
        await older.commitTransaction()
      }
      await expect(sending()).rejects.toThrow(FencedError)
      expect(newer.lastOffset(topic, 0)).toBeUndefined()
      expect(await client.committedOffsets(groupId, [{ topic, partition: 0 }])).toEqual([
        { topic, partition: 0, offset: 4, metadata: 'five' },
      ])
    })

    it('refuses offsets of the older producer', async () => {
      const client = suite.client()
      const [topic, id, groupId] = [
        await suite.topic(client),
        uniqueName('tx'),
        uniqueName('group'),
      ]
      const membership = client.openGroup(onlyMember(groupId))
      await membership.join()
      const older = await open(client, topic, id)
      const newer = await open(suite.client(), topic, id)
      older.beginTransaction()
      const sending = async (): Promise<void> => {
        await older.sendOffsets(membership.identity(), [{ topic, partition: 0, offset: 5 }])
        await older.commitTransaction()
      }
      await expect(sending()).rejects.toThrow(FencedError)
      newer.beginTransaction()
      await newer.sendOffsets(membership.identity(), [{ topic, partition: 0, offset: 3 }])
      await newer.commitTransaction()
      const committed = await client.committedOffsets(groupId, partitionsOf(topic))
      expect(committed).toEqual([{ topic, partition: 0, offset: 3 }])
    })

    it('goes on over many producers of one id: only the last writes', async () => {
      const client = suite.client()
      const [topic, id] = [await suite.topic(client), uniqueName('tx')]
      const producers: Producer[] = []
      for (let number = 0; number < 4; number++) {
        const producer = await open(client, topic, id)
        producer.beginTransaction()
        await sendTexts(producer, topic, 0, [`of ${number}`])
        await producer.flush()
        producers.push(producer)
      }
      const ends = await Promise.allSettled(producers.map((each) => each.commitTransaction()))
      expect(ends.map(({ status }) => status)).toEqual([
        'rejected',
        'rejected',
        'rejected',
        'fulfilled',
      ])
      expect(valuesOf(await readAll(client, topic))).toEqual(['of 3'])
    })

    it('does not touch a producer that was closed in good order before', async () => {
      const client = suite.client()
      const [topic, id] = [await suite.topic(client), uniqueName('tx')]
      for (const text of ['first', 'second']) {
        await using producer = await open(client, topic, id)
        producer.beginTransaction()
        await sendTexts(producer, topic, 0, [text])
        await producer.commitTransaction()
      }
      expect(valuesOf(await readAll(client, topic))).toEqual(['first', 'second'])
    })
  })
}
