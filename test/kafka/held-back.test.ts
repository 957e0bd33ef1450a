import { StreamsBuilder, topic } from 'millrace'
import { string } from 'millrace/serdes'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import type { Broker } from '../../src/broker/port.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { runCli } from '../cli/run-cli.ts'
import { eventually } from '../runtime/worker-harness.ts'
import { openBroker, uniqueName } from './kafka-client.ts'
import { kafkaWorker } from './kafka-worker.ts'

const applicationId = uniqueName('held-back')
const texts = { key: string(), value: string() }
const orders = topic(uniqueName('orders'), texts)
const seen = topic(uniqueName('seen'), texts)
const patienceMs = 60_000
const refused = new Set(['bad', 'worse'])

let broker: Broker
const workers: Worker[] = []

beforeAll(async () => {
  broker = openBroker(inject('kafkaBootstrap'))
  await broker.createTopics([
    { name: orders.name, partitions: 2 },
    { name: seen.name, partitions: 1 },
  ])
})

afterAll(async () => {
  for (const worker of workers) await worker.close()
  await broker?.close()
})

async function start(): Promise<Worker> {
  const builder = new StreamsBuilder()
  builder
    .stream(orders)
    .peek((value) => {
      if (refused.has(value)) throw new RangeError(`${value} is refused`)
    })
    .to(seen)
  const worker = kafkaWorker({
    applicationId,
    topology: builder.build(),
    broker,
    config: { holdBackLaterRecords: true, heartbeatIntervalMs: 200, sessionTimeoutMs: 10_000 },
  })
  workers.push(worker)
  await worker.start()
  return worker
}

async function produce(...keyed: string[]): Promise<void> {
  const producer = await broker.openProducer({})
  await producer.prepare([orders.name])
  for (const text of keyed) {
    const [key, value] = text.split(' ')
    producer.send(orders.name, 1, 1_000, Buffer.from(key!), Buffer.from(value!))
  }
  await producer.close()
}

async function outputs(): Promise<string[]> {
  const place = { topic: seen.name, partition: 0 }
  const [end] = await broker.listOffsets([place], 'latest', 'read_committed')
  const fetcher = broker.openFetcher({ isolation: 'read_committed' })
  const values: string[] = []
  fetcher.assign([{ ...place, offset: 0 }])
  for (let next = 0; next < end!.offset;) {
    for (const { records, nextOffset } of await fetcher.poll({ timeoutMs: 500 })) {
      while (records.next()) {
        values.push(records.buffer.toString('utf8', records.valueStart, records.valueEnd))
      }
      next = nextOffset
    }
  }
  await fetcher.close()
  return values
}

async function dlq(...args: string[]): Promise<string> {
  const place = ['--brokers', inject('kafkaBootstrap'), '--application-id', applicationId]
  const { stdout, stderr } = await runCli(['dlq', ...args, ...place])
  return stdout + stderr
}

async function outstanding(worker: Worker, records: number): Promise<void> {
  await eventually(() => {
    const counts = worker.status().tasks.map(({ heldBack }) => heldBack?.records ?? 0)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(records)
  }, patienceMs)
}

it('records held back on Kafka move with their task, and go through in their order as they are redriven', async () => {
  const first = await start()
  await produce('a bad', 'a a1', 'b worse', 'b b1', 'c c1', 'a a2')
  await outstanding(first, 5)
  await first.close()
  const second = await start()
  await outstanding(second, 5)
  const pending = await dlq('list', '--pending', '--key', 'a')
  expect(pending.match(/HeldBackError/g)).toHaveLength(2)
  refused.delete('bad')
  expect(await dlq('redrive', '--key', 'a')).toBe('3 redriven, 0 kept\n')
  await outstanding(second, 2)
  expect(await dlq('drop', '--key', 'b', '--limit', '1')).toBe('1 dropped\n')
  expect(await dlq('redrive')).toBe('1 redriven, 0 kept\n')
  await outstanding(second, 0)
  await produce('b b2')
  await eventually(async () => {
    expect(await outputs()).toEqual(['c1', 'bad', 'a1', 'a2', 'b1', 'b2'])
  }, patienceMs)
}, 180_000)
