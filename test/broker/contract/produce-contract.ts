import { describe, expect, it } from 'vitest'
import { ProductionError } from '../../../src/core/errors.ts'
import type { ContractSuite } from './contract-suite.ts'
import { uniqueName } from './contract-suite.ts'
import { beginnings, numbered, readAll, readCount, sendTexts, valuesOf } from './reading.ts'

export function describeProducing(suite: ContractSuite): void {
  describe('producing', () => {
    it('keeps the order within each partition, without gaps or repeats, over many batches', async () => {
      const client = suite.client()
      const topic = await suite.topic(client, 3)
      const producer = await suite.producer(client, topic, { batchBytes: 2_000, lingerMs: 0 })
      const count = 6_000
      for (let number = 0; number < count; number++) {
        producer.send(topic, number % 3, number, null, Buffer.from(String(number)))
        await producer.ready()
      }
      await producer.flush()
      const records = await readAll(client, topic)
      expect(records).toHaveLength(count)
      for (let partition = 0; partition < 3; partition++) {
        const own = records.filter((each) => each.partition === partition)
        expect(own.map(({ offset }) => offset)).toEqual(own.map((_, index) => index))
        expect(own.map(({ value }) => Number(value))).toEqual(
          own.map((_, index) => index * 3 + partition),
        )
        expect(producer.lastOffset(topic, partition)).toBe(own.length - 1)
      }
    })

    it('knows the last offset that it wrote once it is acknowledged', async () => {
      const client = suite.client()
      const [topic, other] = [await suite.topic(client, 2), await suite.topic(client)]
      const producer = await suite.producer(client, [topic, other])
      const another = await suite.producer(client, topic)
      expect(producer.lastOffset(topic, 0)).toBeUndefined()
      await producer.flush()
      expect(producer.lastOffset(topic, 0)).toBeUndefined()
      await sendTexts(producer, topic, 0, ['a', 'b', 'c'])
      await producer.flush()
      expect(producer.lastOffset(topic, 0)).toBe(2)
      await sendTexts(another, topic, 0, ["another's"])
      await another.flush()
      expect(producer.lastOffset(topic, 0)).toBe(2)
      expect(another.lastOffset(topic, 0)).toBe(3)
      await sendTexts(producer, topic, 0, ['d'])
      await producer.flush()
      expect(producer.lastOffset(topic, 0)).toBe(4)
      expect(producer.lastOffset(topic, 1)).toBeUndefined()
      expect(producer.lastOffset(other, 0)).toBeUndefined()
    })

    it('sends what is buffered by itself after the linger time', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign(beginnings(topic))
      for (const lingerMs of [0, 30]) {
        const producer = await suite.producer(client, topic, { lingerMs })
        await sendTexts(producer, topic, 0, [`after ${lingerMs} ms`])
        expect(valuesOf(await readCount(fetcher, 1))).toEqual([`after ${lingerMs} ms`])
      }
    })

    it('sends what is buffered when it is closed', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const producer = await suite.producer(client, topic, { lingerMs: 60_000 })
      await sendTexts(producer, topic, 0, numbered('last', 3))
      await producer.close()
      expect(valuesOf(await readAll(client, topic))).toEqual(numbered('last', 3))
    })

    it('copies the bytes', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const producer = await suite.producer(client, topic, { lingerMs: 60_000 })
      const [key, value, header] = [Buffer.from('key'), Buffer.from('value'), Buffer.from('header')]
      producer.send(topic, 0, 0, key, value, [{ key: 'h', value: header }])
      for (const each of [key, value, header]) each.fill(0)
      await producer.flush()
      const [record] = await readAll(client, topic)
      expect(record).toMatchObject({ key: 'key', value: 'value', headers: [['h', 'header']] })
    })

    it("refuses a record beyond the topic's limit and stays usable", async () => {
      const client = suite.client()
      const topic = await suite.topic(client, 1, { 'max.message.bytes': '2000' })
      const producer = await suite.producer(client, topic)
      await sendTexts(producer, topic, 0, ['before'])
      const tooLarge = Buffer.alloc(2_000, 65)
      const sizes: [Buffer | null, Buffer | null][] = [
        [null, tooLarge],
        [tooLarge, null],
      ]
      for (const [key, value] of sizes) {
        expect(() => producer.send(topic, 0, 0, key, value)).toThrow(ProductionError)
      }
      const headers = [{ key: 'h', value: tooLarge }]
      expect(() => producer.send(topic, 0, 0, null, null, headers)).toThrow(topic)
      await sendTexts(producer, topic, 0, ['x'.repeat(1_800), 'after'])
      await producer.flush()
      expect(valuesOf(await readAll(client, topic))).toEqual(['before', 'x'.repeat(1_800), 'after'])
    })

    it('refuses a partition or a topic that it does not know and stays usable', async () => {
      const client = suite.client()
      const topic = await suite.topic(client, 2)
      const producer = await suite.producer(client, topic)
      expect(() => producer.send(topic, 2, 0, null, null)).toThrow(ProductionError)
      expect(() => producer.send(topic, -1, 0, null, null)).toThrow(ProductionError)
      const missing = uniqueName('missing')
      expect(() => producer.send(missing, 0, 0, null, null)).toThrow(missing)
      await sendTexts(producer, topic, 1, ['after'])
      await producer.flush()
      expect(valuesOf(await readAll(client, topic), 1)).toEqual(['after'])
    })

    it('cannot write a record without a key to a compacted topic', async () => {
      const client = suite.client()
      const topic = await suite.topic(client, 1, { 'cleanup.policy': 'compact' })
      const producer = await suite.producer(client, topic)
      // Some brokers' clients know at once, others are told by the broker.
      const sending = async (): Promise<void> => {
        producer.send(topic, 0, 0, null, Buffer.from('x'))
        await producer.flush()
      }
      await expect(sending()).rejects.toThrow(ProductionError)
      await producer.close()
      expect(await readAll(client, topic)).toEqual([])
    })

    it('makes its caller wait while much is not acknowledged, and loses nothing', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const options = { maxBufferedBytes: 10_000, batchBytes: 5_000, lingerMs: 60_000 }
      const producer = await suite.producer(client, topic, options)
      const texts = numbered('x'.repeat(1_000), 200)
      await sendTexts(producer, topic, 0, texts)
      await producer.flush()
      expect(producer.ready()).toBeUndefined()
      expect(valuesOf(await readAll(client, topic))).toEqual(texts)
    })

    it('takes large records, and compresses where it is told to', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const large = 'large '.repeat(150_000)
      for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
        const producer = await suite.producer(client, topic, { compression })
        await sendTexts(producer, topic, 0, ['small', large, 'small again'])
        await producer.close()
      }
      const values = valuesOf(await readAll(client, topic))
      const each = ['small', large, 'small again']
      // Compared in one go: a difference of such texts would take long to print.
      expect(values.join() === [...each, ...each, ...each, ...each, ...each].join()).toBe(true)
    })

    it('has no transactions without a transactional id', async () => {
      const client = suite.client()
      const producer = await client.openProducer({})
      expect(() => producer.beginTransaction()).toThrow()
      await expect(producer.commitTransaction()).rejects.toThrow()
      await expect(producer.abortTransaction()).rejects.toThrow()
      const member = { groupId: uniqueName('group'), memberId: 'm', generationId: 1 }
      await expect(producer.sendOffsets(member, [])).rejects.toThrow()
    })
  })
}
