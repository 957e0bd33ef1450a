import { expect, inject, it } from 'vitest'
import { FencedError, LifecycleError } from '../../src/core/errors.ts'
import type { Broker, GroupMembership, Producer } from '../../src/broker/port.ts'
import { openBroker, readToEnd, uniqueName } from './kafka-client.ts'

const bootstrap = inject('kafkaBootstrap')

/** Numbers below `below`, the same at every run. */
function pseudoRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >>> 8) % below
  }
}

it('of interleaved transactions exactly what was committed is read, at every fetch size', async () => {
  const topic = uniqueName('interleaved')
  await using broker = openBroker(bootstrap)
  await broker.createTopics([{ name: topic, partitions: 1 }])
  const random = pseudoRandom(12345)
  const producers: { producer: Producer; open: boolean; values: string[] }[] = []
  for (let i = 0; i < 3; i++) {
    const producer = await broker.openProducer({ transactionalId: uniqueName('tx') })
    await producer.prepare([topic])
    producers.push({ producer, open: false, values: [] })
  }
  await using plain = await broker.openProducer({})
  await plain.prepare([topic])
  const written: string[] = []
  const committed: string[] = []
  const write = (producer: Producer, count: number): string[] => {
    const values = Array.from({ length: count }, (_, i) => String(written.length + i))
    // The key of some is that of an abort marker.
    const key = random(3) === 0 ? Buffer.alloc(4) : null
    for (const value of values) producer.send(topic, 0, Date.now(), key, Buffer.from(value))
    written.push(...values)
    return values
  }
  for (let step = 0; step < 250; step++) {
    const each = producers[random(producers.length)]!
    const what = random(10)
    if (what === 0) {
      committed.push(...write(plain, 1 + random(3)))
      await plain.flush()
    } else if (!each.open || what < 7) {
      if (!each.open) each.producer.beginTransaction()
      each.open = true
      each.values.push(...write(each.producer, 1 + random(4)))
      await each.producer.flush()
    } else {
      const commit = random(2) === 0
      if (commit) committed.push(...each.values)
      await (commit ? each.producer.commitTransaction() : each.producer.abortTransaction())
      each.open = false
      each.values = []
    }
  }
  for (const { producer, open } of producers) if (open) await producer.abortTransaction()
  const sorted = committed.sort((a, b) => Number(a) - Number(b))
  for (const maxPartitionBytes of [1 << 20, 5000, 1000, 300, 100]) {
    const seen = await readToEnd(broker, topic, 0, 'read_committed', maxPartitionBytes)
    expect(seen.sort((a, b) => Number(a) - Number(b))).toEqual(sorted)
  }
  const all = await readToEnd(broker, topic, 0, 'read_uncommitted', 1 << 20)
  expect(all.length).toBe(written.length)
  expect(written.length).toBeGreaterThan(committed.length)
})

function openGroup(broker: Broker, groupId: string, topic: string): GroupMembership {
  return broker.openGroup({
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    assignor: {
      name: 'all',
      subscription: () => ({ topics: [topic], userData: Buffer.alloc(0) }),
      assign: async (members) =>
        new Map(
          members.map(({ memberId }) => [
            memberId,
            { partitions: [{ topic, partition: 0 }], userData: Buffer.alloc(0) },
          ]),
        ),
    },
  })
}

it('offsets are committed with the records, wait for an open transaction, and are fenced by generation', async () => {
  const topic = uniqueName('offsets')
  const groupId = uniqueName('group')
  await using broker = openBroker(bootstrap)
  await broker.createTopics([{ name: topic, partitions: 1 }])
  await using group = openGroup(broker, groupId, topic)
  await group.join()
  await using producer = await broker.openProducer({ transactionalId: uniqueName('tx') })
  await producer.prepare([topic])
  const partitions = [{ topic, partition: 0 }]
  const committed = async (timeoutMs = 10_000): Promise<number | undefined> =>
    (await broker.committedOffsets(groupId, partitions, { timeoutMs }))[0]?.offset

  producer.beginTransaction()
  producer.send(topic, 0, 1, null, Buffer.from('a'))
  await producer.sendOffsets(group.identity(), [{ topic, partition: 0, offset: 42 }])
  await expect(committed(300)).rejects.toThrow(/UNSTABLE_OFFSET_COMMIT/)
  await producer.commitTransaction()
  expect(await committed()).toBe(42)

  producer.beginTransaction()
  await producer.sendOffsets(group.identity(), [{ topic, partition: 0, offset: 99 }])
  await producer.abortTransaction()
  expect(await committed()).toBe(42)

  const former = group.identity()
  await group.join()
  producer.beginTransaction()
  const stale = producer.sendOffsets(former, [{ topic, partition: 0, offset: 7 }])
  await expect(stale).rejects.toThrow(FencedError)
  expect(() => producer.send(topic, 0, 1, null, Buffer.from('b'))).toThrow(FencedError)
  // The producer itself is not fenced: it aborts and goes on with the present generation.
  await producer.abortTransaction()
  producer.beginTransaction()
  producer.send(topic, 0, 1, null, Buffer.from('c'))
  await producer.sendOffsets(group.identity(), [{ topic, partition: 0, offset: 43 }])
  await producer.commitTransaction()
  expect(await committed()).toBe(43)
  expect(await readToEnd(broker, topic, 0, 'read_committed', 1 << 20)).toEqual(['a', 'c'])
  await group.leave()
})

it('a newer producer of the same id fences the older one and aborts its transaction', async () => {
  const topic = uniqueName('fenced')
  const transactionalId = uniqueName('tx')
  await using broker = openBroker(bootstrap)
  await broker.createTopics([{ name: topic, partitions: 1 }])
  await using older = await broker.openProducer({ transactionalId })
  await older.prepare([topic])
  older.beginTransaction()
  older.send(topic, 0, 1, null, Buffer.from('of the older'))
  await older.flush()
  await using newer = await broker.openProducer({ transactionalId })
  await newer.prepare([topic])
  newer.beginTransaction()
  newer.send(topic, 0, 1, null, Buffer.from('of the newer'))
  await newer.commitTransaction()
  await expect(older.commitTransaction()).rejects.toThrow(FencedError)
  await expect(older.abortTransaction()).rejects.toThrow(FencedError)
  // The fenced one cannot fence the newer one in turn.
  newer.beginTransaction()
  newer.send(topic, 0, 1, null, Buffer.from('again'))
  await newer.commitTransaction()
  const seen = await readToEnd(broker, topic, 0, 'read_committed', 1 << 20)
  expect(seen).toEqual(['of the newer', 'again'])
})

it('an abort drops what was not sent yet, and the next transaction is whole', async () => {
  const topic = uniqueName('aborted')
  await using broker = openBroker(bootstrap)
  await broker.createTopics([{ name: topic, partitions: 3 }])
  await using producer = await broker.openProducer({ transactionalId: uniqueName('tx') })
  await producer.prepare([topic])
  for (let round = 0; round < 10; round++) {
    producer.beginTransaction()
    for (let i = 0; i < 50; i++) producer.send(topic, i % 3, 1, null, Buffer.from(`dropped ${i}`))
    // Aborted while partitions are being added or batches are in flight.
    if (round % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
    await producer.abortTransaction()
    producer.beginTransaction()
    producer.send(topic, 0, 1, null, Buffer.from(`kept ${round}`))
    await producer.commitTransaction()
  }
  const seen = await readToEnd(broker, topic, 0, 'read_committed', 1 << 20)
  expect(seen).toEqual(Array.from({ length: 10 }, (_, round) => `kept ${round}`))
})

it('calls out of turn are refused', async () => {
  const topic = uniqueName('turns')
  await using broker = openBroker(bootstrap)
  await broker.createTopics([{ name: topic, partitions: 1 }])
  await using producer = await broker.openProducer({ transactionalId: uniqueName('tx') })
  await producer.prepare([topic])
  expect(() => producer.send(topic, 0, 1, null, null)).toThrow(LifecycleError)
  await expect(producer.commitTransaction()).rejects.toThrow(LifecycleError)
  producer.beginTransaction()
  expect(() => producer.beginTransaction()).toThrow(LifecycleError)
  // One to which nothing was added has nothing to commit.
  await producer.commitTransaction()
  await using plain = await broker.openProducer({})
  expect(() => plain.beginTransaction()).toThrow(LifecycleError)
  await expect(plain.commitTransaction()).rejects.toThrow(LifecycleError)
})
