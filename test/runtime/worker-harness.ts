import type { EmbeddedBroker, EmbeddedClient } from '../../src/broker/embedded/index.ts'
import type { Broker } from '../../src/broker/port.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger, type Logger } from '../../src/core/logger.ts'
import { systemRandom } from '../../src/core/random.ts'
import { noMetrics, type Metrics } from '../../src/metrics/sensors.ts'
import { deadLetter, type ErrorHandlers } from '../../src/runtime/error-handlers.ts'
import { workerConfig, type WorkerConfig } from '../../src/runtime/worker-config.ts'
import { Worker } from '../../src/runtime/worker.ts'
import { memoryState } from '../../src/state/index.ts'
import type { StateProvider } from '../../src/state/task-state.ts'
import type { TimestampExtractor } from '../../src/topology/topology-plan.ts'
import type { Topology } from '../../src/topology/topology.ts'

export const allDeadLetters: ErrorHandlers = {
  deserialization: deadLetter,
  processing: deadLetter,
  production: deadLetter,
}

export interface StartOptions {
  readonly topology: Topology
  readonly broker: EmbeddedBroker
  readonly applicationId?: string
  /** What the broker's hook knows the worker by; `worker` where it is left out. */
  readonly clientId?: string
  readonly config?: Partial<WorkerConfig>
  readonly handlers?: Partial<ErrorHandlers>
  readonly state?: StateProvider
  readonly logger?: Logger
  readonly metrics?: Metrics
  readonly timestampExtractor?: TimestampExtractor
  /** Puts something between the worker and its client. */
  readonly wrap?: (client: Broker) => Broker
}

/** A worker with the client that it uses, which a test may crash. */
export interface TestWorker {
  readonly worker: Worker
  readonly client: EmbeddedClient
}

/** Short intervals, so that tests take milliseconds where a user's worker takes seconds. */
const quick: Partial<WorkerConfig> = {
  commitIntervalMs: 10,
  heartbeatIntervalMs: 10,
  sessionTimeoutMs: 400,
  rebalanceTimeoutMs: 5_000,
  transactionTimeoutMs: 500,
  retryBackoffMs: 5,
}

export function createWorker(options: StartOptions): TestWorker {
  const { timestampExtractor } = options
  const client = options.broker.open({ clientId: options.clientId ?? 'worker' })
  const worker = new Worker({
    applicationId: options.applicationId ?? 'app',
    plan: options.topology.plan(),
    broker: options.wrap ? options.wrap(client) : client,
    state: options.state ?? memoryState(),
    environment: {},
    clock: systemClock,
    random: systemRandom,
    logger: options.logger ?? silentLogger,
    metrics: options.metrics ?? noMetrics,
    handlers: { ...allDeadLetters, ...options.handlers },
    config: workerConfig({ ...quick, ...options.config }),
    ...(timestampExtractor && { timestampExtractor }),
  })
  return { worker, client }
}

export async function startWorker(options: StartOptions): Promise<TestWorker> {
  const started = createWorker(options)
  await started.worker.start()
  return started
}

export interface TextRecord {
  readonly key: string | null
  readonly value: string | null
  readonly partition?: number
  readonly timestampMs?: number
}

/** Writes text records, by turns over the partitions where none is named. */
export async function produce(
  broker: EmbeddedBroker,
  topic: string,
  records: readonly TextRecord[],
  partitions = 1,
): Promise<void> {
  const client = broker.open()
  const producer = await client.openProducer({})
  records.forEach((record, i) => {
    producer.send(
      topic,
      record.partition ?? i % partitions,
      record.timestampMs ?? i,
      record.key === null ? null : Buffer.from(record.key),
      record.value === null ? null : Buffer.from(record.value),
    )
  })
  await producer.close()
  await client.close()
}

export interface ReadRecord {
  readonly key: string | null
  readonly value: string | null
  readonly valueBytes: Buffer | null
  readonly timestampMs: number
  readonly partition: number
  readonly headers: Readonly<globalThis.Record<string, string>>
}

/** Everything committed in a topic. */
export async function readAll(broker: EmbeddedBroker, topic: string): Promise<ReadRecord[]> {
  const client = broker.open()
  const description = (await client.describeTopics([topic])).get(topic)
  const records: ReadRecord[] = []
  for (let partition = 0; partition < (description?.partitions ?? 0); partition++) {
    const fetcher = client.openFetcher({ isolation: 'read_committed' })
    fetcher.assign([{ topic, partition, offset: broker.partition(topic, partition).logStart }])
    for (;;) {
      const fetched = await fetcher.poll({ timeoutMs: 0 })
      if (fetched.length === 0) break
      for (const { records: cursor } of fetched) {
        while (cursor.next()) {
          const { buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs } = cursor
          records.push({
            partition,
            key: keyEnd < 0 ? null : buffer.toString('utf8', keyStart, keyEnd),
            value: valueEnd < 0 ? null : buffer.toString('utf8', valueStart, valueEnd),
            valueBytes: valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd),
            timestampMs,
            headers: Object.fromEntries(
              cursor.headers().map((header) => [header.key, header.value?.toString() ?? '']),
            ),
          })
        }
      }
    }
    await fetcher.close()
  }
  await client.close()
  return records
}

/** Waits until a check passes; fails with its last error after `timeoutMs`. */
export async function eventually(
  check: () => void | Promise<void>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await systemClock.sleep(5)
    }
  }
}
