import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { StreamsBuilder } from '../../src/index.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { string } from '../../src/serdes/index.ts'
import { keyValueStore } from '../../src/state/index.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { counting, createCountingTopics, exactly, produceRound, readTotals } from './counting.ts'
import { oneStep, textTopic } from './text-topologies.ts'
import { createWorker, eventually, produce, readAll, type StartOptions } from './worker-harness.ts'

const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const text = { key: string(), value: string() }

describe.each(['exactly_once', 'at_least_once'] as const)('a worker, %s', (processingGuarantee) => {
  let broker: EmbeddedBroker
  let workers: Worker[]

  beforeEach(async () => {
    broker = new EmbeddedBroker()
    workers = []
    await createCountingTopics(broker)
    await broker.open().createTopics([
      { name: 'in', partitions: 1 },
      { name: 'out', partitions: 1 },
    ])
  })

  afterEach(async () => {
    for (const worker of workers) await worker.close({ timeoutMs: 1_000 })
    await broker.close()
  })

  const start = async (
    topology: Topology,
    options: Partial<StartOptions> = {},
  ): Promise<Worker> => {
    const { config, ...others } = options
    const { worker } = createWorker({
      topology,
      broker,
      config: { processingGuarantee, commitIntervalMs: 60_000, ...config },
      ...others,
    })
    workers.push(worker)
    await worker.start()
    return worker
  }

  const committed = async (worker: Worker): Promise<void> => {
    await eventually(() => {
      const places = worker.status().tasks.flatMap((task) => task.partitions)
      expect(places.every(({ committedOffset, endOffset }) => committedOffset === endOffset)).toBe(
        true,
      )
      expect(places.some(({ committedOffset }) => committedOffset! > 0)).toBe(true)
    })
  }

  it('commits before its interval is over where a processor asks for it', async () => {
    const topology = oneStep(['in'], (record, context) => {
      if (record.value === 'now') context.commit()
      return context.forward(record)
    })
    const worker = await start(topology)
    await produce(broker, 'in', [
      { key: 'k', value: 'later' },
      { key: 'k', value: 'now' },
    ])
    await committed(worker)
    expect((await readAll(broker, 'out')).map(({ value }) => value)).toEqual(['later', 'now'])
  })

  it('commits before its interval is over where more state is uncommitted than may be', async () => {
    const worker = await start(counting(), { config: { maxUncommittedBytes: 1 } })
    await produceRound(broker, keys)
    await committed(worker)
    expect(await readTotals(broker)).toEqual(exactly(1, keys))
  })

  it('reads on where it had paused, since too much was buffered', async () => {
    const topology = oneStep(['in'], (record, context) => context.forward(record))
    const config = { maxBufferedBytes: 1, commitIntervalMs: 5 }
    const worker = await start(topology, { config })
    for (let i = 0; i < 20; i++) await produce(broker, 'in', [{ key: 'k', value: String(i) }])
    await committed(worker)
    await eventually(async () => {
      expect((await readAll(broker, 'out')).map(({ value }) => value)).toEqual(
        Array.from({ length: 20 }, (_, i) => String(i)),
      )
    })
  })

  it('writes each update of a store to its changelog where the store says so', async () => {
    const store = keyValueStore({ name: 'seen', ...text, logging: { everyUpdate: true } })
    const builder = new StreamsBuilder()
    builder.stream(textTopic('in')).process(
      () => ({
        process: (record, context) => context.store(store).put(record.key, record.value),
      }),
      { stores: [store], ...text },
    )
    const topology = builder.build()
    const first = await start(topology)
    await produce(
      broker,
      'in',
      ['1', '2', '3'].map((value) => ({ key: 'k', value })),
    )
    await eventually(() => expect(first.status().tasks[0]!.partitions[0]!.endOffset).toBe(3))
    await first.close()
    expect(await readAll(broker, 'app-seen-changelog')).toHaveLength(3)
    const second = await start(topology)
    expect(second.status().tasks[0]!.restored).toBe(3)
  })

  it('has the broker drop what it has processed of repartition topics', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(textTopic('in'))
      .groupBy((value) => value, { ...text, name: 'by-value' })
      .count({ store: 'counts' })
    const config = { repartitionPurgeIntervalMs: 0, commitIntervalMs: 5 }
    await start(builder.build(), { config })
    await produce(
      broker,
      'in',
      ['1', '2', '3'].map((value) => ({ key: 'k', value })),
    )
    const log = broker.partition('app-by-value-repartition', 0)
    await eventually(() => {
      expect(log.highWatermark).toBeGreaterThanOrEqual(3)
      expect(log.logStart).toBeGreaterThanOrEqual(3)
    })
  })

  it('goes on with what there is, and says so, where records are gone before it read them', async () => {
    const topology = oneStep(['in'], (record, context) => context.forward(record))
    const config = { commitIntervalMs: 5 }
    const first = await start(topology, { config })
    await produce(broker, 'in', [{ key: 'k', value: '0' }])
    await committed(first)
    await first.close()
    for (let i = 1; i <= 4; i++) await produce(broker, 'in', [{ key: 'k', value: String(i) }])
    await broker.open().deleteRecords([{ topic: 'in', partition: 0, offset: 3 }])
    const warnings: string[] = []
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) }
    await start(topology, { config: { ...config, onLostOffset: 'earliest' }, logger })
    await eventually(async () => {
      expect((await readAll(broker, 'out')).map(({ value }) => value)).toEqual(['0', '3', '4'])
    })
    expect(warnings).toEqual([
      'Records were gone before they were processed; going on after them, as onLostOffset says',
    ])
  })

  it('begins at the end of a topic that it has read nothing of, where it is told to', async () => {
    const topology = oneStep(['in'], (record, context) => context.forward(record))
    await produce(broker, 'in', [{ key: 'k', value: 'before' }])
    await start(topology, { config: { offsetReset: 'latest', commitIntervalMs: 5 } })
    await produce(broker, 'in', [{ key: 'k', value: 'after' }])
    await eventually(async () => {
      expect((await readAll(broker, 'out')).map(({ value }) => value)).toEqual(['after'])
    })
  })
})
