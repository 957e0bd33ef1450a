import { describe, expect, it } from 'vitest'
import { readAll, recordsOf, valuesOf } from '../contract/reading.ts'
import { sendPairs, virtualBroker } from './virtual-broker.ts'

const compacted = { 'cleanup.policy': 'compact', 'delete.retention.ms': '1000' }

describe('compaction on the embedded broker', () => {
  it('keeps the last record of each key, where and as it was', async () => {
    const { broker, client, topic } = await virtualBroker({ config: compacted })
    const producer = await client.openProducer({})
    sendPairs(producer, topic, ['a=1', 'b=1', 'a=2'], 10)
    await producer.flush()
    const headers = [{ key: 'h', value: Buffer.from('header') }]
    producer.send(topic, 0, 20, Buffer.from('c'), Buffer.from('1'), headers)
    sendPairs(producer, topic, ['b=2', 'd=1'], 30)
    await producer.flush()
    broker.compact(topic)
    const place = { topic, partition: 0, headers: [] }
    const kept = [
      { ...place, offset: 2, timestampMs: 10, key: 'a', value: '2' },
      { ...place, offset: 3, timestampMs: 20, key: 'c', value: '1', headers: [['h', 'header']] },
      { ...place, offset: 4, timestampMs: 30, key: 'b', value: '2' },
      { ...place, offset: 5, timestampMs: 30, key: 'd', value: '1' },
    ]
    expect(await readAll(client, topic)).toEqual(kept)
    broker.compact(topic)
    expect(await readAll(client, topic)).toEqual(kept)
    const at = [{ topic, partition: 0 }]
    expect((await client.listOffsets(at, 'earliest', 'read_committed'))[0]?.offset).toBe(0)
    expect((await client.listOffsets(at, 'latest', 'read_committed'))[0]?.offset).toBe(6)
    const [found] = await client.listOffsets(at, { timestampMs: 11 }, 'read_committed')
    expect(found?.offset).toBe(3)
    sendPairs(producer, topic, ['a=3'])
    await producer.flush()
    expect(producer.lastOffset(topic, 0)).toBe(6)
  })

  it('leaves every position readable, also one whose record is gone', async () => {
    const { broker, client, topic } = await virtualBroker({ config: compacted })
    const producer = await client.openProducer({})
    for (let round = 0; round < 5; round++) {
      sendPairs(producer, topic, [`a=${round}`, `b=${round}`])
      await producer.flush()
    }
    broker.compact(topic)
    for (let offset = 0; offset <= 10; offset++) {
      const fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign([{ topic, partition: 0, offset }])
      const fetched = await fetcher.poll({ timeoutMs: 0 })
      const expected = [8, 9].filter((each) => each >= offset)
      expect(recordsOf(fetched).map((each) => each.offset)).toEqual(expected)
      expect(fetched.at(-1)?.nextOffset ?? 10).toBe(10)
    }
  })

  it('keeps a tombstone until readers had time to see it, then nothing of the key', async () => {
    const { clock, broker, client, topic } = await virtualBroker({ config: compacted })
    const producer = await client.openProducer({})
    sendPairs(producer, topic, ['a=1', 'b=1', 'a'])
    await producer.flush()
    broker.compact(topic)
    expect((await readAll(client, topic)).map(({ key, value }) => [key, value])).toEqual([
      ['b', '1'],
      ['a', null],
    ])
    await clock.advance(1_001)
    broker.compact(topic)
    expect((await readAll(client, topic)).map(({ key }) => key)).toEqual(['b'])
  })

  it('drops what was aborted and leaves what is open alone', async () => {
    const { broker, client, topic } = await virtualBroker({ config: compacted })
    const [producer, open] = [
      await client.openProducer({ transactionalId: 'tx' }),
      await client.openProducer({ transactionalId: 'open' }),
    ]
    for (const [value, commit] of [
      ['1', true],
      ['2', true],
      ['3', false],
    ] as const) {
      producer.beginTransaction()
      sendPairs(producer, topic, [`a=${value}`])
      await producer.flush()
      if (commit) await producer.commitTransaction()
      else await producer.abortTransaction()
    }
    open.beginTransaction()
    sendPairs(open, topic, ['a=open'])
    await open.flush()
    const plain = await client.openProducer({})
    sendPairs(plain, topic, ['a=4', 'a=5'])
    await plain.flush()
    broker.compact(topic)
    expect(valuesOf(await readAll(client, topic, 'read_uncommitted'))).toEqual([
      '2',
      'open',
      '4',
      '5',
    ])
    await open.abortTransaction()
    expect(valuesOf(await readAll(client, topic))).toEqual(['2', '4', '5'])
    broker.compact(topic)
    expect(valuesOf(await readAll(client, topic))).toEqual(['5'])
  })

  it('runs by itself where a compacted topic has much that is superseded, and only there', async () => {
    const { client, topic } = await virtualBroker({ config: compacted })
    await client.createTopics([{ name: 'kept', partitions: 1 }])
    const producer = await client.openProducer({ batchBytes: 4_096 })
    const [count, keys] = [60_000, 50]
    for (const each of [topic, 'kept']) {
      for (let number = 0; number < count; number++) {
        const value = Buffer.from(String(number))
        producer.send(each, 0, number, Buffer.from(`key-${number % keys}`), value)
      }
    }
    await producer.flush()
    expect(await readAll(client, 'kept')).toHaveLength(count)
    const records = await readAll(client, topic)
    expect(records.length).toBeLessThan(25_000)
    const table = new Map(records.map(({ key, value }) => [key, Number(value)]))
    const last = Array.from({ length: keys }, (_, key) => [`key-${key}`, count - keys + key])
    expect([...table].toSorted((a, b) => a[1] - b[1])).toEqual(last)
  })
})

describe('retention on the embedded broker', () => {
  it('drops what is older than the topic keeps, sooner or later, and nothing that is younger', async () => {
    const { clock, client, topic } = await virtualBroker({ config: { 'retention.ms': '60000' } })
    const producer = await client.openProducer({})
    const write = async (text: string): Promise<void> => {
      sendPairs(producer, topic, [`k=${text}`], clock.now())
      await producer.flush()
    }
    await write('old')
    await clock.advance(3_600_000)
    await write('young')
    expect(valuesOf(await readAll(client, topic))).toContain('young')
    // Records that lie together go together, when the youngest of them is old; as a segment of Kafka's does.
    await clock.advance(3_600_000)
    await write('younger')
    expect(valuesOf(await readAll(client, topic))).toEqual(['younger'])
    const at = [{ topic, partition: 0 }]
    expect((await client.listOffsets(at, 'earliest', 'read_committed'))[0]?.offset).toBe(2)
  })

  it('keeps everything where the topic says nothing of it', async () => {
    const { clock, client, topic } = await virtualBroker()
    const producer = await client.openProducer({})
    sendPairs(producer, topic, ['k=old'], 0)
    await producer.flush()
    await clock.advance(365 * 86_400_000)
    sendPairs(producer, topic, ['k=young'], clock.now())
    await producer.flush()
    expect(valuesOf(await readAll(client, topic))).toEqual(['old', 'young'])
  })
})
