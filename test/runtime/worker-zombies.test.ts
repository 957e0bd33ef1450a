import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { string } from '../../src/serdes/index.ts'
import { keyValueStore } from '../../src/state/index.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { exactly, produceRound, readTotals } from './counting.ts'
import type { Gate } from './gate.ts'
import { textTopology, type TextContext } from './text-topologies.ts'
import { keys, WorkerBed } from './worker-bed.ts'
import { eventually, readAll, type StartOptions, type TestWorker } from './worker-harness.ts'

const ticks = keyValueStore({ name: 'ticks', key: string(), value: string() })

/** Counts in a store how often the wall clock has moved on, and says so; it reads nothing. */
function ticking(): Topology {
  return textTopology({
    sources: ['in'],
    steps: [
      {
        name: 'step',
        parents: ['in'],
        stores: [ticks],
        processor: () => ({
          init(context: TextContext): void {
            const store = context.store(ticks)
            context.schedule('wall-clock-time', 10, async (nowMs) => {
              const next = String(Number((await store.get('n')) ?? '0') + 1)
              store.put('n', next)
              await context.forward({
                key: 'n',
                value: next,
                timestampMs: nowMs,
                headers: [],
              } as never)
            })
          },
          process(): void {},
        }),
      },
    ],
    sinks: { out: ['step'] },
  })
}

describe('a worker that the group has expelled, and that does not know it', () => {
  let bed: WorkerBed
  let gate: Gate
  let broker: EmbeddedBroker

  beforeEach(async () => {
    bed = await WorkerBed.counting()
    ;({ gate, broker } = bed)
    await broker.open().createTopics([
      { name: 'in', partitions: 1 },
      { name: 'out', partitions: 1 },
    ])
  })

  afterEach(() => bed.close())

  const start = async (clientId: string, options: Partial<StartOptions>): Promise<TestWorker> => {
    const config = { sessionTimeoutMs: 100, rebalanceTimeoutMs: 200, ...options.config }
    const started = bed.create({ clientId, ...options, config })
    await started.worker.start()
    return started
  }

  it('cannot commit what it went on to process', async () => {
    const first = await start('first', {})
    await produceRound(broker, keys)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(1, keys)))
    gate.hold('first', 'heartbeat')
    gate.hold('first', 'txnOffsetCommit')
    await produceRound(broker, keys)
    await eventually(() => expect(gate.count('first', 'txnOffsetCommit')).toBeGreaterThan(1))
    const second = await start('second', {})
    expect(second.worker.status().tasks).toHaveLength(4)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(2, keys)))
    gate.release()
    await eventually(() => {
      expect(first.worker.status()).toMatchObject({ state: 'running' })
      expect(first.worker.status().tasks).toHaveLength(2)
    })
    await produceRound(broker, keys)
    await eventually(async () => {
      expect((await readTotals(broker)).totals).toEqual(exactly(3, keys).totals)
    })
    expect(await readTotals(broker)).toEqual(exactly(3, keys))
  })

  it('cannot commit what only its punctuations did, with no offset that the group would refuse', async () => {
    const values = async (): Promise<number[]> =>
      (await readAll(broker, 'out')).map(({ value }) => Number(value))
    await start('first', { topology: ticking() })
    await eventually(async () => expect((await values()).length).toBeGreaterThan(3))
    gate.hold('first', 'heartbeat')
    await start('second', { topology: ticking() })
    const before = (await values()).length
    await eventually(async () => expect((await values()).length).toBeGreaterThan(before + 20))
    const found = await values()
    expect(found).toEqual(found.map((_, i) => i + 1))
  })
})
