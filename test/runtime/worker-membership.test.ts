import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { FencedError } from '../../src/core/errors.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { exactly, produceRound, readTotals } from './counting.ts'
import type { Gate } from './gate.ts'
import { keys, WorkerBed } from './worker-bed.ts'
import { eventually, type StartOptions } from './worker-harness.ts'

describe('a worker that the group has given up', () => {
  let bed: WorkerBed
  let gate: Gate
  let broker: EmbeddedBroker

  beforeEach(async () => {
    bed = await WorkerBed.counting()
    ;({ gate, broker } = bed)
  })

  afterEach(() => bed.close())

  const create = (clientId: string, config: StartOptions['config'] = {}): Worker =>
    bed.create({ clientId, config }).worker

  it('does not commit what it did before it was given up, in a transaction that was still open', async () => {
    const worker = create('first', { commitIntervalMs: 60_000, transactionTimeoutMs: 60_000 })
    await worker.start()
    await produceRound(broker, keys)
    await eventually(() => {
      expect(broker.partition('totals', 0).highWatermark).toBeGreaterThan(0)
    })
    const rejoined = new Promise<void>((resolve) => {
      worker.onStateChange((state) => {
        if (state === 'running') resolve()
      })
    })
    gate.refuse('first', 'heartbeat', new FencedError('The session of this member has expired'))
    await rejoined
    await worker.close()
    await produceRound(broker, keys)
    const second = create('second')
    await second.start()
    await eventually(async () => {
      expect(await readTotals(broker)).toEqual(exactly(2, keys))
    })
  })

  it('does not go on with tasks that another worker had in the meantime', async () => {
    const first = create('first', { rebalanceTimeoutMs: 300 })
    await first.start()
    await produceRound(broker, keys)
    await eventually(async () => {
      expect(await readTotals(broker)).toEqual(exactly(1, keys))
    })
    gate.hold('first', 'joinGroup')
    const second = create('second', { rebalanceTimeoutMs: 300 })
    await second.start()
    expect(second.status().tasks).toHaveLength(4)
    await produceRound(broker, keys)
    await eventually(async () => {
      expect(await readTotals(broker)).toEqual(exactly(2, keys))
    })
    gate.release()
    await eventually(() => {
      expect(first.status().tasks).toHaveLength(2)
      expect(first.status().state).toBe('running')
      expect(second.status().state).toBe('running')
    })
    await produceRound(broker, keys)
    await eventually(async () => {
      const found = await readTotals(broker)
      expect(Object.values(found.totals)).toEqual(keys.map(() => 3))
    })
    expect(await readTotals(broker)).toEqual(exactly(3, keys))
  })
})
