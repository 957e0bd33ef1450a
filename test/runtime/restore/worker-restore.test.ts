import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rocksDbState } from 'millrace/state/rocksdb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EmbeddedBroker } from '../../../src/broker/embedded/index.ts'
import type { Producer } from '../../../src/broker/port.ts'
import {
  LifecycleError,
  StateCorruptedError,
  StateStoreNotAvailableError,
} from '../../../src/core/errors.ts'
import { PrometheusMetrics } from '../../../src/metrics/prometheus.ts'
import { memoryState } from '../../../src/state/index.ts'
import type { KeyValueStore } from '../../../src/state/store.ts'
import type { StateProvider } from '../../../src/state/task-state.ts'
import { exactly, produceRound, readTotals } from '../counting.ts'
import { overlay } from '../overlay.ts'
import { keys, WorkerBed } from '../worker-bed.ts'
import { eventually, type StartOptions, type TestWorker } from '../worker-harness.ts'

let bed: WorkerBed
let broker: EmbeddedBroker
let folder: string

beforeEach(async () => {
  bed = await WorkerBed.counting()
  broker = bed.broker
  folder = await mkdtemp(join(tmpdir(), 'millrace-restore-'))
})

afterEach(async () => {
  await bed.close()
  await rm(folder, { recursive: true, force: true })
})

const create = (options: Partial<StartOptions> = {}): TestWorker => bed.create(options)

const start = (options: Partial<StartOptions> = {}): Promise<TestWorker> => bed.start(options)

const counted = (rounds: number): Promise<void> => bed.counted(rounds)

const restoredBy = ({ worker }: TestWorker): number =>
  worker.status().tasks.reduce((sum, task) => sum + task.restored, 0)

describe('a worker that starts', () => {
  it('restores all of a changelog where it has nothing', async () => {
    const first = await start()
    for (let round = 1; round <= 3; round++) {
      await produceRound(broker, keys)
      await counted(round)
    }
    await first.worker.close()
    const second = await start()
    expect(restoredBy(second)).toBe(3 * keys.length)
    expect(second.worker.status().tasks.map((task) => task.restoreRemaining)).toEqual([0, 0, 0, 0])
    await produceRound(broker, keys)
    await counted(4)
  })

  it('restores nothing where its state is that of the last commit', async () => {
    const state = rocksDbState({ folder })
    const first = await start({ state })
    await produceRound(broker, keys)
    await counted(1)
    await first.worker.close()
    const second = await start({ state })
    expect(restoredBy(second)).toBe(0)
    await produceRound(broker, keys)
    await counted(2)
    await second.worker.close()
    await state.close()
  })

  it('restores what another worker wrote since its state was committed, and no more', async () => {
    const state = rocksDbState({ folder })
    const first = await start({ state })
    await produceRound(broker, keys)
    await counted(1)
    await first.worker.close()
    const other = await start()
    await produceRound(broker, keys)
    await counted(2)
    await other.worker.close()
    const second = await start({ state })
    expect(restoredBy(second)).toBe(keys.length)
    await produceRound(broker, keys)
    await counted(3)
    await second.worker.close()
    await state.close()
  })

  it('restores what was committed and not yet in its state when it crashed', async () => {
    const state = rocksDbState({ folder })
    // What is sealed for a commit is never applied: as if the process ended just after the broker had committed.
    const neverApplied = overlay<StateProvider>(state, {
      openTask: async (options) => {
        const task = await state.openTask(options)
        return overlay(task, { apply: () => new Promise<void>(() => {}) })
      },
    })
    const first = await start({ state: neverApplied })
    await produceRound(broker, keys)
    await counted(1)
    first.client.crash()
    await first.worker.close({ timeoutMs: 0 })
    await state.close()
    const reopened = rocksDbState({ folder })
    const second = await start({ state: reopened, clientId: 'second' })
    expect(restoredBy(second)).toBe(keys.length)
    await produceRound(broker, keys)
    await counted(2)
    await second.worker.close()
    await reopened.close()
  })

  it('begins anew where the changelog no longer has the place that its state is at', async () => {
    const state = rocksDbState({ folder })
    const first = await start({ state })
    await produceRound(broker, keys)
    await counted(1)
    await first.worker.close()
    const other = await start()
    await produceRound(broker, keys)
    await counted(2)
    await other.worker.close()
    const client = broker.open()
    const changelogs = [0, 1, 2, 3].map((partition) => ({
      topic: 'app-counts-changelog',
      partition,
      offset: 3,
    }))
    await client.deleteRecords(changelogs)
    const second = await start({ state })
    // What is left of the changelogs, as for state that has nothing.
    expect(restoredBy(second)).toBe(keys.length)
    await produceRound(broker, keys)
    await counted(3)
    await second.worker.close()
    await state.close()
  })

  it('waits for a transaction in a changelog that is still open, and overlooks none', async () => {
    const first = await start()
    await produceRound(broker, keys)
    await counted(1)
    await first.worker.close()
    const producer = await broker.open().openProducer({ transactionalId: 'former-owner' })
    producer.beginTransaction()
    const value = Buffer.alloc(16)
    producer.send('app-counts-changelog', 0, 1, Buffer.from('a'), value, [])
    await producer.flush()
    const { worker } = create()
    const starting = worker.start()
    await eventually(() => {
      const tasks = worker.status().tasks
      expect(tasks.map((task) => task.restored)).toEqual([2, 2, 2, 2])
    })
    expect(worker.status().tasks[0]).toMatchObject({ state: 'restoring' })
    expect(() => worker.storeViews('counts')[0]!.store).toThrow(StateStoreNotAvailableError)
    await producer.abortTransaction()
    await starting
    const store = worker.storeViews('counts')[0]!.store as KeyValueStore<string, unknown>
    expect(await store.get('a')).toBeDefined()
    await produceRound(broker, keys)
    await counted(2)
  })
})

describe('while a task is restored', () => {
  /** A transaction in the changelog of task 0_0, which keeps whoever restores it waiting. */
  const openTransaction = async (): Promise<Producer> => {
    const first = await start()
    await produceRound(broker, keys)
    await counted(1)
    await first.worker.close()
    const producer = await broker.open().openProducer({ transactionalId: 'former-owner' })
    producer.beginTransaction()
    producer.send('app-counts-changelog', 0, 1, Buffer.from('a'), Buffer.alloc(16), [])
    await producer.flush()
    return producer
  }

  const states = ({ worker }: TestWorker): string[] =>
    worker.status().tasks.map(({ taskId, state }) => `${taskId.partition} ${state}`)

  it('the other tasks go on', async () => {
    const producer = await openTransaction()
    const second = create()
    const starting = second.worker.start()
    await eventually(() => {
      expect(states(second)).toEqual(['0 restoring', '1 running', '2 running', '3 running'])
    })
    await produceRound(broker, keys)
    await eventually(async () => {
      const { totals } = await readTotals(broker)
      expect(totals).toEqual({ ...exactly(2, keys).totals, a: 1, e: 1 })
    })
    expect(second.worker.status().state).toBe('starting')
    await producer.abortTransaction()
    await starting
    await counted(2)
  })

  it('another worker may join, and restoring goes on where it was', async () => {
    const producer = await openTransaction()
    const second = create({ clientId: 'second' })
    const starting = [second.worker.start()]
    await eventually(() => expect(states(second)[0]).toBe('0 restoring'))
    const third = create({ clientId: 'third' })
    starting.push(third.worker.start())
    await eventually(() => {
      expect(states(second)).toHaveLength(2)
      expect([...states(second), ...states(third)].toSorted()).toEqual([
        '0 restoring',
        '1 running',
        '2 running',
        '3 running',
      ])
    })
    await producer.abortTransaction()
    await Promise.all(starting)
    await produceRound(broker, keys)
    await counted(2)
  })

  it('the worker can be closed', async () => {
    await openTransaction()
    const second = create()
    const starting = second.worker.start()
    await eventually(() => expect(states(second)[0]).toBe('0 restoring'))
    await second.worker.close()
    await expect(starting).rejects.toThrow(LifecycleError)
    expect(second.worker.status()).toMatchObject({ state: 'closed', tasks: [] })
  })

  it('metrics say how far it is', async () => {
    const producer = await openTransaction()
    const metrics = new PrometheusMetrics({ processMetrics: false })
    const second = create({ metrics })
    const starting = second.worker.start()
    await eventually(async () => {
      const exposed = await metrics.expose()
      expect(exposed).toContain(
        'millrace_task_restore_remaining_records{task="0_0",subtopology="0"} 1',
      )
      expect(exposed).toContain('millrace_task_restore_records_total{task="0_0",subtopology="0"} 2')
      expect(exposed).toContain('millrace_worker_state{state="starting"} 1')
    })
    await producer.abortTransaction()
    await starting
    await eventually(async () => {
      const exposed = await metrics.expose()
      expect(exposed).toContain(
        'millrace_task_restore_remaining_records{task="0_0",subtopology="0"} 0',
      )
      expect(exposed).toContain('millrace_worker_state{state="running"} 1')
      expect(exposed).toContain('millrace_worker_tasks 4')
    })
    await second.worker.close()
    expect(await metrics.expose()).not.toContain('task="0_0"')
  })
})

describe('state that cannot be opened', () => {
  /** A provider whose first opening of a task fails, until that state is destroyed. */
  const damaged = (): { state: StateProvider; destroyed: unknown[] } => {
    const destroyed: unknown[] = []
    const whole = memoryState()
    const state = overlay(whole, {
      openTask: (options) => {
        if (destroyed.length > 0) return whole.openTask(options)
        return Promise.reject(new StateCorruptedError('The state folder is damaged'))
      },
      destroyTask: (taskId) => {
        destroyed.push(taskId)
        return whole.destroyTask(taskId)
      },
    })
    return { state, destroyed }
  }

  it('ends the worker, and says how to have it restored', async () => {
    const { state, destroyed } = damaged()
    const starting = start({ state })
    await expect(starting).rejects.toThrow(StateCorruptedError)
    await expect(starting).rejects.toThrow(/damaged.*onCorruptState: 'restore'/)
    expect(destroyed).toEqual([])
  })

  it('is restored from the changelog where the configuration says so', async () => {
    const first = await start()
    await produceRound(broker, keys)
    await counted(1)
    await first.worker.close()
    const { state, destroyed } = damaged()
    await start({ state, config: { onCorruptState: 'restore' } })
    expect(destroyed).toHaveLength(1)
    await produceRound(broker, keys)
    await counted(2)
  })
})
