import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import type { Broker } from '../../src/broker/port.ts'
import { taskMetrics, workerMetrics } from '../../src/metrics/names.ts'
import { noMetrics, type Metrics } from '../../src/metrics/sensors.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { Gate } from './gate.ts'
import { overlay } from './overlay.ts'
import { oneStep } from './text-topologies.ts'
import { createWorker, eventually, type StartOptions } from './worker-harness.ts'

const value = Buffer.alloc(1_000, 65)

/** Gauges that a test reads whenever it likes. */
class ReadMetrics {
  readonly #reads = new Map<string, (() => number)[]>()
  readonly #counts = new Map<string, number>()

  readonly metrics: Metrics = {
    ...noMetrics,
    observedGauge: (name, _help, _labels, read) => {
      this.#reads.set(name, [...(this.#reads.get(name) ?? []), read])
    },
    counter: (name) => ({
      add: (amount = 1) => void this.#counts.set(name, (this.#counts.get(name) ?? 0) + amount),
    }),
  }

  /** The sum over all series. */
  gauge({ name }: { readonly name: string }): number {
    return (this.#reads.get(name) ?? []).reduce((sum, read) => sum + read(), 0)
  }

  count({ name }: { readonly name: string }): number {
    return this.#counts.get(name) ?? 0
  }
}

let gate: Gate
let broker: EmbeddedBroker
let read: ReadMetrics
let worker: Worker | undefined

beforeEach(() => {
  gate = new Gate()
  broker = new EmbeddedBroker({ onRequest: gate.onRequest })
  read = new ReadMetrics()
})

afterEach(async () => {
  gate.release()
  await worker?.close()
  await broker.close()
})

async function fill(partitions: number, recordsEach: number): Promise<void> {
  const client = broker.open()
  await client.createTopics([
    { name: 'in', partitions },
    { name: 'out', partitions: 1 },
  ])
  const producer = await client.openProducer({})
  for (let i = 0; i < partitions * recordsEach; i++) {
    producer.send('in', i % partitions, i, Buffer.from(String(i)), value)
    // Small batches: of each partition at least one is fetched whole.
    if (i % (partitions * 10) === 0) await producer.flush()
  }
  await producer.close()
  await client.close()
}

async function start(
  config: StartOptions['config'],
  wrap?: (client: Broker) => Broker,
): Promise<void> {
  const topology = oneStep(['in'], (record, context) => context.forward(record))
  const options = { topology, broker, metrics: read.metrics, config: config! }
  worker = createWorker(wrap ? { ...options, wrap } : options).worker
  await worker.start()
}

const written = (): number => broker.partition('out', 0).highWatermark

describe.each(['exactly_once', 'at_least_once'] as const)(
  'under %s, output that is not acknowledged',
  (processingGuarantee) => {
    it('pauses the input, and lets it go on when it is', async () => {
      const [partitions, recordsEach] = [4, 2_000]
      await fill(partitions, recordsEach)
      const bounds = { producerBufferBytes: 50_000, inputBufferMaxBytes: 400_000 }
      let delivered = 0
      gate.hold('worker', 'produce')
      // No timeout of the broker must end what this test looks at.
      await start({ processingGuarantee, transactionTimeoutMs: 600_000, ...bounds }, (client) =>
        overlay(client, {
          openFetcher: (options) => {
            const fetcher = client.openFetcher(options)
            return overlay(fetcher, {
              poll: async (wait) => {
                const fetched = await fetcher.poll(wait)
                for (const { bytes } of fetched) delivered += bytes
                return fetched
              },
            })
          },
        }),
      )
      await eventually(() => expect(read.gauge(workerMetrics.pausedPartitions)).toBe(partitions))
      const processed = read.count(taskMetrics.processed)
      const deliveredThen = delivered
      expect(processed).toBeGreaterThan(0)
      expect(processed).toBeLessThan(partitions * recordsEach)
      expect(read.gauge(workerMetrics.producerBufferBytes)).toBeGreaterThanOrEqual(50_000)
      expect(read.gauge(workerMetrics.inputBufferBytes)).toBeLessThanOrEqual(2 * 400_000)
      // A heartbeat goes out all the while; a turn of the loop that took something in would show here.
      const beats = gate.count('worker', 'heartbeat')
      await eventually(() => expect(gate.count('worker', 'heartbeat')).toBeGreaterThan(beats + 5))
      expect({ processed: read.count(taskMetrics.processed), delivered }).toEqual({
        processed,
        delivered: deliveredThen,
      })
      gate.release()
      await eventually(() => {
        expect(read.count(taskMetrics.processed)).toBe(partitions * recordsEach)
        expect(written()).toBeGreaterThanOrEqual(partitions * recordsEach)
        expect(read.gauge(workerMetrics.pausedPartitions)).toBe(0)
        expect(read.gauge(workerMetrics.producerBufferBytes)).toBe(0)
      })
    })

    it('does not keep the worker from closing', async () => {
      await fill(2, 500)
      gate.hold('worker', 'produce')
      await start({ processingGuarantee, producerBufferBytes: 10_000 })
      await eventually(() => expect(read.gauge(workerMetrics.pausedPartitions)).toBe(2))
      const closing = worker!.close({ timeoutMs: 50 })
      await closing
      expect(worker!.status().state).toBe('closed')
    })
  },
)

it('of 200 partitions no more is held than is configured over all of them', async () => {
  const [partitions, recordsEach, inputBufferMaxBytes] = [200, 20, 400_000]
  await fill(partitions, recordsEach)
  let peak = 0
  await start({ inputBufferMaxBytes }, (client) =>
    overlay(client, {
      openFetcher: (options) => {
        const fetcher = client.openFetcher(options)
        return overlay(fetcher, {
          poll: async (wait) => {
            const fetched = await fetcher.poll(wait)
            const bytes = fetched.reduce((sum, each) => sum + each.bytes, 0)
            peak = Math.max(peak, bytes + read.gauge(workerMetrics.inputBufferBytes))
            return fetched
          },
        })
      },
    }),
  )
  await eventually(() => {
    expect(read.count(taskMetrics.processed)).toBe(partitions * recordsEach)
  }, 20_000)
  expect(peak).toBeGreaterThan(100_000)
  expect(peak).toBeLessThanOrEqual(2 * inputBufferMaxBytes)
})

it('a partition of which nothing waits is read whatever the others hold', async () => {
  // The task must have a record of each partition to choose the one with the lowest time.
  const client = broker.open()
  await client.createTopics(['a', 'b', 'out'].map((name) => ({ name, partitions: 1 })))
  const producer = await client.openProducer({})
  for (let i = 0; i < 500; i++) producer.send('a', 0, 1_000 + i, Buffer.from('a'), value)
  await producer.flush()
  const topology = oneStep(['a', 'b'], (record, context) => context.forward(record))
  worker = createWorker({
    topology,
    broker,
    metrics: read.metrics,
    config: { inputBufferMaxBytes: 1_000, maxTaskIdleMs: 60_000 },
  }).worker
  await worker.start()
  await eventually(() => {
    expect(read.gauge(workerMetrics.inputBufferBytes)).toBeGreaterThan(1_000)
    expect(read.gauge(workerMetrics.pausedPartitions)).toBe(1)
  })
  for (let i = 0; i < 500; i++) producer.send('b', 0, 1_000 + i, Buffer.from('b'), value)
  await producer.close()
  await eventually(() => expect(read.count(taskMetrics.processed)).toBeGreaterThanOrEqual(999))
  await client.close()
})
