import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaStreams, StreamsBuilder, topic, topics, type Topology } from 'millrace'
import { kafkajs } from 'millrace/broker/kafkajs'
import { string } from 'millrace/serdes'
import { afterEach, expect, inject, it } from 'vitest'
import type { Broker } from '../../src/broker/port.ts'
import { openBroker, readValues, sendNumbers, uniqueName } from './kafka-client.ts'

const serdes = { key: string(), value: string() }
const running: KafkaStreams[] = []
const patienceMs = 60_000

function copying(prefix: string): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(topics(new RegExp(`${prefix}-in-.*`), serdes))
    .to(topic(`${prefix}-out`, serdes), { partitioner: () => 0 })
  return builder.build()
}

async function start(applicationId: string): Promise<KafkaStreams> {
  const app = new KafkaStreams({
    applicationId,
    topology: copying(applicationId),
    broker: kafkajs({ brokers: [inject('kafkaBootstrap')] }),
    metadataMaxAgeMs: 500,
    heartbeatIntervalMs: 300,
  })
  running.push(app)
  await app.start()
  return app
}

async function write(broker: Broker, name: string, from: number, to: number): Promise<void> {
  const producer = await broker.openProducer({})
  await producer.prepare([name])
  await sendNumbers(producer, name, from, to, 2)
  await producer.close()
}

async function untilRead(name: string, isRead: boolean): Promise<void> {
  const deadlineMs = performance.now() + patienceMs
  const reads = (): boolean =>
    running
      .flatMap((app) => app.status().tasks.flatMap(({ partitions }) => partitions))
      .some(({ topic: read }) => read === name)
  while (reads() !== isRead) {
    for (const app of running) if (app.status().error) throw app.status().error!
    if (performance.now() > deadlineMs) throw new Error(`${name} is read: ${!isRead}`)
    await sleep(50)
  }
}

afterEach(async () => {
  for (const app of running.splice(0)) await app.close()
})

it('topics that appear while two workers run are read whole and once; one that is deleted is left', async () => {
  const name = uniqueName('patterns')
  await using broker = openBroker(inject('kafkaBootstrap'))
  const create = (topicName: string, partitions: number): Promise<void> =>
    broker.createTopics([{ name: topicName, partitions }])
  await create(`${name}-out`, 1)
  await create(`${name}-in-1`, 2)
  await write(broker, `${name}-in-1`, 0, 100)
  await start(name)
  await start(name)
  await create(`${name}-in-2`, 2)
  await write(broker, `${name}-in-2`, 100, 200)
  await untilRead(`${name}-in-2`, true)
  await write(broker, `${name}-in-1`, 200, 300)
  await using fetcher = broker.openFetcher({ isolation: 'read_committed' })
  fetcher.assign([{ topic: `${name}-out`, partition: 0, offset: 0 }])
  const first = (await readValues(fetcher, 300)).get(0)!.map(Number)
  expect(first.sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i))
  await broker.deleteTopics([`${name}-in-2`])
  await untilRead(`${name}-in-2`, false)
  await write(broker, `${name}-in-1`, 300, 400)
  const then = (await readValues(fetcher, 100)).get(0)!.map(Number)
  expect(then.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => 300 + i))
}, 180_000)
