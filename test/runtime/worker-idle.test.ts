import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { systemRandom } from '../../src/core/random.ts'
import { noMetrics } from '../../src/metrics/sensors.ts'
import { workerConfig, type WorkerConfig } from '../../src/runtime/worker-config.ts'
import { Worker } from '../../src/runtime/worker.ts'
import { memoryState } from '../../src/state/index.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { Gate } from './gate.ts'
import { forwardAll, textTopology, type TextContext } from './text-topologies.ts'
import { allDeadLetters, produce, readAll } from './worker-harness.ts'

let clock: VirtualClock
let gate: Gate
let broker: EmbeddedBroker
let worker: Worker

beforeEach(async () => {
  clock = new VirtualClock(1_000_000)
  gate = new Gate()
  broker = new EmbeddedBroker({ onRequest: gate.onRequest, clock })
  await broker.open().createTopics([
    { name: 'in', partitions: 1 },
    { name: 'out', partitions: 1 },
  ])
})

afterEach(async () => {
  await passWhile(worker.close())
  await passWhile(broker.close())
})

/** Lets time pass until something is done. */
async function passWhile<T>(pending: Promise<T>): Promise<T> {
  const progress = { settled: false }
  const settled = pending.finally(() => (progress.settled = true))
  settled.catch(() => undefined)
  for (let i = 0; i < 10_000 && !progress.settled; i++) await clock.advance(10)
  return await settled
}

/** Lets time pass in steps so small that whoever wakes has done its work before the next. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10) await clock.advance(10)
}

async function start(topology: Topology, config: Partial<WorkerConfig> = {}): Promise<void> {
  worker = new Worker({
    applicationId: 'app',
    plan: topology.plan(),
    broker: broker.open({ clientId: 'worker' }),
    state: memoryState(),
    environment: {},
    clock,
    random: systemRandom,
    logger: silentLogger,
    metrics: noMetrics,
    handlers: allDeadLetters,
    config: workerConfig(config),
  })
  await passWhile(worker.start())
}

const passing = (): Topology =>
  textTopology({
    sources: ['in'],
    steps: [{ name: 'step', parents: ['in'], process: forwardAll }],
    sinks: { out: ['step'] },
  })

/** Says each five seconds of wall-clock time what time it is. */
const ticking = (): Topology =>
  textTopology({
    sources: ['in'],
    steps: [
      {
        name: 'step',
        parents: ['in'],
        processor: () => ({
          init(context: TextContext): void {
            context.schedule('wall-clock-time', 5_000, (nowMs) =>
              context.forward({
                key: 'tick',
                value: String(nowMs),
                timestampMs: nowMs,
                headers: [],
              } as never),
            )
          },
          process(): void {},
        }),
      },
    ],
    sinks: { out: ['step'] },
  })

const values = async (): Promise<(string | null)[]> =>
  (await passWhile(readAll(broker, 'out'))).map(({ value }) => value)

describe.each(['exactly_once', 'at_least_once'] as const)('an idle worker, %s', (guarantee) => {
  it('waits, and does not spin', async () => {
    await start(passing(), { processingGuarantee: guarantee })
    const before = gate.count('worker', 'fetch')
    await clock.advance(0)
    expect(gate.count('worker', 'fetch') - before).toBeLessThanOrEqual(1)
    await clock.advance(60_000)
    expect(gate.count('worker', 'fetch') - before).toBeLessThanOrEqual(61)
    expect(gate.count('worker', 'endTxn') + gate.count('worker', 'offsetCommit')).toBe(0)
  })

  it('says that it lives at the interval that the configuration gives', async () => {
    await start(passing(), { processingGuarantee: guarantee, heartbeatIntervalMs: 3_000 })
    const before = gate.count('worker', 'heartbeat')
    await clock.advance(60_000)
    expect(gate.count('worker', 'heartbeat') - before).toBe(20)
  })

  it('takes up a record as soon as it arrives, and commits at its interval', async () => {
    await start(passing(), { processingGuarantee: guarantee, commitIntervalMs: 700 })
    const lag = (): number | undefined => worker.status().tasks[0]!.partitions[0]!.lagRecords
    await pass(5_000)
    await passWhile(produce(broker, 'in', [{ key: 'k', value: 'first' }]))
    await pass(50)
    // Nothing was committed for longer than the interval.
    expect(await values()).toEqual(['first'])
    expect(lag()).toBe(0)
    await passWhile(produce(broker, 'in', [{ key: 'k', value: 'second' }]))
    await pass(100)
    expect(broker.partition('out', 0).highWatermark).toBeGreaterThan(1)
    expect(lag()).toBe(1)
    await pass(700)
    expect(lag()).toBe(0)
    expect(await values()).toEqual(['first', 'second'])
  })

  it('wakes for a punctuation at its time', async () => {
    await start(ticking(), { processingGuarantee: guarantee, commitIntervalMs: 10 })
    await pass(15_100)
    const times = (await values()).map((value) => Number(value) - 1_000_000)
    expect(times).toHaveLength(3)
    times.forEach((time, i) => {
      expect(time).toBeGreaterThanOrEqual((i + 1) * 5_000)
      expect(time).toBeLessThanOrEqual((i + 1) * 5_000 + 50)
    })
  })
})
