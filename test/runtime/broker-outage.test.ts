import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { BrokerUnavailableError } from '../../src/core/errors.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import type { KeyValueStore } from '../../src/state/store.ts'
import { counting, createCountingTopics, exactly, produceRound, readTotals } from './counting.ts'
import { CountingMetrics, KeepingLogger } from './task-harness.ts'
import { createWorker, eventually } from './worker-harness.ts'

const keys = ['a', 'b', 'c', 'd']

describe('while the broker is down', () => {
  let broker: EmbeddedBroker
  let worker: Worker
  let isDown = false
  const logger = new KeepingLogger()
  const metrics = new CountingMetrics()

  beforeEach(async () => {
    isDown = false
    logger.messages.length = 0
    broker = new EmbeddedBroker({
      onRequest: (clientId) => {
        if (!isDown || clientId !== 'worker') return undefined
        return Promise.reject(new BrokerUnavailableError('Connection refused', { retriable: true }))
      },
    })
    await createCountingTopics(broker)
  })

  afterEach(async () => {
    isDown = false
    await worker.close()
    await broker.close()
  })

  const open = (guarantee: 'exactly_once' | 'at_least_once'): Worker => {
    const config = { processingGuarantee: guarantee, retryBackoffMs: 2 }
    ;({ worker } = createWorker({ topology: counting(), broker, logger, metrics, config }))
    return worker
  }

  const said = (): string[] => logger.messages.filter((message) => !message.startsWith('debug'))

  it.each(['exactly_once', 'at_least_once'] as const)(
    'the worker waits, says so once, keeps its stores readable, and goes on, %s',
    async (guarantee) => {
      await open(guarantee).start()
      await produceRound(broker, keys)
      await eventually(async () =>
        expect((await readTotals(broker)).totals).toEqual(exactly(1, keys).totals),
      )
      await eventually(() => {
        expect(worker.storeViews('counts').map((view) => view.lagRecords)).toEqual([0, 0, 0, 0])
      })
      expect(worker.status().broker).toMatchObject({ name: 'embedded', connected: true })
      expect(metrics.gauges.get('millrace_broker_connected')!()).toBe(1)
      logger.messages.length = 0
      isDown = true
      await produceRound(broker, keys)
      await eventually(() => expect(worker.status().state).toBe('rebalancing'))
      expect(worker.status()).toMatchObject({
        error: undefined,
        broker: { connected: false, reason: 'Connection refused' },
      })
      expect(worker.status().broker!.awaySinceMs).toBeGreaterThan(0)
      expect(metrics.gauges.get('millrace_broker_connected')!()).toBe(0)
      // More attempts fail than are said.
      const failures = 'millrace_worker_recovered_failures_total'
      const before = metrics.counts.get(failures)!
      await eventually(() => expect(metrics.counts.get(failures)).toBeGreaterThan(before + 5))
      const counts = worker
        .storeViews('counts')
        .map(({ store }) => store as KeyValueStore<string, number>)
      expect(await Promise.all(counts.map((store, i) => store.get(keys[i]!)))).toEqual(
        keys.map(() => 1),
      )
      expect(said().filter((message) => message.includes('does not answer'))).toHaveLength(1)
      expect(said().length).toBeLessThan(5)
      expect(metrics.gauges.get('millrace_broker_last_answer_seconds')!()).toBeGreaterThan(0)
      isDown = false
      await eventually(async () => {
        const { totals } = await readTotals(broker)
        if (guarantee === 'exactly_once') expect(totals).toEqual(exactly(2, keys).totals)
        else for (const key of keys) expect(totals[key]).toBeGreaterThanOrEqual(2)
      })
      await eventually(() =>
        expect(worker.status()).toMatchObject({ state: 'running', broker: { connected: true } }),
      )
      expect(said().filter((message) => message.includes('answers again'))).toHaveLength(1)
    },
  )

  it('a worker that is only starting ends with what is wrong, for whoever started it', async () => {
    isDown = true
    await expect(open('exactly_once').start()).rejects.toThrow(BrokerUnavailableError)
    expect(worker.status().state).toBe('error')
  })

  it('a worker can be closed', async () => {
    await open('exactly_once').start()
    isDown = true
    await produceRound(broker, keys)
    await eventually(() => expect(worker.status().broker).toMatchObject({ connected: false }))
    await worker.close()
    expect(worker.status().state).toBe('closed')
  })
})
