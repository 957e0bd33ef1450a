import { afterAll, beforeAll, expect, it } from 'vitest'
import { kafkajsSettings } from '../../../src/broker/kafkajs/check-options.ts'
import { Cluster } from '../../../src/broker/kafkajs/cluster/cluster.ts'
import { protocolError } from '../../../src/broker/kafkajs/protocol/protocol-error.ts'
import type { Request } from '../../../src/broker/kafkajs/protocol/request.ts'
import type { Broker } from '../../../src/broker/port.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { openBroker, readValues, sendNumbers } from '../kafka-client.ts'
import { newTopic } from './joined-group.ts'
import { startProxiedKafka, type ProxiedKafka } from './proxied-kafka.ts'

const clientId = 'held-back'
const quotas = { producer_byte_rate: 40_000, consumer_byte_rate: 40_000 }

let kafka: ProxiedKafka
let broker: Broker

beforeAll(async () => {
  kafka = await startProxiedKafka()
  await setQuotas(kafka.address)
  // Brokers hold this client back for longer than it lets a request take.
  broker = openBroker(kafka.address, { clientId, requestTimeoutMs: 1_000 })
})

afterAll(async () => {
  await broker.close()
  await kafka.stop()
})

/** AlterClientQuotas v0, which nothing but this test has a use for. */
function alterClientQuotas(): Request<readonly number[]> {
  return {
    apiKey: 49,
    apiVersion: 0,
    apiName: 'AlterClientQuotas',
    flexible: false,
    write(body) {
      body.array([clientId], (name) => {
        body.array(['client-id'], (type) => body.string(type).string(name))
        body.array(Object.entries(quotas), ([key, value]) => {
          const float = Buffer.alloc(8)
          float.writeDoubleBE(value)
          body.string(key).raw(float).boolean(false)
        })
      })
      body.boolean(false)
    },
    read(body) {
      body.throttleTime()
      return body.array(() => {
        const errorCode = body.int16()
        body.nullableString()
        body.array(() => [body.string(), body.nullableString()])
        return errorCode
      })
    },
  }
}

async function setQuotas(address: string): Promise<void> {
  const cluster = new Cluster({
    settings: kafkajsSettings({ brokers: [address] }, 'admin'),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  })
  for (const code of await cluster.sendToAny(alterClientQuotas())) {
    if (code !== 0) throw protocolError(code, 'Setting quotas')
  }
  cluster.close()
}

it('a client that a quota holds back waits as long as it is told, without taking a request for lost', async () => {
  const topic = await newTopic(broker, 'quota')
  const before = broker.throttledMs
  await using producer = await broker.openProducer({ batchBytes: 101_000 })
  await producer.prepare([topic])
  const value = Buffer.alloc(10_000, 65)
  const sendBatches = async (count: number): Promise<void> => {
    for (let i = 0; i < count * 10; i++) producer.send(topic, 0, Date.now(), null, value)
    await producer.flush()
  }
  await sendBatches(1)
  const opened = kafka.proxy.opened
  // Ten seconds' worth is let through at once; what is more than that is waited for.
  await sendBatches(4)
  expect(broker.throttledMs - before).toBeGreaterThan(1_500)
  await sendBatches(1)
  expect(producer.lastOffset(topic, 0)).toBe(59)
  expect(kafka.proxy.opened).toBe(opened)

  const readFrom = broker.throttledMs
  await using fetcher = broker.openFetcher({
    isolation: 'read_committed',
    maxWaitMs: 100,
    maxPartitionBytes: 100_000,
  })
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  expect((await readValues(fetcher, 60)).get(0)).toHaveLength(60)
  expect(broker.throttledMs - readFrom).toBeGreaterThan(1_500)
  // One to find the leader, and one or two to fetch over, as there are lanes.
  expect(kafka.proxy.opened - opened).toBeLessThanOrEqual(3)
})

it('transactions go on under a quota, whole', async () => {
  const topic = await newTopic(broker, 'quota-transactions')
  await using producer = await broker.openProducer({ transactionalId: topic, batchBytes: 10_000 })
  await producer.prepare([topic])
  for (let round = 0; round < 3; round++) {
    producer.beginTransaction()
    await sendNumbers(producer, topic, round * 100, round * 100 + 100)
    await producer.commitTransaction()
  }
  await using fetcher = broker.openFetcher({ isolation: 'read_committed', maxWaitMs: 100 })
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  const values = (await readValues(fetcher, 300)).get(0)
  expect(values).toEqual(Array.from({ length: 300 }, (_, i) => String(i)))
})
