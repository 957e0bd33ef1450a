import { expect, inject, it } from 'vitest'
import { beginnings, openBroker, readValues, sendNumbers } from '../kafka-client.ts'
import { newTopic } from './joined-group.ts'

const bootstrap = inject('kafkaBootstrap')

it('a fetcher of 60 partitions holds about what it may, however much there is, until it is polled', async () => {
  const [partitions, maxBufferedBytes] = [60, 400_000]
  await using broker = openBroker(bootstrap)
  const topic = await newTopic(broker, 'wide', partitions)
  await using producer = await broker.openProducer({ batchBytes: 4_000 })
  await producer.prepare([topic])
  const value = Buffer.alloc(1_000, 65)
  for (let i = 0; i < partitions * 50; i++) {
    producer.send(topic, i % partitions, Date.now(), null, value)
    await producer.ready()
  }
  await producer.flush()
  expect(producer.bufferedBytes).toBe(0)
  await using fetcher = broker.openFetcher({
    isolation: 'read_committed',
    maxBufferedBytes,
    maxWaitMs: 20,
  })
  fetcher.assign(beginnings(topic, partitions))
  let peak = 0
  let quiet = 0
  // Until nothing has come for a while: 3 MB lie there, and nobody takes any.
  for (let last = -1; quiet < 20; last = fetcher.bufferedBytes) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    peak = Math.max(peak, fetcher.bufferedBytes)
    quiet = fetcher.bufferedBytes > 0 && fetcher.bufferedBytes === last ? quiet + 1 : 0
  }
  expect(peak).toBeGreaterThan(maxBufferedBytes / 4)
  expect(peak).toBeLessThanOrEqual(2 * maxBufferedBytes)
  const values = await readValues(fetcher, partitions * 50)
  for (let partition = 0; partition < partitions; partition++) {
    expect(values.get(partition)).toHaveLength(50)
  }
  expect(fetcher.bufferedBytes).toBe(0)
})

it('what waits of one partition does not hold the bytes of a whole response', async () => {
  await using broker = openBroker(bootstrap)
  const topic = await newTopic(broker, 'shared', 8)
  await using producer = await broker.openProducer({})
  await producer.prepare([topic])
  await sendNumbers(producer, topic, 0, 8_000, 8)
  await producer.flush()
  await using fetcher = broker.openFetcher({ isolation: 'read_committed' })
  fetcher.assign(beginnings(topic, 8))
  const seen = new Set<number>()
  while (seen.size < 8) {
    for (const { partition, records, bytes } of await fetcher.poll({ timeoutMs: 1_000 })) {
      expect(records.next()).toBe(true)
      expect(records.buffer.length).toBeLessThanOrEqual(2 * bytes)
      seen.add(partition)
    }
  }
})
