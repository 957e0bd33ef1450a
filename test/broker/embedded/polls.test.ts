import { describe, expect, it } from 'vitest'
import { OffsetOutOfRangeError } from '../../../src/core/errors.ts'
import { beginnings, recordsOf, valuesOf } from '../contract/reading.ts'
import { sendPairs, virtualBroker, watch } from './virtual-broker.ts'

describe('polls of the embedded broker', () => {
  it('that wait at the same time are each woken, not the last one alone', async () => {
    const { clock, client, topic } = await virtualBroker()
    const producer = await client.openProducer({})
    const fetcher = client.openFetcher({ isolation: 'read_committed' })
    fetcher.assign(beginnings(topic))
    const polls = [fetcher.poll({ timeoutMs: 60_000 }), fetcher.poll({ timeoutMs: 60_000 })]
    const watched = polls.map(watch)
    await clock.advance(1)
    for (const [turn, text] of ['first', 'second'].entries()) {
      sendPairs(producer, topic, [`k=${text}`])
      await producer.flush()
      await clock.advance(0)
      expect(watched.filter(({ state }) => state === 'resolved')).toHaveLength(turn + 1)
    }
    const values = (await Promise.all(polls)).flatMap((fetched) => valuesOf(recordsOf(fetched)))
    expect(values.toSorted()).toEqual(['first', 'second'])
  })

  it('do not report a failure of a position that was assigned anew in the meantime', async () => {
    const { client, topic } = await virtualBroker({ partitions: 2 })
    const producer = await client.openProducer({})
    sendPairs(producer, topic, ['k=v'])
    await producer.flush()
    const fetcher = client.openFetcher({ isolation: 'read_committed' })
    fetcher.assign([...beginnings(topic), { topic, partition: 1, offset: 99 }])
    expect(valuesOf(recordsOf(await fetcher.poll({ timeoutMs: 0 })))).toEqual(['v'])
    fetcher.assign([{ topic, partition: 1, offset: 0 }])
    expect(await fetcher.poll({ timeoutMs: 0 })).toEqual([])
  })

  it('report a position that cannot be read once, as a real broker’s client does', async () => {
    const { client, topic } = await virtualBroker()
    const fetcher = client.openFetcher({ isolation: 'read_committed' })
    fetcher.assign([{ topic, partition: 0, offset: 99 }])
    await expect(fetcher.poll({ timeoutMs: 0 })).rejects.toThrow(OffsetOutOfRangeError)
    expect(await fetcher.poll({ timeoutMs: 0 })).toEqual([])
    fetcher.assign([{ topic, partition: 0, offset: 99 }])
    await expect(fetcher.poll({ timeoutMs: 0 })).rejects.toThrow(OffsetOutOfRangeError)
  })

  it('count the bytes of the records that they bring, not of others kept together with them', async () => {
    const { client, topic } = await virtualBroker()
    const producer = await client.openProducer({})
    const fetcher = client.openFetcher({ isolation: 'read_committed' })
    fetcher.assign(beginnings(topic))
    const sizes: number[] = []
    for (let number = 0; number < 100; number++) {
      sendPairs(producer, topic, ['key=value'])
      await producer.flush()
      const [fetched] = await fetcher.poll({ timeoutMs: 0 })
      sizes.push(fetched!.bytes)
    }
    expect(new Set(sizes).size).toBe(1)
    expect(sizes[0]).toBeLessThan(50)
  })
})
