import { StreamsBuilder, topic } from 'millrace'
import { string } from 'millrace/serdes'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import type { Broker } from '../../src/broker/port.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import type { KeyValueStore } from '../../src/state/store.ts'
import { eventually } from '../runtime/worker-harness.ts'
import { openBroker, uniqueName } from './kafka-client.ts'
import { kafkaWorker } from './kafka-worker.ts'

const applicationId = uniqueName('standby')
const events = topic(uniqueName('events'), { key: string(), value: string() })
const keys = Array.from({ length: 500 }, (_, i) => `key-${i}`)
const patienceMs = 60_000

let broker: Broker
const workers: Worker[] = []

beforeAll(async () => {
  broker = openBroker(inject('kafkaBootstrap'))
  await broker.createTopics([{ name: events.name, partitions: 2 }])
})

afterAll(async () => {
  for (const worker of workers) await worker.close()
  await broker?.close()
})

async function start(): Promise<Worker> {
  const builder = new StreamsBuilder()
  builder.stream(events).groupByKey().count({ store: 'counts' })
  const worker = kafkaWorker({
    applicationId,
    topology: builder.build(),
    broker,
    config: { numStandbyReplicas: 1, heartbeatIntervalMs: 200, sessionTimeoutMs: 10_000 },
  })
  workers.push(worker)
  await worker.start()
  return worker
}

async function produceRound(): Promise<void> {
  const producer = await broker.openProducer({})
  await producer.prepare([events.name])
  keys.forEach((key, i) => producer.send(events.name, i % 2, i, Buffer.from(key), Buffer.from('x')))
  await producer.close()
}

/** Waits until the workers together have counted so many records of each key. */
async function counted(rounds: number, ...running: readonly Worker[]): Promise<void> {
  await eventually(async () => {
    const found = new Map<string, bigint>()
    for (const { store } of running.flatMap((worker) => worker.storeViews('counts'))) {
      const counts = store as KeyValueStore<string, bigint>
      for await (const { key, value } of counts.range()) found.set(key, value)
    }
    expect(found.size).toBe(keys.length)
    for (const count of found.values()) expect(Number(count)).toBe(rounds)
  }, patienceMs)
}

it('a standby on Kafka takes a task over with all of its state, and nothing is counted twice', async () => {
  const first = await start()
  await produceRound()
  await counted(1, first)
  const second = await start()
  await eventually(() => {
    for (const { tasks, standbys } of [first.status(), second.status()]) {
      expect([tasks.length, standbys.length]).toEqual([1, 1])
    }
  }, patienceMs)
  await produceRound()
  await counted(2, first, second)
  await eventually(() => {
    expect(second.status().standbys[0]).toMatchObject({ lagRecords: 0, restored: keys.length })
  }, patienceMs)
  const before = second.status().tasks[0]!.restored
  await first.close({ timeoutMs: 0 })
  await produceRound()
  await counted(3, second)
  const restored = second.status().tasks.reduce((sum, task) => sum + task.restored, 0)
  expect(restored).toBe(before)
}, 180_000)
