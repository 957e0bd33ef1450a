import { describe, expect, it } from 'vitest'
import { FencedError } from '../../../src/core/errors.ts'
import { beginnings, readAll, recordsOf, valuesOf } from '../contract/reading.ts'
import { memberOf, sendPairs, virtualBroker, watch } from './virtual-broker.ts'

describe('time on the embedded broker', () => {
  it('ends a poll that finds nothing at its timeout, not before', async () => {
    const { clock, client, topic } = await virtualBroker()
    const fetcher = client.openFetcher({ isolation: 'read_committed' })
    fetcher.assign(beginnings(topic))
    const polling = fetcher.poll({ timeoutMs: 300 })
    const watched = watch(polling)
    await clock.advance(299)
    expect(watched.state).toBe('pending')
    await clock.advance(1)
    expect(await polling).toEqual([])
  })

  it('wakes a poll by an append without any time passing', async () => {
    const { clock, client, topic } = await virtualBroker()
    const fetcher = client.openFetcher({ isolation: 'read_committed' })
    fetcher.assign(beginnings(topic))
    const polling = fetcher.poll({ timeoutMs: 300 })
    const producer = await client.openProducer({})
    sendPairs(producer, topic, ['k=v'])
    await producer.flush()
    expect(valuesOf(recordsOf(await polling))).toEqual(['v'])
    expect(clock.monotonicMs()).toBe(0)
    expect(clock.nextTimerMs()).toBeUndefined()
  })

  it('sends a batch after the linger time', async () => {
    const { clock, client, topic } = await virtualBroker()
    const producer = await client.openProducer({ lingerMs: 20 })
    sendPairs(producer, topic, ['k=v'])
    await clock.advance(19)
    expect(producer.lastOffset(topic, 0)).toBeUndefined()
    await clock.advance(1)
    expect(producer.lastOffset(topic, 0)).toBe(0)
  })

  it('drops a silent member when its session ends, heartbeats begin it anew', async () => {
    const { clock, client } = await virtualBroker()
    const member = memberOf(client, { sessionTimeoutMs: 1_000 })
    await member.join()
    for (let beat = 0; beat < 5; beat++) {
      await clock.advance(999)
      expect(await member.heartbeat()).toBe('stable')
    }
    await clock.advance(1_000)
    await expect(member.heartbeat()).rejects.toThrow(FencedError)
    await expect(member.commitOffsets([])).rejects.toThrow(FencedError)
  })

  it('does not count the session of a member that waits for the others', async () => {
    const { clock, broker, client } = await virtualBroker()
    const [busy, waiting] = [memberOf(client), memberOf(broker.open(), { sessionTimeoutMs: 100 })]
    await busy.join()
    const joining = waiting.join()
    await clock.advance(5_000)
    expect(await busy.heartbeat()).toBe('rebalance')
    await Promise.all([busy.join(), joining])
    expect(await waiting.heartbeat()).toBe('stable')
  })

  it('does not count the session of a member that has joined again either', async () => {
    const { clock, broker, client } = await virtualBroker()
    const [busy, quick] = [memberOf(client), memberOf(broker.open(), { sessionTimeoutMs: 100 })]
    await busy.join()
    const first = quick.join()
    await Promise.all([busy.join(), first])
    const joining = memberOf(broker.open()).join()
    expect(await quick.heartbeat()).toBe('rebalance')
    const waiting = quick.join()
    await clock.advance(5_000)
    await Promise.all([busy.join(), waiting, joining])
    expect(await quick.heartbeat()).toBe('stable')
  })

  it('begins a generation without those that did not join again within the rebalance time', async () => {
    const { clock, broker, client } = await virtualBroker()
    const timeouts = { rebalanceTimeoutMs: 2_000, sessionTimeoutMs: 60_000 }
    const [lazy, other] = [memberOf(client, timeouts), memberOf(broker.open(), timeouts)]
    await lazy.join()
    const watched = watch(other.join())
    await clock.advance(1_999)
    expect([watched.state, await lazy.heartbeat()]).toEqual(['pending', 'rebalance'])
    await clock.advance(1)
    expect(watched.state).toBe('resolved')
    await expect(lazy.heartbeat()).rejects.toThrow(FencedError)
    expect(await other.heartbeat()).toBe('stable')
  })

  it('aborts a transaction when its time is over, counted from its first record', async () => {
    const { clock, client, topic } = await virtualBroker()
    const options = { transactionalId: 'tx', transactionTimeoutMs: 5_000 }
    const producer = await client.openProducer(options)
    await clock.advance(20_000)
    producer.beginTransaction()
    await clock.advance(20_000)
    sendPairs(producer, topic, ['k=v'])
    await producer.flush()
    const end = async (): Promise<number> => {
      const at = [{ topic, partition: 0 }]
      return (await client.listOffsets(at, 'latest', 'read_committed'))[0]!.offset
    }
    await clock.advance(4_999)
    expect(await end()).toBe(0)
    await clock.advance(1)
    expect(await end()).toBe(2)
    await expect(producer.commitTransaction()).rejects.toThrow(FencedError)
    expect(await readAll(client, topic)).toEqual([])
  })

  it('gives each transaction of a producer its own time', async () => {
    const { clock, client, topic } = await virtualBroker()
    const options = { transactionalId: 'tx', transactionTimeoutMs: 1_000 }
    const producer = await client.openProducer(options)
    for (const text of ['a', 'b', 'c']) {
      producer.beginTransaction()
      sendPairs(producer, topic, [`k=${text}`])
      await producer.flush()
      await clock.advance(900)
      await producer.commitTransaction()
    }
    await clock.advance(5_000)
    expect(valuesOf(await readAll(client, topic))).toEqual(['a', 'b', 'c'])
    expect(clock.nextTimerMs()).toBeUndefined()
  })

  it('frees offsets that wait for a transaction when its time is over', async () => {
    const { clock, client, topic } = await virtualBroker()
    const member = memberOf(client, { sessionTimeoutMs: 60_000 })
    await member.join()
    const options = { transactionalId: 'tx', transactionTimeoutMs: 1_000 }
    const producer = await client.openProducer(options)
    producer.beginTransaction()
    await producer.sendOffsets(member.identity(), [{ topic, partition: 0, offset: 3 }])
    const asking = client.committedOffsets('group', [{ topic, partition: 0 }])
    const watched = watch(asking)
    await clock.advance(999)
    expect(watched.state).toBe('pending')
    await clock.advance(1)
    expect(await asking).toEqual([])
  })
})
