import { describe, expect, it } from 'vitest'
import type { Header } from '../../../src/core/headers.ts'
import type { ContractSuite } from './contract-suite.ts'
import {
  beginnings,
  numbered,
  partitionsOf,
  pause,
  readAll,
  readCount,
  readTo,
  recordsOf,
  sendTexts,
  valuesOf,
} from './reading.ts'

export function describeFetching(suite: ContractSuite): void {
  describe('fetching', () => {
    it('brings keys, values, times and headers as they were sent', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const producer = await suite.producer(client, topic)
      const headers: Header[] = [
        { key: 'repeated', value: Buffer.from('1') },
        { key: 'repeated', value: Buffer.from('2') },
        { key: 'null', value: null },
        { key: '', value: Buffer.alloc(0) },
        { key: 'ключ', value: Buffer.from('значение') },
      ]
      const timeMs = Date.UTC(1997, 0, 1, 12, 30)
      producer.send(topic, 0, timeMs, Buffer.from('key'), Buffer.from('value'), headers)
      producer.send(topic, 0, timeMs - 1, null, Buffer.from('without a key'))
      producer.send(topic, 0, 0, Buffer.from('tombstone'), null, [])
      producer.send(topic, 0, timeMs, Buffer.alloc(0), Buffer.alloc(0))
      producer.send(topic, 0, timeMs, null, null)
      await producer.flush()
      const place = { topic, partition: 0, headers: [] }
      expect(await readAll(client, topic)).toEqual([
        {
          ...place,
          offset: 0,
          timestampMs: timeMs,
          key: 'key',
          value: 'value',
          headers: headers.map(({ key, value }) => [key, value && value.toString()]),
        },
        { ...place, offset: 1, timestampMs: timeMs - 1, key: null, value: 'without a key' },
        { ...place, offset: 2, timestampMs: 0, key: 'tombstone', value: null },
        { ...place, offset: 3, timestampMs: timeMs, key: '', value: '' },
        { ...place, offset: 4, timestampMs: timeMs, key: null, value: null },
      ])
    })

    it('leaves the bytes valid after the cursor has moved on', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const producer = await suite.producer(client, topic, { batchBytes: 1_000 })
      const texts = numbered('kept', 500)
      await sendTexts(producer, topic, 0, texts)
      await producer.flush()
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign(beginnings(topic))
      const slices: Buffer[] = []
      while (slices.length < texts.length) {
        for (const { records } of await fetcher.poll({ timeoutMs: 1_000 })) {
          while (records.next()) {
            slices.push(records.buffer.subarray(records.valueStart, records.valueEnd))
          }
          expect(records.next()).toBe(false)
        }
      }
      expect(slices.map(String)).toEqual(texts)
    })

    it('tells where the partition begins and ends, at most once a partition and poll', async () => {
      const client = suite.client()
      const topic = await suite.topic(client, 2)
      const producer = await suite.producer(client, topic)
      for (let partition = 0; partition < 2; partition++) {
        await sendTexts(producer, topic, partition, numbered('n', 10))
      }
      await producer.flush()
      await client.deleteRecords([{ topic, partition: 1, offset: 4 }])
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign([
        { topic, partition: 0, offset: 0 },
        { topic, partition: 1, offset: 4 },
      ])
      const positions = new Map<number, number>()
      while (positions.get(0) !== 10 || positions.get(1) !== 10) {
        const fetched = await fetcher.poll({ timeoutMs: 1_000 })
        const partitions = fetched.map(({ partition }) => partition)
        expect(new Set(partitions).size).toBe(partitions.length)
        for (const entry of fetched) {
          expect(entry).toMatchObject({ highWatermark: 10, lastStableOffset: 10 })
          expect(entry.logStartOffset).toBe(entry.partition === 0 ? 0 : 4)
          expect(entry.bytes).toBeGreaterThan(0)
          positions.set(entry.partition, entry.nextOffset)
        }
      }
    })

    it('resolves with nothing after the timeout where nothing comes', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      const startedMs = performance.now()
      expect(await fetcher.poll({ timeoutMs: 50 })).toEqual([])
      fetcher.assign(beginnings(topic))
      expect(await fetcher.poll({ timeoutMs: 150 })).toEqual([])
      // Timers may run a millisecond early.
      expect(performance.now() - startedMs).toBeGreaterThan(190)
      expect(await fetcher.poll({ timeoutMs: 0 })).toEqual([])
    })

    it('is woken by what comes while it waits', async () => {
      const client = suite.client()
      const topic = await suite.topic(client, 2)
      const producer = await suite.producer(client, topic)
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign(beginnings(topic, 2))
      for (const text of numbered('woken', 3)) {
        const startedMs = performance.now()
        const polling = fetcher.poll({ timeoutMs: 60_000 })
        await pause(20)
        await sendTexts(producer, topic, 1, [text])
        await producer.flush()
        const [entry] = await polling
        expect(entry).toMatchObject({ topic, partition: 1 })
        expect(performance.now() - startedMs).toBeLessThan(20_000)
      }
    })

    it('is woken by an assignment and by resuming while it waits', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const producer = await suite.producer(client, topic)
      await sendTexts(producer, topic, 0, ['there'])
      await producer.flush()
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      const assigned = fetcher.poll({ timeoutMs: 60_000 })
      await pause(20)
      fetcher.assign(beginnings(topic))
      expect(await assigned).toHaveLength(1)
      fetcher.assign(beginnings(topic))
      fetcher.pause(partitionsOf(topic))
      const resumed = fetcher.poll({ timeoutMs: 60_000 })
      await pause(20)
      fetcher.resume(partitionsOf(topic))
      // It may be woken before the record is there again.
      const records = recordsOf(await resumed)
      if (records.length === 0) records.push(...(await readCount(fetcher, 1)))
      expect(valuesOf(records)).toEqual(['there'])
    })

    it("ends with the signal's reason, also where it is aborted already, and goes on after it", async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign(beginnings(topic))
      const abort = new AbortController()
      const polling = fetcher.poll({ timeoutMs: 60_000, signal: abort.signal })
      abort.abort(new Error('enough'))
      await expect(polling).rejects.toThrow('enough')
      const { signal } = abort
      await expect(fetcher.poll({ timeoutMs: 60_000, signal })).rejects.toThrow('enough')
      const producer = await suite.producer(client, topic)
      await sendTexts(producer, topic, 0, ['later'])
      await producer.flush()
      expect(valuesOf(await readCount(fetcher, 1))).toEqual(['later'])
    })

    it('brings everything whatever the sizes asked for, also records beyond them', async () => {
      const client = suite.client()
      const topic = await suite.topic(client, 2)
      const producer = await suite.producer(client, topic, { batchBytes: 3_000 })
      const texts = numbered('x'.repeat(200), 100)
      await sendTexts(producer, topic, 0, [...texts, 'large '.repeat(50_000)])
      await sendTexts(producer, topic, 1, texts)
      await producer.flush()
      const ends = await client.listOffsets(partitionsOf(topic, 2), 'latest', 'read_committed')
      for (const [maxPartitionBytes, maxBufferedBytes] of [
        [100, 1_000_000],
        [5_000, 5_000],
        [1_000_000, 1],
      ] as const) {
        const options = { maxPartitionBytes, maxBufferedBytes, maxWaitMs: 100 }
        await using fetcher = client.openFetcher({ isolation: 'read_committed', ...options })
        fetcher.assign(beginnings(topic, 2))
        const records = await readTo(fetcher, beginnings(topic, 2), ends)
        expect(valuesOf(records, 0).map((value) => value?.length)).toEqual([
          ...texts.map(({ length }) => length),
          300_000,
        ])
        expect(valuesOf(records, 1)).toEqual(texts)
      }
    })
  })
}
