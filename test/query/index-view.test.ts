import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from 'millrace/broker/embedded'
import { json, string } from 'millrace/serdes'
import {
  createTopics,
  KafkaStreams,
  StreamsBuilder,
  topic,
  TopicProducer,
  type KTableIndex,
  type Topology,
} from 'millrace'
import { silentLogger } from '../../src/core/logger.ts'
import { eventually } from '../runtime/worker-harness.ts'
import { temporaryFolder } from '../state/contract/harness.ts'

interface Customer {
  readonly city: string
}

const customers = topic('customers', { key: string(), value: json<Customer>() })

function declare(): { topology: Topology; byCity: KTableIndex<string, string, Customer> } {
  const builder = new StreamsBuilder()
  const table = builder.table(customers, { store: 'customers' })
  const byCity = table.index('by-city', (row) => row.city, { key: string() })
  return { topology: builder.build(), byCity }
}

describe('the view of an index', () => {
  let broker: EmbeddedBroker

  beforeEach(async () => {
    broker = new EmbeddedBroker()
    await createTopics(broker, [{ name: 'customers', partitions: 3 }])
  })

  afterEach(() => broker.close())

  const start = async (topology: Topology, stateDir: string): Promise<KafkaStreams> => {
    const app = new KafkaStreams({
      applicationId: 'crm',
      topology,
      broker,
      stateDir,
      logger: silentLogger,
      commitIntervalMs: 10,
    })
    await app.start()
    return app
  }

  const write = async (rows: Readonly<Record<string, string | null>>): Promise<void> => {
    await using producer = await TopicProducer.open(customers, { broker })
    for (const [key, city] of Object.entries(rows)) {
      await producer.send({ key, value: city === null ? null : { city }, timestampMs: 1_000 })
    }
  }

  const found = async (
    app: KafkaStreams,
    index: KTableIndex<string, string, Customer>,
    city: string,
  ): Promise<string[]> => {
    const keys: string[] = []
    for await (const { key, value } of app.view(index).get(city)) {
      expect(value.city).toBe(city)
      keys.push(key)
    }
    return keys.toSorted()
  }

  it('finds rows over all partitions here, also of an index that was added later', async () => {
    const folder = await temporaryFolder()
    const plain = new StreamsBuilder()
    const table = plain.table(customers, { store: 'customers' })
    const before = await start(plain.build(), folder)
    await write({ a: 'Rome', b: 'Oslo', c: 'Rome', d: 'Rome', e: 'Bonn', f: 'Oslo' })
    await eventually(async () => {
      expect(await before.view(table).approximateEntries()).toBe(6)
    })
    await before.close()
    const { topology, byCity } = declare()
    await using app = await start(topology, folder)
    expect(await found(app, byCity, 'Rome')).toEqual(['a', 'c', 'd'])
    await write({ a: 'Oslo', c: null, g: 'Rome' })
    await eventually(async () => {
      expect(await found(app, byCity, 'Rome')).toEqual(['d', 'g'])
      expect(await found(app, byCity, 'Oslo')).toEqual(['a', 'b', 'f'])
    })
    const view = app.view(byCity)
    expect(view.name).toBe('by-city')
    expect(view.coverage()).toEqual({ partitions: [0, 1, 2], of: 3 })
    expect(view.freshness().asOfMs).toBe(1_000)
  })
})
