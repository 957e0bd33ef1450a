import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from 'millrace/broker/embedded'
import { kafkajs } from 'millrace/broker/kafkajs'
import { json, string } from 'millrace/serdes'
import { avro } from 'millrace/serdes/avro'
import {
  createTopics,
  KafkaStreams,
  StreamsBuilder,
  TimeWindows,
  topic,
  TopologyError,
  TopicProducer,
  type KafkaStreamsConfig,
  type KTable,
  type Topology,
  type Windowed,
} from 'millrace'
import { silentLogger, type Logger } from '../src/core/logger.ts'
import { eventually } from './runtime/worker-harness.ts'

interface Order {
  readonly cents: number
}

const orders = topic('orders', { key: string(), value: json<Order>() })

function spending(): {
  topology: Topology
  totals: KTable<string, number>
  perMinute: KTable<Windowed<string>, number>
} {
  const builder = new StreamsBuilder()
  const byCustomer = builder.stream(orders).groupByKey()
  const totals = byCustomer.aggregate(
    () => 0,
    (sum, order) => sum + order.cents,
    { store: 'totals', value: json<number>() },
  )
  const perMinute = byCustomer
    .windowedBy(TimeWindows.of({ sizeMs: 60_000, graceMs: 600_000 }))
    .count({ store: 'per-minute' })
  return { topology: builder.build(), totals, perMinute }
}

describe('KafkaStreams', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-streams-'))
  let broker: EmbeddedBroker
  const { topology, totals, perMinute } = spending()

  beforeEach(async () => {
    broker = new EmbeddedBroker()
    await createTopics(broker, [{ name: 'orders', partitions: 2 }])
  })

  afterEach(async () => {
    await broker.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const create = (changes: Partial<KafkaStreamsConfig> = {}): KafkaStreams =>
    new KafkaStreams({
      applicationId: 'spending',
      topology,
      broker,
      logger: silentLogger,
      commitIntervalMs: 10,
      ...changes,
    })

  const order = async (customerId: string, cents: number, timestampMs: number): Promise<void> => {
    await using producer = await TopicProducer.open(orders, { broker })
    await producer.send({ key: customerId, value: { cents }, timestampMs })
  }

  it('that is closed while it opens leaves nothing open', async () => {
    const app = create({ stateDir: folder })
    const starting = app.start()
    await app.close()
    await expect(starting).rejects.toThrow(/closed before it had started/)
    // The state folder is free again, and nothing of the first is in the group.
    await using second = create({ stateDir: folder })
    await second.start()
    expect(second.status().tasks).toHaveLength(2)
  })

  it('answers queries of tables and windows, typed by what they were declared as', async () => {
    await using app = create()
    await app.start()
    await order('ann', 250, 1_000)
    await order('ann', 100, 61_000)
    await eventually(async () => {
      const row = await app.view(totals).get('ann')
      expect(row).toMatchObject({ value: 350, timestampMs: 61_000, asOfMs: 61_000, lagRecords: 0 })
    })
    const windows: [number, number][] = []
    for await (const { windowStartMs, value } of app.view(perMinute).fetch('ann')) {
      windows.push([windowStartMs, value])
    }
    expect(windows).toEqual([
      [0, 1],
      [60_000, 1],
    ])
  })

  it('serves views, metrics and health over HTTP while it runs', async () => {
    const app = create({ http: { port: 0 } })
    const states: string[] = []
    app.onStateChange((state) => states.push(state))
    await app.start()
    await order('bob', 5, 1_000)
    const { httpUrl } = app
    await eventually(async () => {
      const response = await fetch(`${httpUrl}/views/totals/bob`)
      expect(await response.json()).toMatchObject({ key: 'bob', value: 5, lagRecords: 0 })
    })
    expect((await fetch(`${httpUrl}/readyz`)).status).toBe(200)
    const metrics = await (await fetch(`${httpUrl}/metrics`)).text()
    expect(metrics).toMatch(
      /millrace_task_process_total\{[^}]*task="0_[01]"[^}]*application="spending"\} 1/,
    )
    expect(metrics).toMatch(
      /millrace_partition_lag_records\{[^}]*topic="orders"[^}]*application="spending"\} 0/,
    )
    expect(metrics).toMatch(/millrace_worker_state\{state="running",application="spending"\} 1/)
    expect(metrics).toMatch(/millrace_worker_commit_latency_seconds_count\{[^}]*\} [1-9]/)
    await app.close()
    await app.close()
    expect(states).toEqual(['starting', 'running', 'pending-shutdown', 'closed'])
    await expect(fetch(`${httpUrl}/livez`)).rejects.toThrow()
    await expect(app.closed).resolves.toBeUndefined()
  })

  it('keeps state in the folder for the next start, and lets one worker at a time have it', async () => {
    const first = create({ stateDir: folder })
    await first.start()
    await order('cid', 7, 1_000)
    await eventually(async () => {
      expect(await first.view(totals).get('cid')).toMatchObject({ value: 7 })
    })
    const second = create({ stateDir: folder })
    await expect(second.start()).rejects.toMatchObject({
      code: 'MILLRACE_STATE_LOCKED',
      message: expect.stringContaining(join(folder, 'spending')) as string,
    })
    await first.close()
    await using third = create({ stateDir: folder })
    await third.start()
    expect(await third.view(totals).get('cid')).toMatchObject({ value: 7 })
    expect(third.status().tasks.map((task) => task.restored)).toEqual([0, 0])
  })

  it('refuses a configuration whole, naming each key and the nearest one that there is', () => {
    const refused = (changes: object): (() => KafkaStreams) => {
      return () => create(changes)
    }
    expect(refused({ aplicationId: 'x' })).toThrow(
      /aplicationId is no setting; did you mean applicationId\?/,
    )
    expect(refused({ applicationId: 'a b' })).toThrow(/applicationId: expected letters, digits/)
    expect(refused({ commitIntervalMs: -1, stateDir: 3 })).toThrow(
      /stateDir: .*string.*commitIntervalMs: .*>=0/,
    )
    expect(refused({ processingGuarantee: 'exactly-once' })).toThrow(
      /processingGuarantee: .*exactly_once/,
    )
    expect(refused({ http: { port: 70_000 } })).toThrow(/http\.port/)
    expect(refused({ maxHeldBackRecords: 0 })).toThrow(/maxHeldBackRecords/)
    expect(refused({ onHeldBackLimit: 'drop' })).toThrow(/onHeldBackLimit/)
    expect(refused({ broker: {} })).toThrow(/broker: expected a broker, such as kafkajs/)
    expect(refused({ heartbeatIntervalMs: 30_000 })).toThrow(/at most half of sessionTimeoutMs/)
  })

  it('can be started once, and has no views before', async () => {
    const app = create()
    expect(() => app.view(totals)).toThrow(/once the worker has started/)
    expect(app.status().state).toBe('created')
    await app.start()
    await expect(app.start()).rejects.toThrow(/started before/)
    await app.close()
    expect(app.status().state).toBe('closed')
  })

  it('closes what it opened where it cannot start, and says why', async () => {
    const away = create({
      broker: kafkajs({ brokers: ['127.0.0.1:1'], apiTimeoutMs: 1_000 }),
      processingGuarantee: 'at_least_once',
    })
    await expect(away.start()).rejects.toMatchObject({
      code: 'MILLRACE_BROKER_UNAVAILABLE',
      message: expect.stringContaining('127.0.0.1:1') as string,
    })
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as { port: number }
    await expect(create({ http: { port } }).start()).rejects.toThrow(
      `cannot serve HTTP on 127.0.0.1:${port}`,
    )
    await new Promise((resolve) => taken.close(resolve))
    // Nothing of the failed ones stayed in the group, so this one starts at once and has all tasks.
    await using app = create()
    await app.start()
    expect(app.status().tasks).toHaveLength(2)
  })

  it('refuses stores that nobody has named, and only warns of them where it is told to', () => {
    const builder = new StreamsBuilder()
    builder
      .stream(topic('orders', { key: string(), value: string() }))
      .groupByKey()
      .count()
    const topology = builder.build()
    expect(() => create({ topology })).toThrow(TopologyError)
    expect(() => create({ topology })).toThrow(/store KSTREAM-AGGREGATE-STATE-STORE-0000000001/)
    const warnings: string[] = []
    const logger: Logger = { ...silentLogger, warn: (message) => warnings.push(message) }
    create({ topology, requireExplicitNames: false, logger })
    expect(warnings).toEqual([expect.stringMatching(/KSTREAM-AGGREGATE-STATE-STORE-0000000001/)])
  })

  it('does not start where the schema registry cannot be reached', async () => {
    const schema = {
      type: 'record',
      name: 'Sale',
      fields: [{ name: 'cents', type: 'int' }],
    } as const
    const sales = topic('orders', { key: string(), value: avro({ schema }) })
    const builder = new StreamsBuilder()
    builder
      .stream(sales)
      .groupByKey()
      .reduce((sum, sale) => ({ cents: sum.cents + sale.cents }), { store: 'sales' })
    const app = create({
      topology: builder.build(),
      schemaRegistry: { url: 'http://127.0.0.1:1', timeoutMs: 500 },
    })
    await expect(app.start()).rejects.toMatchObject({
      code: 'MILLRACE_SCHEMA_REGISTRY',
      message: expect.stringContaining('http://127.0.0.1:1') as string,
    })
  }, 60_000)

  it('ends a start that is no longer wanted', async () => {
    const app = create()
    const signal = AbortSignal.abort(new Error('never mind'))
    await expect(app.start({ signal })).rejects.toThrow('never mind')
    expect(app.status().state).toBe('closed')
  })
})
