import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { silentLogger, type Logger } from '../../src/core/logger.ts'
import type { WorkerConfig } from '../../src/runtime/worker-config.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { Gate } from './gate.ts'
import { oneStep } from './text-topologies.ts'
import {
  createWorker,
  eventually,
  produce,
  readAll,
  type StartOptions,
  type TestWorker,
} from './worker-harness.ts'

/** Has one record wait until it is let go; others pass. */
class Hanging {
  waits = 0
  #let: (() => void)[] = []

  topology(): Topology {
    return oneStep(['in'], async (record, context) => {
      if (record.value === 'hang') {
        this.waits++
        await new Promise<void>((resolve) => this.#let.push(resolve))
      }
      await context.forward(record)
    })
  }

  letGo(): void {
    for (const go of this.#let) go()
  }
}

describe('a worker whose user code does not come back', () => {
  let gate: Gate
  let broker: EmbeddedBroker
  let workers: TestWorker[]
  let hanging: Hanging

  beforeEach(async () => {
    gate = new Gate()
    broker = new EmbeddedBroker({ onRequest: gate.onRequest })
    workers = []
    hanging = new Hanging()
    await broker.open().createTopics([
      { name: 'in', partitions: 2 },
      { name: 'out', partitions: 1 },
    ])
  })

  afterEach(async () => {
    hanging.letGo()
    gate.release()
    for (const { worker } of workers) await worker.close()
    await broker.close()
  })

  const start = async (
    clientId: string,
    topology: Topology,
    config: Partial<WorkerConfig>,
    options: Partial<StartOptions> = {},
  ): Promise<TestWorker> => {
    const lasting = { sessionTimeoutMs: 20_000, rebalanceTimeoutMs: 20_000 }
    const created = createWorker({
      topology,
      broker,
      clientId,
      config: { ...lasting, ...config },
      ...options,
    })
    workers.push(created)
    await created.worker.start()
    return created
  }

  const values = async (): Promise<string[]> =>
    (await readAll(broker, 'out')).map(({ value }) => value!).toSorted()

  it('gives its tasks to the others, names what it waits for, and takes part again when the code is back', async () => {
    const errors: string[] = []
    const logger: Logger = { ...silentLogger, error: (message) => errors.push(message) }
    const first = await start('first', hanging.topology(), { maxPollIntervalMs: 200 }, { logger })
    await produce(broker, 'in', [
      { key: 'k', value: 'before', partition: 1 },
      { key: 'k', value: 'hang', partition: 1 },
    ])
    await eventually(() => expect(hanging.waits).toBe(1))
    const passing = oneStep(['in'], (record, context) => context.forward(record))
    const second = await start('second', passing, {})
    await eventually(() => expect(second.worker.status().tasks).toHaveLength(2))
    await eventually(async () => expect(await values()).toEqual(['before', 'hang']))
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain('could not go on for 200 ms, its maxPollIntervalMs')
    expect(errors[0]).toContain("task 0_1, in the record at offset 1 of in-1 in processor 'step'")
    expect(first.worker.status()).toMatchObject({ state: 'rebalancing', error: undefined })
    hanging.letGo()
    await eventually(() => {
      expect(first.worker.status()).toMatchObject({ state: 'running' })
      expect(first.worker.status().tasks).toHaveLength(1)
    })
    await produce(broker, 'in', [
      { key: 'k', value: 'after', partition: 0 },
      { key: 'k', value: 'after', partition: 1 },
    ])
    await eventually(async () =>
      expect(await values()).toEqual(['after', 'after', 'before', 'hang']),
    )
  })

  it('gave its tasks up for having nothing to do, where maxPollIntervalMs was below a second', async () => {
    const errors: string[] = []
    const logger: Logger = { ...silentLogger, error: (message) => errors.push(message) }
    const config = { maxPollIntervalMs: 900, heartbeatIntervalMs: 100 }
    await start('first', hanging.topology(), config, { logger })
    await eventually(() => expect(gate.count('first', 'heartbeat')).toBeGreaterThan(12))
    expect(errors).toEqual([])
    expect(gate.count('first', 'leaveGroup')).toBe(0)
  })

  it('keeps its tasks, and lets the group rebalance, while the code takes no longer than that', async () => {
    const first = await start('first', hanging.topology(), { sessionTimeoutMs: 300 })
    await produce(broker, 'in', [{ key: 'k', value: 'hang', partition: 1 }])
    await eventually(() => expect(hanging.waits).toBe(1))
    const joins = gate.count('first', 'joinGroup')
    const beats = gate.count('first', 'heartbeat')
    const passing = oneStep(['in'], (record, context) => context.forward(record))
    const created = createWorker({ topology: passing, broker, clientId: 'second' })
    workers.push(created)
    const starting = created.worker.start()
    // For longer than a session.
    await eventually(() => expect(gate.count('first', 'heartbeat')).toBeGreaterThan(beats + 60))
    expect(gate.count('first', 'joinGroup')).toBeGreaterThan(joins)
    expect(first.worker.status().tasks).toHaveLength(2)
    hanging.letGo()
    await starting
    await eventually(() => expect(first.worker.status().tasks).toHaveLength(1))
    await eventually(async () => expect(await values()).toEqual(['hang']))
    expect(hanging.waits).toBe(1)
  })

  it('keeps its place for its session where it is a static member', async () => {
    const config = { maxPollIntervalMs: 100, groupInstanceId: 'one' }
    const first = await start('first', hanging.topology(), config)
    await produce(broker, 'in', [{ key: 'k', value: 'hang', partition: 1 }])
    await eventually(() => expect(hanging.waits).toBe(1))
    await eventually(() => expect(first.worker.status().state).toBe('rebalancing'))
    hanging.letGo()
    await eventually(() => expect(first.worker.status().state).toBe('running'))
    expect(gate.count('first', 'leaveGroup')).toBe(0)
    await eventually(() => expect(hanging.waits).toBe(2))
    hanging.letGo()
    await eventually(async () => expect(await values()).toEqual(['hang']))
  })

  it('is a member all the time that a restore takes', async () => {
    const slow = await start('first', hanging.topology(), { sessionTimeoutMs: 200 })
    gate.hold('first', 'fetch')
    const beats = gate.count('first', 'heartbeat')
    await eventually(() => expect(gate.count('first', 'heartbeat')).toBeGreaterThan(beats + 40))
    expect(gate.count('first', 'joinGroup')).toBe(1)
    expect(slow.worker.status().tasks).toHaveLength(2)
  })
})
