import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import type { Logger } from '../../src/core/logger.ts'
import { taskIdName } from '../../src/core/task-id.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { counting, createCountingTopics, exactly, produceRound, readTotals } from './counting.ts'
import { Gate } from './gate.ts'
import { createWorker, eventually, type StartOptions, type TestWorker } from './worker-harness.ts'

const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

/** What a worker says of its rebalances and troubles. */
interface Diary {
  readonly came: string[]
  readonly went: string[]
  readonly warnings: string[]
}

function writing(diary: Diary): Logger {
  return {
    debug: () => undefined,
    info: (message, facts) => {
      if (message !== 'Joined the group') return
      const { new: came, gone } = facts as { new: string[]; gone: string[] }
      diary.came.push(...came)
      diary.went.push(...gone)
    },
    warn: (message) => diary.warnings.push(message),
    error: (message) => diary.warnings.push(message),
  }
}

function namesOf(...workers: Worker[]): string[] {
  return workers
    .flatMap((worker) => worker.status().tasks.map(({ taskId }) => taskIdName(taskId)))
    .toSorted()
}

describe('a rebalance', () => {
  let gate: Gate
  let broker: EmbeddedBroker
  let workers: TestWorker[]
  let diaries: Map<string, Diary>

  beforeEach(async () => {
    gate = new Gate()
    broker = new EmbeddedBroker({ onRequest: gate.onRequest })
    workers = []
    diaries = new Map()
    await createCountingTopics(broker)
  })

  afterEach(async () => {
    gate.release()
    for (const { worker } of workers) await worker.close()
    await broker.close()
  })

  const create = (clientId: string, config: StartOptions['config'] = {}): Worker => {
    const diary: Diary = { came: [], went: [], warnings: [] }
    diaries.set(clientId, diary)
    const logger = writing(diary)
    // Long enough that nothing here is a matter of time.
    const lasting = { sessionTimeoutMs: 20_000, rebalanceTimeoutMs: 20_000, ...config }
    const started = createWorker({
      topology: counting(),
      broker,
      clientId,
      logger,
      config: lasting,
    })
    workers.push(started)
    return started.worker
  }

  const start = async (clientId: string, config: StartOptions['config'] = {}): Promise<Worker> => {
    const worker = create(clientId, config)
    await worker.start()
    return worker
  }

  const untilShared = (...shares: (readonly [Worker, number])[]): Promise<void> =>
    eventually(() => {
      for (const [worker, tasks] of shares) {
        expect(worker.status()).toMatchObject({ state: 'running' })
        expect(worker.status().tasks).toHaveLength(tasks)
      }
    })

  const untilCounted = (rounds: number): Promise<void> =>
    eventually(async () => expect(await readTotals(broker)).toEqual(exactly(rounds, keys)))

  for (const processingGuarantee of ['exactly_once', 'at_least_once'] as const) {
    describe(`under ${processingGuarantee}`, () => {
      it('that a slow member holds up does not hold up the tasks', async () => {
        const first = await start('first', { processingGuarantee })
        const second = await start('second', { processingGuarantee })
        await untilShared([first, 2], [second, 2])
        gate.hold('second', 'joinGroup')
        const third = create('third', { processingGuarantee })
        const starting = third.start()
        // The first has joined again, and waits for the second as the third does.
        const joins = gate.count('first', 'joinGroup')
        await eventually(() => {
          expect(gate.count('second', 'joinGroup')).toBeGreaterThan(2)
          expect(gate.count('first', 'joinGroup')).toBeGreaterThanOrEqual(joins)
        })
        for (let round = 1; round <= 3; round++) {
          await produceRound(broker, keys)
          await untilCounted(round)
        }
        expect(third.status().tasks).toEqual([])
        expect(first.status()).toMatchObject({ state: 'running' })
        gate.release()
        await starting
        await untilShared([first, first.status().tasks.length], [third, 1])
        expect(namesOf(first, second, third)).toEqual(['0_0', '0_1', '0_2', '0_3'])
        await produceRound(broker, keys)
        await untilCounted(4)
        for (const { warnings } of diaries.values()) expect(warnings).toEqual([])
      })

      it('lets a commit through that was on its way when the generation moved on', async () => {
        const request = processingGuarantee === 'exactly_once' ? 'txnOffsetCommit' : 'offsetCommit'
        const first = await start('first', { processingGuarantee })
        gate.hold('first', request)
        await produceRound(broker, keys)
        await eventually(() => expect(gate.count('first', request)).toBeGreaterThan(0))
        const held = gate.count('first', request)
        const second = create('second', { processingGuarantee })
        const starting = second.start()
        // The second is in the group, and waits for tasks that the first lets go when it has committed.
        await eventually(() => expect(gate.count('second', 'heartbeat')).toBeGreaterThan(3))
        expect(gate.count('first', request)).toBe(held)
        gate.release()
        await starting
        await untilShared([first, 2], [second, 2])
        await untilCounted(1)
        expect(diaries.get('first')).toMatchObject({ warnings: [] })
        await produceRound(broker, keys)
        await untilCounted(2)
      })
    })
  }

  it('moves only what has to be moved, from one worker to three and back to one, while records flow', async () => {
    let rounds = 0
    const round = async (): Promise<void> => {
      await produceRound(broker, keys)
      rounds++
    }
    const first = await start('first')
    await round()
    const [second, third] = [create('second'), create('third')]
    const starting = Promise.all([second.start(), third.start()])
    for (let i = 0; i < 5; i++) await round()
    await starting
    await eventually(() =>
      expect(namesOf(first, second, third)).toEqual(['0_0', '0_1', '0_2', '0_3']),
    )
    await round()
    await untilCounted(rounds)
    const kept = namesOf(first)
    await second.close()
    await round()
    await third.close()
    await round()
    await untilShared([first, 4])
    await round()
    await untilCounted(rounds)
    const { came, went, warnings } = diaries.get('first')!
    expect(kept.length).toBeGreaterThan(0)
    for (const name of kept) {
      expect(went).not.toContain(name)
      expect(came.filter((each) => each === name)).toHaveLength(1)
    }
    expect(warnings).toEqual([])
  })

  it('gives a task that its owner let go to another only then', async () => {
    const first = await start('first', { commitIntervalMs: 60_000 })
    await produceRound(broker, keys)
    await eventually(() => {
      expect(broker.partition('totals', 0).highWatermark).toBeGreaterThan(0)
    })
    gate.hold('first', 'endTxn')
    const second = create('second')
    const starting = second.start()
    await eventually(() => expect(gate.count('first', 'endTxn')).toBe(1))
    const beats = gate.count('second', 'heartbeat')
    await eventually(() => expect(gate.count('second', 'heartbeat')).toBeGreaterThan(beats + 5))
    expect(second.status()).toMatchObject({ state: 'starting', tasks: [] })
    expect(first.status().tasks).toHaveLength(4)
    gate.release()
    await starting
    await untilShared([first, 2], [second, 2])
    await untilCounted(1)
  })

  it('asks more often for the next one while tasks are on the move', async () => {
    const slow = { heartbeatIntervalMs: 2_000 }
    const first = await start('first', slow)
    const startedMs = performance.now()
    const second = await start('second', slow)
    await untilShared([first, 2], [second, 2])
    // The first notices at its heartbeat, the second well before its own would have come.
    expect(performance.now() - startedMs).toBeLessThan(3_500)
  })
})
