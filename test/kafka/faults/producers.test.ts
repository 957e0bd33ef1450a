import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Broker, Producer } from '../../../src/broker/port.ts'
import { FencedError } from '../../../src/core/errors.ts'
import { openBroker, readEnded, sendNumbers, uniqueName } from '../kafka-client.ts'
import { joinedGroup, newTopic } from './joined-group.ts'

let broker: Broker

beforeAll(() => {
  broker = openBroker(inject('kafkaBootstrap'))
})

afterAll(() => broker.close())

it('producers of one id that are opened at a time end up with one that may commit', async () => {
  const topic = await newTopic(broker, 'race')
  const transactionalId = uniqueName('tx')
  const producers = await Promise.all(
    Array.from({ length: 4 }, () => broker.openProducer({ transactionalId })),
  )
  const outcomes = await Promise.all(
    producers.map(async (producer, i) => {
      await producer.prepare([topic])
      producer.beginTransaction()
      producer.send(topic, 0, 1, null, Buffer.from(String(i)))
      return producer.commitTransaction().then(
        () => i,
        (error: unknown) => error,
      )
    }),
  )
  const winners = outcomes.filter((outcome) => typeof outcome === 'number')
  expect(winners).toHaveLength(1)
  for (const outcome of outcomes) {
    if (typeof outcome !== 'number') expect(outcome).toBeInstanceOf(FencedError)
  }
  const seen = await readEnded(broker, topic, 0)
  expect(seen).toEqual(winners.map(String))
  for (const producer of producers) await producer.close()
})

it('a transaction that begins while the one before ends waits for it briefly, not for a second each', async () => {
  const topic = await newTopic(broker, 'swift')
  await using producer = await broker.openProducer({ transactionalId: uniqueName('tx') })
  await producer.prepare([topic])
  const startedMs = performance.now()
  for (let round = 0; round < 40; round++) {
    producer.beginTransaction()
    producer.send(topic, 0, 1, null, Buffer.from(String(round)))
    await producer.commitTransaction()
  }
  expect(performance.now() - startedMs).toBeLessThan(30_000)
  expect(await readEnded(broker, topic, 0)).toHaveLength(40)
})

describe('a producer that was fenced', () => {
  const steps: readonly [string, (producer: Producer, topic: string) => Promise<unknown>][] = [
    [
      'produces to a partition that is in its transaction',
      (producer, topic) => {
        producer.send(topic, 0, 1, null, Buffer.from('late'))
        return producer.flush()
      },
    ],
    [
      'adds a partition',
      (producer, topic) => {
        producer.send(topic, 1, 1, null, Buffer.from('late'))
        return producer.flush()
      },
    ],
    [
      'adds offsets',
      async (producer, topic) => {
        await using group = await joinedGroup(broker, topic)
        await producer.sendOffsets(group.identity(), [{ topic, partition: 0, offset: 9 }])
      },
    ],
    ['commits', (producer) => producer.commitTransaction()],
  ]

  it.each(steps)('is told so when it %s, and for good', async (_, step) => {
    const topic = await newTopic(broker, 'fenced', 2)
    const transactionalId = uniqueName('tx')
    await using older = await broker.openProducer({ transactionalId })
    await older.prepare([topic])
    older.beginTransaction()
    older.send(topic, 0, 1, null, Buffer.from('older'))
    await older.flush()
    await using newer = await broker.openProducer({ transactionalId })
    await newer.prepare([topic])
    await expect(step(older, topic)).rejects.toThrow(FencedError)
    await expect(older.abortTransaction()).rejects.toThrow(FencedError)
    newer.beginTransaction()
    newer.send(topic, 0, 1, null, Buffer.from('newer'))
    await newer.commitTransaction()
    expect(await readEnded(broker, topic, 0)).toEqual(['newer'])
    expect(await readEnded(broker, topic, 1)).toEqual([])
  })
})

it('offsets of a static member that was replaced are refused by instance', async () => {
  const topic = await newTopic(broker, 'static')
  await using group = await joinedGroup(broker, topic, { instanceId: 'worker-1' })
  const member = group.identity()
  const { groupId } = member
  await using _heir = await joinedGroup(broker, topic, { groupId, instanceId: 'worker-1' })
  await using producer = await broker.openProducer({ transactionalId: uniqueName('tx') })
  await producer.prepare([topic])
  producer.beginTransaction()
  const refused = producer.sendOffsets(member, [{ topic, partition: 0, offset: 5 }])
  await expect(refused).rejects.toThrow(FencedError)
  await expect(refused).rejects.toThrow(/FENCED_INSTANCE_ID/)
  await producer.abortTransaction()
  expect(await broker.committedOffsets(groupId, [{ topic, partition: 0 }])).toEqual([])
})

it('a reader that is slow to process gets no record twice', async () => {
  const topic = await newTopic(broker, 'slow')
  await using producer = await broker.openProducer({ batchBytes: 300 })
  await producer.prepare([topic])
  await using fetcher = broker.openFetcher({
    isolation: 'read_committed',
    maxPartitionBytes: 600,
    maxWaitMs: 20,
  })
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  const offsets: number[] = []
  const sending = sendNumbers(producer, topic, 0, 500).then(() => producer.flush())
  while (offsets.length < 500) {
    for (const { records } of await fetcher.poll({ timeoutMs: 1000 })) {
      while (records.next()) offsets.push(records.offset)
      // Nothing of what came is settled or committed, ever, and fetching goes on meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  await sending
  expect(offsets).toEqual(Array.from({ length: 500 }, (_, offset) => offset))
})
