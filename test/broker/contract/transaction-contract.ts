import { describe, expect, it } from 'vitest'
import { FencedError, LifecycleError } from '../../../src/core/errors.ts'
import type { Broker, Isolation } from '../../../src/broker/port.ts'
import { uniqueName, type ContractSuite } from './contract-suite.ts'
import {
  beginnings,
  eventually,
  numbered,
  partitionsOf,
  readAll,
  readCount,
  readTo,
  sendTexts,
  untilStable,
  valuesOf,
} from './reading.ts'

export function describeTransactions(suite: ContractSuite): void {
  const transactional = { lingerMs: 0 }
  const endOf = async (client: Broker, topic: string, isolation: Isolation): Promise<number> => {
    const [end] = await client.listOffsets(partitionsOf(topic), 'latest', isolation)
    return end!.offset
  }

  describe('transactions', () => {
    it('are seen by read_committed when they are committed, in all partitions at once', async () => {
      const client = suite.client()
      const topics = [await suite.topic(client, 2), await suite.topic(client)] as const
      const transactionalId = uniqueName('tx')
      const producer = await suite.producer(client, topics, { ...transactional, transactionalId })
      producer.beginTransaction()
      await sendTexts(producer, topics[0], 0, ['a'])
      await sendTexts(producer, topics[0], 1, ['b'])
      await sendTexts(producer, topics[1], 0, ['c'])
      await producer.flush()
      expect(producer.lastOffset(topics[0], 1)).toBe(0)
      expect(await endOf(client, topics[0], 'read_committed')).toBe(0)
      expect(await endOf(client, topics[0], 'read_uncommitted')).toBe(1)
      expect(valuesOf(await readAll(client, topics[0], 'read_uncommitted'))).toHaveLength(2)
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign([...beginnings(topics[0], 2), ...beginnings(topics[1])])
      expect(await fetcher.poll({ timeoutMs: 100 })).toEqual([])
      await producer.commitTransaction()
      expect(valuesOf(await readCount(fetcher, 3)).toSorted()).toEqual(['a', 'b', 'c'])
    })

    it('that are aborted are never seen by read_committed, whose position moves on past them', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const transactionalId = uniqueName('tx')
      const producer = await suite.producer(client, topic, { ...transactional, transactionalId })
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, numbered('aborted', 5))
      await producer.flush()
      await producer.abortTransaction()
      await untilStable(client, partitionsOf(topic))
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign(beginnings(topic))
      const end = { topic, partition: 0, offset: 6 }
      expect(await readTo(fetcher, beginnings(topic), [end])).toEqual([])
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['committed'])
      await producer.commitTransaction()
      expect(valuesOf(await readCount(fetcher, 1))).toEqual(['committed'])
      const all = await readAll(client, topic, 'read_uncommitted')
      expect(valuesOf(all)).toEqual([...numbered('aborted', 5), 'committed'])
    })

    it('take an offset for their end, committed or not, which no record has', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const transactionalId = uniqueName('tx')
      const producer = await suite.producer(client, topic, { ...transactional, transactionalId })
      for (const commit of [true, false, true]) {
        producer.beginTransaction()
        await sendTexts(producer, topic, 0, numbered(commit ? 'committed' : 'aborted', 2))
        if (commit) await producer.commitTransaction()
        else {
          await producer.flush()
          await producer.abortTransaction()
        }
      }
      expect(producer.lastOffset(topic, 0)).toBe(7)
      const offsets = (await readAll(client, topic)).map(({ offset }) => offset)
      expect(offsets).toEqual([0, 1, 6, 7])
      expect(await endOf(client, topic, 'read_committed')).toBe(9)
      const uncommitted = await readAll(client, topic, 'read_uncommitted')
      expect(uncommitted.map(({ offset }) => offset)).toEqual([0, 1, 3, 4, 6, 7])
    })

    it("that are open hold back others' records after them from read_committed", async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const transactionalId = uniqueName('tx')
      const open = await suite.producer(client, topic, { ...transactional, transactionalId })
      const plain = await suite.producer(client, topic)
      await sendTexts(plain, topic, 0, ['before'])
      await plain.flush()
      open.beginTransaction()
      await sendTexts(open, topic, 0, ['open'])
      await open.flush()
      await sendTexts(plain, topic, 0, ['after'])
      await plain.flush()
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign(beginnings(topic))
      const [entry] = await fetcher.poll({ timeoutMs: 10_000 })
      expect(entry).toMatchObject({ nextOffset: 1, lastStableOffset: 1, highWatermark: 3 })
      expect(await fetcher.poll({ timeoutMs: 100 })).toEqual([])
      await open.abortTransaction()
      expect(valuesOf(await readCount(fetcher, 1))).toEqual(['after'])
      const time = { timestampMs: 0 }
      const [first] = await client.listOffsets(partitionsOf(topic), time, 'read_committed')
      expect(first?.offset).toBe(0)
    })

    it('may be empty, and may follow one another at once', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const transactionalId = uniqueName('tx')
      const producer = await suite.producer(client, topic, { ...transactional, transactionalId })
      producer.beginTransaction()
      await producer.commitTransaction()
      producer.beginTransaction()
      await producer.abortTransaction()
      const expected: string[] = []
      for (let round = 0; round < 30; round++) {
        producer.beginTransaction()
        await sendTexts(producer, topic, 0, [`round-${round}`])
        if (round % 3 === 2) await producer.abortTransaction()
        else {
          await producer.commitTransaction()
          expected.push(`round-${round}`)
        }
      }
      expect(valuesOf(await readAll(client, topic))).toEqual(expected)
    })

    it('drop records that were not sent yet when they are aborted', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const options = { lingerMs: 60_000, transactionalId: uniqueName('tx') }
      const producer = await suite.producer(client, topic, options)
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['dropped'])
      await producer.abortTransaction()
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['kept'])
      await producer.commitTransaction()
      expect(valuesOf(await readAll(client, topic))).toEqual(['kept'])
    })

    it('of different ids do not touch each other', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const open = async (): ReturnType<Broker['openProducer']> =>
        await suite.producer(client, topic, { ...transactional, transactionalId: uniqueName('tx') })
      const [one, other] = [await open(), await open()]
      one.beginTransaction()
      other.beginTransaction()
      await sendTexts(one, topic, 0, ['one'])
      await one.flush()
      await sendTexts(other, topic, 0, ['other'])
      await other.commitTransaction()
      expect(await endOf(client, topic, 'read_committed')).toBe(0)
      await one.abortTransaction()
      expect(valuesOf(await readAll(client, topic))).toEqual(['other'])
    })

    it('are begun and ended in turn: anything else is refused and harms nothing', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const transactionalId = uniqueName('tx')
      const producer = await suite.producer(client, topic, { ...transactional, transactionalId })
      const send = (text: string): void => producer.send(topic, 0, 0, null, Buffer.from(text))
      expect(() => send('outside')).toThrow(LifecycleError)
      await expect(producer.commitTransaction()).rejects.toThrow(LifecycleError)
      const member = { groupId: uniqueName('group'), memberId: 'm', generationId: 1 }
      await expect(producer.sendOffsets(member, [])).rejects.toThrow(LifecycleError)
      producer.beginTransaction()
      expect(() => producer.beginTransaction()).toThrow(LifecycleError)
      send('inside')
      await producer.commitTransaction()
      expect(() => send('after')).toThrow(LifecycleError)
      expect(valuesOf(await readAll(client, topic))).toEqual(['inside'])
    })

    it('that take too long are aborted by the broker, and their producer is fenced', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const transactionalId = uniqueName('tx')
      const options = { ...transactional, transactionalId, transactionTimeoutMs: 300 }
      const producer = await suite.producer(client, topic, options)
      producer.beginTransaction()
      await sendTexts(producer, topic, 0, ['late'])
      await producer.flush()
      // Kafka looks for such transactions every ten seconds.
      await eventually(
        async () => (await endOf(client, topic, 'read_committed')) === 2,
        'the transaction to be aborted',
        60_000,
      )
      await expect(producer.commitTransaction()).rejects.toThrow(FencedError)
      const next = await suite.producer(client, topic, { ...transactional, transactionalId })
      next.beginTransaction()
      await sendTexts(next, topic, 0, ['next'])
      await next.commitTransaction()
      expect(valuesOf(await readAll(client, topic))).toEqual(['next'])
    }, 90_000)
  })
}
