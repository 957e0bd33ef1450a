import { describe, expect, it } from 'vitest'
import type { Broker, GroupIdentity, Producer } from '../../../src/broker/port.ts'
import { FencedError } from '../../../src/core/errors.ts'
import { uniqueName, type ContractSuite } from './contract-suite.ts'
import { onlyMember } from './group-driving.ts'
import {
  numbered,
  partitionsOf,
  readAll,
  readCount,
  recordsOf,
  sendTexts,
  untilStable,
  valuesOf,
} from './reading.ts'

interface Consuming {
  readonly client: Broker
  readonly topic: string
  readonly groupId: string
  readonly identity: GroupIdentity
  readonly producer: Producer
}

/** What is sent while a transaction is being committed. */
export function describeOverlappingTransactions(suite: ContractSuite): void {
  const consuming = async (options: { lingerMs?: number } = {}): Promise<Consuming> => {
    const client = suite.client()
    const [topic, groupId] = [await suite.topic(client, 2), uniqueName('group')]
    const membership = client.openGroup(onlyMember(groupId))
    await membership.join()
    const transactionalId = uniqueName('tx')
    const producer = await suite.producer(client, topic, {
      transactionalId,
      lingerMs: 0,
      ...options,
    })
    return { client, topic, groupId, identity: membership.identity(), producer }
  }
  const visible = async (client: Broker, topic: string): Promise<(string | null)[]> =>
    valuesOf(await readAll(client, topic)).toSorted()

  describe('a transaction that begins while the one before is being committed', () => {
    it('has what was sent since the commit was called, and nothing of it before its own commit', async () => {
      const { client, topic, groupId, identity, producer } = await consuming()
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['first'])
      const sending = producer.sendOffsets(identity, [{ topic, partition: 0, offset: 1 }])
      const committing = producer.commitTransaction()
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['second'])
      await sendTexts(producer, topic, 1, ['other'])
      await Promise.all([sending, committing])
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign([0, 1].map((partition) => ({ topic, partition, offset: 0 })))
      expect(valuesOf(await readCount(fetcher, 1))).toEqual(['first'])
      expect(recordsOf(await fetcher.poll({ timeoutMs: 100 }))).toEqual([])
      const [committed] = await client.committedOffsets(groupId, partitionsOf(topic))
      expect(committed?.offset).toBe(1)
      await producer.commitTransaction()
      expect(valuesOf(await readCount(fetcher, 2)).toSorted()).toEqual(['other', 'second'])
    })

    it('is dropped alone when it is aborted', async () => {
      const { client, topic, producer } = await consuming()
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['committed'])
      const committing = producer.commitTransaction()
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['aborted'])
      await producer.abortTransaction()
      await committing
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['after'])
      await producer.commitTransaction()
      await untilStable(client, partitionsOf(topic, 2))
      expect(await visible(client, topic)).toEqual(['after', 'committed'])
    })

    it('does not move the last offset of the one before', async () => {
      const { topic, producer } = await consuming()
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['a', 'b'])
      const committing = producer.commitTransaction()
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['c'])
      await committing
      expect(producer.lastOffset(topic, 0)).toBe(1)
      await producer.commitTransaction()
      expect(producer.lastOffset(topic, 0)).toBe(3)
    })

    it('is lost with the one before where its offsets are refused', async () => {
      const { client, topic, identity, producer } = await consuming()
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['refused'])
      const stale = { ...identity, generationId: identity.generationId - 1 }
      const sending = producer.sendOffsets(stale, [{ topic, partition: 0, offset: 1 }])
      const committing = producer.commitTransaction()
      producer.beginTransaction()
      producer.send(topic, 0, 0, null, Buffer.from('lost with it'))
      const outcomes = await Promise.allSettled([sending, committing])
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      await expect(sending).rejects.toThrow(FencedError)
      await expect(committing).rejects.toThrow(FencedError)
      await producer.abortTransaction()
      await untilStable(client, partitionsOf(topic, 2))
      expect(await visible(client, topic)).toEqual([])
    })

    it('goes on in order over many of them', async () => {
      const { client, topic, identity, producer } = await consuming()
      const texts = numbered('record', 600)
      let committing: Promise<unknown> = Promise.resolve()
      for (let at = 0; at < texts.length; at += 20) {
        producer.beginTransaction()
        await sendTexts(producer, topic, 0, texts.slice(at, at + 20))
        await producer.ready()
        await committing
        const offsets = [{ topic, partition: 0, offset: at + 20 }]
        const sending = producer.sendOffsets(identity, offsets)
        committing = Promise.all([sending, producer.commitTransaction()])
      }
      await committing
      expect(valuesOf(await readAll(client, topic))).toEqual(texts)
    })
  })
}
