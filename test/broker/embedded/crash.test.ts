import { describe, expect, it } from 'vitest'
import { BrokerUnavailableError, FencedError } from '../../../src/core/errors.ts'
import { beginnings, readAll, valuesOf } from '../contract/reading.ts'
import { SharingAssignor } from '../contract/group-driving.ts'
import { memberOf, sendPairs, virtualBroker, watch } from './virtual-broker.ts'

describe('a client of the embedded broker that crashes', () => {
  it('has all that it waits for rejected at once', async () => {
    const { broker, client, topic } = await virtualBroker()
    const [doomed, other] = [broker.open(), broker.open()]
    const fetcher = doomed.openFetcher({ isolation: 'read_committed' })
    fetcher.assign(beginnings(topic))
    const blocking = memberOf(other)
    await blocking.join()
    const producer = await other.openProducer({ transactionalId: 'tx' })
    producer.beginTransaction()
    const offset = { topic, partition: 0, offset: 1 }
    await producer.sendOffsets(blocking.identity(), [offset])
    const pending = [
      fetcher.poll({ timeoutMs: 60_000 }),
      memberOf(doomed).join(),
      doomed.committedOffsets('group', [{ topic, partition: 0 }]),
    ]
    const results = Promise.allSettled(pending)
    doomed.crash()
    for (const result of await results) {
      expect(result).toMatchObject({ reason: expect.any(BrokerUnavailableError) })
    }
    await producer.commitTransaction()
    expect(await client.committedOffsets('group', [{ topic, partition: 0 }])).toEqual([offset])
  })

  it('has a request that the hook holds rejected too', async () => {
    const { broker } = await virtualBroker({
      onRequest: (id) => (id === 'doomed' ? new Promise(() => undefined) : undefined),
    })
    const doomed = broker.open({ clientId: 'doomed' })
    const listing = doomed.listTopics()
    doomed.crash()
    await expect(listing).rejects.toThrow(BrokerUnavailableError)
  })

  it('answers nothing any more, and can be closed and crashed again', async () => {
    const { broker, topic } = await virtualBroker()
    const doomed = broker.open()
    const producer = await doomed.openProducer({})
    const fetcher = doomed.openFetcher({ isolation: 'read_committed' })
    const member = memberOf(doomed)
    await member.join()
    doomed.crash()
    await expect(doomed.connect()).rejects.toThrow(BrokerUnavailableError)
    await expect(doomed.openProducer({})).rejects.toThrow(BrokerUnavailableError)
    expect(() => producer.send(topic, 0, 0, null, null)).toThrow(BrokerUnavailableError)
    await expect(fetcher.poll({ timeoutMs: 0 })).rejects.toThrow(BrokerUnavailableError)
    await expect(member.heartbeat()).rejects.toThrow(BrokerUnavailableError)
    await expect(member.join()).rejects.toThrow(BrokerUnavailableError)
    for (const each of [producer, fetcher, member, doomed]) await each.close()
    doomed.crash()
    expect(await broker.open().listTopics()).toEqual([topic])
  })

  it('takes with it what it had not sent, and nothing of what was acknowledged', async () => {
    const { clock, broker, client, topic } = await virtualBroker()
    const doomed = broker.open()
    const producer = await doomed.openProducer({ lingerMs: 10 })
    sendPairs(producer, topic, ['k=acknowledged'])
    await producer.flush()
    sendPairs(producer, topic, ['k=buffered'])
    doomed.crash()
    await clock.advance(1_000)
    expect(valuesOf(await readAll(client, topic))).toEqual(['acknowledged'])
  })

  it('stays a member of its group until its session ends, then the others get its share', async () => {
    const { clock, broker } = await virtualBroker()
    const doomed = broker.open()
    const member = (client: typeof doomed, name: string): ReturnType<typeof memberOf> =>
      memberOf(client, {
        assignor: new SharingAssignor('topic', 2, name),
        sessionTimeoutMs: 1_000,
      })
    const [first, other] = [member(doomed, 'a'), member(broker.open(), 'b')]
    await first.join()
    const joining = other.join()
    await Promise.all([first.join(), joining])
    expect(await other.heartbeat()).toBe('stable')
    doomed.crash()
    await clock.advance(999)
    expect(await other.heartbeat()).toBe('stable')
    await clock.advance(1)
    expect(await other.heartbeat()).toBe('rebalance')
    expect((await other.join()).partitions).toHaveLength(2)
  })

  it('while it joins does not hold up the others for longer than its session', async () => {
    const { clock, broker, client } = await virtualBroker()
    const member = memberOf(client, { sessionTimeoutMs: 60_000 })
    await member.join()
    const doomed = broker.open()
    const joining = memberOf(doomed, { sessionTimeoutMs: 1_000 }).join()
    joining.catch(() => undefined)
    expect(await member.heartbeat()).toBe('rebalance')
    doomed.crash()
    const watched = watch(member.join())
    await clock.advance(999)
    expect(watched.state).toBe('pending')
    await clock.advance(1)
    expect(watched.state).toBe('resolved')
  })

  it('leaves its transaction open until its time is over', async () => {
    const { clock, broker, client, topic } = await virtualBroker()
    const doomed = broker.open()
    const options = { transactionalId: 'tx', transactionTimeoutMs: 5_000 }
    const producer = await doomed.openProducer(options)
    producer.beginTransaction()
    sendPairs(producer, topic, ['k=lost'])
    await producer.flush()
    doomed.crash()
    const plain = await client.openProducer({})
    sendPairs(plain, topic, ['k=behind it'])
    await plain.flush()
    const fetcher = client.openFetcher({ isolation: 'read_committed' })
    fetcher.assign(beginnings(topic))
    const watched = watch(fetcher.poll({ timeoutMs: 60_000 }))
    await clock.advance(4_999)
    expect(watched.state).toBe('pending')
    await clock.advance(1)
    expect(watched.state).toBe('resolved')
    expect(valuesOf(await readAll(client, topic))).toEqual(['behind it'])
  })

  it('has its transaction aborted at once by the next producer of its id', async () => {
    const { broker, client, topic } = await virtualBroker()
    const doomed = broker.open()
    const producer = await doomed.openProducer({ transactionalId: 'tx' })
    producer.beginTransaction()
    sendPairs(producer, topic, ['k=lost'])
    await producer.flush()
    doomed.crash()
    const next = await client.openProducer({ transactionalId: 'tx' })
    next.beginTransaction()
    sendPairs(next, topic, ['k=kept'])
    await next.commitTransaction()
    expect(valuesOf(await readAll(client, topic))).toEqual(['kept'])
  })

  it('can be followed by one that takes its static place without a rebalance', async () => {
    const { broker, client } = await virtualBroker()
    const doomed = broker.open()
    const options = { instanceId: 'one' }
    const former = memberOf(doomed, options)
    await former.join()
    const identity = former.identity()
    doomed.crash()
    const next = memberOf(client, options)
    await next.join()
    expect(next.identity().generationId).toBe(identity.generationId)
    const producer = await client.openProducer({ transactionalId: 'tx' })
    producer.beginTransaction()
    await expect(producer.sendOffsets(identity, [])).rejects.toThrow(FencedError)
  })
})
