import { describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../../src/broker/embedded/index.ts'
import { BrokerTimeoutError, LifecycleError, UnknownTopicError } from '../../../src/core/errors.ts'
import { beginnings, readAll, valuesOf } from '../contract/reading.ts'
import { memberOf, sendPairs, virtualBroker, watch } from './virtual-broker.ts'

describe('requests to the embedded broker', () => {
  it('all pass through the hook, by client and name', async () => {
    const seen: string[] = []
    const { client, topic } = await virtualBroker({
      onRequest: (id, request) => {
        seen.push(`${id} ${request}`)
        return undefined
      },
    })
    const requestsOf = async (run: () => Promise<unknown>): Promise<string[]> => {
      seen.length = 0
      await run()
      return [...seen]
    }
    const at = [{ topic, partition: 0 }]
    const producer = await client.openProducer({ transactionalId: 'tx' })
    const fetcher = client.openFetcher({ isolation: 'read_committed' })
    fetcher.assign(beginnings(topic))
    const member = memberOf(client)
    await member.join()
    producer.beginTransaction()
    const calls = [
      () => client.connect(),
      () => client.describeTopics([topic]),
      () => client.listTopics(),
      () => client.createTopics([]),
      () => client.deleteTopics([]),
      () => client.deleteRecords([]),
      () => client.listOffsets(at, 'latest', 'read_committed'),
      () => client.committedOffsets('group', at),
      () => client.openProducer({}),
      () => producer.prepare([topic]),
      () => producer.sendOffsets(member.identity(), []),
      () => producer.commitTransaction(),
      () => fetcher.poll({ timeoutMs: 0 }),
      () => member.heartbeat(),
      () => member.commitOffsets([]),
      () => member.leave(),
      () => member.join(),
    ]
    for (const call of calls) {
      const requests = await requestsOf(call)
      expect(requests, String(call)).toHaveLength(1)
      expect(requests[0]).toMatch(/^first [a-zA-Z]+$/)
    }
    const produced = await requestsOf(async () => {
      producer.beginTransaction()
      sendPairs(producer, topic, ['k=v'])
      await producer.flush()
    })
    expect(produced).toEqual(['first produce'])
  })

  it('reject with what the hook throws, and take no effect', async () => {
    let failing = false
    const { client } = await virtualBroker({
      onRequest: () => (failing ? Promise.reject(new Error('injected')) : undefined),
    })
    failing = true
    await expect(client.createTopics([{ name: 'other', partitions: 1 }])).rejects.toThrow(
      'injected',
    )
    failing = false
    expect(await client.listTopics()).toEqual(['topic'])
  })

  it('wait while the hook holds them', async () => {
    let release = (): void => undefined
    const { broker, clock } = await virtualBroker({
      onRequest: (id) =>
        id === 'held' ? new Promise<void>((resolve) => (release = resolve)) : undefined,
    })
    const held = broker.open({ clientId: 'held' })
    const watched = watch(held.listTopics())
    await clock.advance(60_000)
    expect(watched.state).toBe('pending')
    release()
    await clock.advance(0)
    expect(watched.state).toBe('resolved')
  })

  it('that fail to produce fail the producer; aborting leaves nothing of the transaction', async () => {
    let failing = false
    const { client, topic } = await virtualBroker({
      onRequest: (_, request) =>
        failing && request === 'produce' ? Promise.reject(new Error('injected')) : undefined,
    })
    const producer = await client.openProducer({ transactionalId: 'tx' })
    producer.beginTransaction()
    sendPairs(producer, topic, ['k=written'])
    await producer.flush()
    sendPairs(producer, topic, ['k=failed'])
    failing = true
    await expect(producer.flush()).rejects.toThrow('injected')
    expect(() => sendPairs(producer, topic, ['k=v'])).toThrow('injected')
    await expect(producer.commitTransaction()).rejects.toThrow('injected')
    failing = false
    await producer.abortTransaction()
    producer.beginTransaction()
    sendPairs(producer, topic, ['k=after'])
    await producer.commitTransaction()
    expect(valuesOf(await readAll(client, topic))).toEqual(['after'])
  })

  it('to produce that are held make the caller of ready wait', async () => {
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    const { client, topic } = await virtualBroker({
      onRequest: (_, request) => (request === 'produce' ? held : undefined),
    })
    const producer = await client.openProducer({ maxBufferedBytes: 100, batchBytes: 50 })
    sendPairs(producer, topic, [`k=${'v'.repeat(200)}`])
    const ready = producer.ready()
    release()
    expect(ready).toBeInstanceOf(Promise)
    await ready
    expect(producer.ready()).toBeUndefined()
    expect(producer.lastOffset(topic, 0)).toBe(0)
  })

  it('to a topic that was deleted after a record was sent fail at the flush', async () => {
    const { client, topic } = await virtualBroker()
    const producer = await client.openProducer({})
    sendPairs(producer, topic, ['k=v'])
    await client.deleteTopics([topic])
    await expect(producer.flush()).rejects.toThrow(UnknownTopicError)
    await expect(producer.flush()).rejects.toThrow(topic)
  })

  it('forget a group’s offsets in a topic that is deleted', async () => {
    const { client, topic } = await virtualBroker()
    const member = memberOf(client)
    await member.join()
    await member.commitOffsets([{ topic, partition: 0, offset: 5 }])
    await client.deleteTopics([topic])
    await client.createTopics([{ name: topic, partitions: 1 }])
    expect(await client.committedOffsets('group', [{ topic, partition: 0 }])).toEqual([])
  })

  it('wake a poll on a topic that is deleted', async () => {
    const { client, topic } = await virtualBroker()
    const fetcher = client.openFetcher({ isolation: 'read_committed' })
    fetcher.assign(beginnings(topic))
    const polling = fetcher.poll({ timeoutMs: 60_000 })
    watch(polling)
    await client.deleteTopics([topic])
    await expect(polling).rejects.toThrow(UnknownTopicError)
  })

  it('that end a transaction on a topic that was deleted and made anew leave the new one alone', async () => {
    const { client, topic } = await virtualBroker()
    const producer = await client.openProducer({ transactionalId: 'tx' })
    producer.beginTransaction()
    sendPairs(producer, topic, ['k=v'])
    await producer.flush()
    await client.deleteTopics([topic])
    await client.createTopics([{ name: topic, partitions: 1 }])
    await producer.commitTransaction()
    const at = [{ topic, partition: 0 }]
    const ends = await client.listOffsets(at, 'latest', 'read_uncommitted')
    expect(ends).toEqual([{ topic, partition: 0, offset: 0 }])
  })

  it('for offsets take the broker’s default time at most', async () => {
    const { clock, client, topic } = await virtualBroker()
    const member = memberOf(client, { sessionTimeoutMs: 300_000 })
    await member.join()
    const options = { transactionalId: 'tx', transactionTimeoutMs: 300_000 }
    const producer = await client.openProducer(options)
    producer.beginTransaction()
    await producer.sendOffsets(member.identity(), [{ topic, partition: 0, offset: 1 }])
    const watched = watch(client.committedOffsets('group', [{ topic, partition: 0 }]))
    await clock.advance(120_000)
    expect(watched.state).toBeInstanceOf(BrokerTimeoutError)
  })

  it('end with the broker: closing it closes its clients, and none can be opened after', async () => {
    const { broker, client, topic } = await virtualBroker()
    const fetcher = client.openFetcher({ isolation: 'read_committed' })
    fetcher.assign(beginnings(topic))
    const polling = fetcher.poll({ timeoutMs: 60_000 })
    watch(polling)
    await broker.close()
    await broker.close()
    await expect(polling).rejects.toThrow(LifecycleError)
    await expect(client.listTopics()).rejects.toThrow(LifecycleError)
    expect(() => broker.open()).toThrow(LifecycleError)
  })

  it('share nothing with another broker', async () => {
    const { topic } = await virtualBroker()
    await using other = new EmbeddedBroker()
    const client = other.open()
    expect(await client.describeTopics([topic])).toEqual(new Map())
  })
})
