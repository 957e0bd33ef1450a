import { describe, expect, it } from 'vitest'
import { OffsetOutOfRangeError, UnknownTopicError } from '../../../src/core/errors.ts'
import type { Broker, Fetcher } from '../../../src/broker/port.ts'
import { uniqueName, type ContractSuite } from './contract-suite.ts'
import {
  beginnings,
  numbered,
  patienceMs,
  readCount,
  recordsOf,
  sendTexts,
  valuesOf,
  type SeenRecord,
} from './reading.ts'

/** Polls for some time; returns what came. */
async function readFor(fetcher: Fetcher, ms: number): Promise<SeenRecord[]> {
  const seen: SeenRecord[] = []
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs) {
    seen.push(...recordsOf(await fetcher.poll({ timeoutMs: untilMs - performance.now() })))
  }
  return seen
}

/** Polls until it rejects; returns the error. What comes before is put into `seen`. */
async function pollFailure(fetcher: Fetcher, seen: SeenRecord[] = []): Promise<unknown> {
  const untilMs = performance.now() + patienceMs
  while (performance.now() < untilMs) {
    try {
      seen.push(...recordsOf(await fetcher.poll({ timeoutMs: 1_000 })))
    } catch (error) {
      return error
    }
  }
  return undefined
}

export function describeFetchPositions(suite: ContractSuite): void {
  const filled = async (client: Broker, partitions: number, count: number): Promise<string> => {
    const topic = await suite.topic(client, partitions)
    await using producer = await suite.producer(client, topic)
    for (let partition = 0; partition < partitions; partition++) {
      await sendTexts(producer, topic, partition, numbered(`p${partition}`, count))
    }
    await producer.flush()
    return topic
  }

  describe('fetch positions', () => {
    it('are where assigning says, also within a batch, and move when it is called again', async () => {
      const client = suite.client()
      const topic = await filled(client, 1, 10)
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      for (const offset of [3, 0, 9, 5]) {
        fetcher.assign([{ topic, partition: 0, offset }])
        const records = await readCount(fetcher, 10 - offset)
        expect(valuesOf(records)).toEqual(numbered('p0', 10).slice(offset))
        expect(records[0]?.offset).toBe(offset)
      }
    })

    it('drop what was buffered when they are moved before it was polled', async () => {
      const client = suite.client()
      const topic = await filled(client, 1, 10)
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign(beginnings(topic))
      await fetcher.poll({ timeoutMs: 5_000 })
      fetcher.assign(beginnings(topic))
      fetcher.assign([{ topic, partition: 0, offset: 8 }])
      expect(valuesOf(await readCount(fetcher, 2))).toEqual(['p0-8', 'p0-9'])
    })

    it('at the end wait for what comes', async () => {
      const client = suite.client()
      const topic = await filled(client, 1, 3)
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign([{ topic, partition: 0, offset: 3 }])
      expect(await fetcher.poll({ timeoutMs: 50 })).toEqual([])
      const producer = await suite.producer(client, topic)
      await sendTexts(producer, topic, 0, ['next'])
      await producer.flush()
      expect(valuesOf(await readCount(fetcher, 1))).toEqual(['next'])
    })

    it('are given up by unassigning; the others stay', async () => {
      const client = suite.client()
      const topic = await filled(client, 3, 5)
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign(beginnings(topic, 3))
      fetcher.unassign([
        { topic, partition: 1 },
        { topic, partition: 7 },
      ])
      await readCount(fetcher, 10)
      const producer = await suite.producer(client, topic)
      for (let partition = 0; partition < 3; partition++) {
        await sendTexts(producer, topic, partition, ['more'])
      }
      await producer.flush()
      const more = await readCount(fetcher, 2)
      expect(more.map(({ partition }) => partition).toSorted()).toEqual([0, 2])
      expect(await readFor(fetcher, 100)).toEqual([])
    })

    it('are kept over a pause, in which others are delivered', async () => {
      const client = suite.client()
      const topic = await filled(client, 2, 5)
      const producer = await suite.producer(client, topic)
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign(beginnings(topic, 2))
      const before = await readCount(fetcher, 10)
      const paused = [{ topic, partition: 0 }]
      fetcher.pause(paused)
      fetcher.pause([...paused, { topic, partition: 9 }])
      for (let partition = 0; partition < 2; partition++) {
        await sendTexts(producer, topic, partition, ['later', 'last'])
      }
      await producer.flush()
      const during = [...(await readCount(fetcher, 2)), ...(await readFor(fetcher, 150))]
      expect(during.map(({ partition }) => partition)).toEqual([1, 1])
      fetcher.resume([{ topic, partition: 9 }])
      fetcher.resume(paused)
      const after = await readCount(fetcher, 2)
      const all = [...before, ...during, ...after]
      for (let partition = 0; partition < 2; partition++) {
        expect(valuesOf(all, partition)).toEqual([...numbered(`p${partition}`, 5), 'later', 'last'])
      }
    })

    it('paused at once deliver nothing of what may be buffered already', async () => {
      const client = suite.client()
      const topic = await filled(client, 1, 1_000)
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign(beginnings(topic))
      await readFor(fetcher, 0)
      fetcher.assign(beginnings(topic))
      fetcher.pause([{ topic, partition: 0 }])
      expect(await readFor(fetcher, 200)).toEqual([])
      fetcher.resume([{ topic, partition: 0 }])
      expect(valuesOf(await readCount(fetcher, 1_000))).toEqual(numbered('p0', 1_000))
    })

    it('that are not in the log are said to be so; the others are not disturbed', async () => {
      const client = suite.client()
      const topic = await filled(client, 3, 10)
      await client.deleteRecords([{ topic, partition: 1, offset: 5 }])
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign([
        { topic, partition: 0, offset: 0 },
        { topic, partition: 1, offset: 4 },
        { topic, partition: 2, offset: 11 },
      ])
      const seen: SeenRecord[] = []
      const errors = [await pollFailure(fetcher, seen), await pollFailure(fetcher, seen)]
      for (const error of errors) expect(error).toBeInstanceOf(OffsetOutOfRangeError)
      const places = (errors as OffsetOutOfRangeError[])
        .map(({ topicPartition, offset }) => ({ topicPartition, offset }))
        .toSorted((a, b) => a.offset! - b.offset!)
      expect(places).toEqual([
        { topicPartition: { topic, partition: 1 }, offset: 4 },
        { topicPartition: { topic, partition: 2 }, offset: 11 },
      ])
      // Said once: until they are assigned anew, they are left alone.
      seen.push(...(await readFor(fetcher, 200)))
      expect(valuesOf(seen)).toEqual(numbered('p0', 10))
      fetcher.assign([
        { topic, partition: 1, offset: 5 },
        { topic, partition: 2, offset: 9 },
      ])
      const rest = await readCount(fetcher, 6)
      expect(valuesOf(rest, 1)).toEqual(numbered('p1', 10).slice(5))
      expect(valuesOf(rest, 2)).toEqual(['p2-9'])
    })

    it('in a topic or partition that does not exist are said to be so; the others are not disturbed', async () => {
      const client = suite.client()
      const topic = await filled(client, 1, 5)
      const missing = uniqueName('missing')
      await using fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign([...beginnings(missing), ...beginnings(topic)])
      const seen: SeenRecord[] = []
      const error = await pollFailure(fetcher, seen)
      expect(error).toBeInstanceOf(UnknownTopicError)
      expect((error as Error).message).toContain(missing)
      seen.push(...(await readFor(fetcher, 200)))
      expect(valuesOf(seen)).toEqual(numbered('p0', 5))
      fetcher.unassign([{ topic: missing, partition: 0 }])
      fetcher.assign([{ topic, partition: 3, offset: 0 }])
      const [partition] = [await pollFailure(fetcher)]
      expect(partition).toBeInstanceOf(UnknownTopicError)
      expect((partition as Error).message).toContain(topic)
    })
  })
}
