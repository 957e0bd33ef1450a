import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { BrokerTimeoutError } from '../../src/core/errors.ts'
import { taskIdName } from '../../src/core/task-id.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { exactly, produceRound, readTotals } from './counting.ts'
import type { Gate } from './gate.ts'
import { keys, WorkerBed } from './worker-bed.ts'
import { eventually, type TestWorker } from './worker-harness.ts'

function tasksOf(worker: Worker): string[] {
  return worker
    .status()
    .tasks.map(({ taskId }) => taskIdName(taskId))
    .toSorted()
}

/** Joins as a request does that its sender has given up: nobody hears of the member that it makes. */
async function joinLate(broker: EmbeddedBroker, instanceId: string): Promise<void> {
  const unheard = broker.open({ clientId: 'unheard' }).openGroup({
    groupId: 'app',
    instanceId,
    sessionTimeoutMs: 20_000,
    rebalanceTimeoutMs: 20_000,
    assignor: {
      name: 'unheard',
      subscription: () => ({ topics: [], userData: Buffer.alloc(0) }),
      assign: () => Promise.reject(new Error('It hears nothing')),
    },
  })
  await unheard.join()
}

describe('workers with a groupInstanceId', () => {
  let bed: WorkerBed
  let gate: Gate
  let broker: EmbeddedBroker

  beforeEach(async () => {
    bed = await WorkerBed.counting()
    ;({ gate, broker } = bed)
  })

  afterEach(() => bed.close())

  const create = (
    clientId: string,
    groupInstanceId: string,
    sessionTimeoutMs = 20_000,
  ): TestWorker => {
    const config = { groupInstanceId, sessionTimeoutMs, rebalanceTimeoutMs: 20_000 }
    return bed.create({ clientId, config })
  }

  const start = async (clientId: string, groupInstanceId: string): Promise<Worker> => {
    const { worker } = create(clientId, groupInstanceId)
    await worker.start()
    return worker
  }

  const untilShared = (...shared: Worker[]): Promise<void> =>
    eventually(() => {
      for (const worker of shared) expect(worker.status().tasks).toHaveLength(4 / shared.length)
    })

  it('get their tasks back after a restart, without a rebalance', async () => {
    const first = await start('first', 'one')
    const second = await start('second', 'two')
    await untilShared(first, second)
    const joins = gate.count('first', 'joinGroup')
    const [kept, given] = [tasksOf(first), tasksOf(second)]
    await second.close()
    await produceRound(broker, keys)
    const again = await start('second again', 'two')
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(1, keys)))
    expect(tasksOf(again)).toEqual(given)
    expect(tasksOf(first)).toEqual(kept)
    expect(gate.count('first', 'joinGroup')).toBe(joins)
    expect(gate.count('second', 'leaveGroup')).toBe(0)
  })

  it('get their tasks back after a crash, and others commit what they have meanwhile', async () => {
    const first = await start('first', 'one')
    const { worker: second, client } = create('second', 'two')
    await second.start()
    await untilShared(first, second)
    const given = tasksOf(second)
    const joins = gate.count('first', 'joinGroup')
    client.crash()
    await produceRound(broker, keys)
    const again = await start('second again', 'two')
    expect(tasksOf(again)).toEqual(given)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(1, keys)))
    expect(gate.count('first', 'joinGroup')).toBe(joins)
  })

  it('lose their tasks to the others when they stay away for longer than a session', async () => {
    const first = await start('first', 'one')
    const { worker: second } = create('second', 'two', 300)
    await second.start()
    await untilShared(first, second)
    await second.close()
    await untilShared(first)
    await produceRound(broker, keys)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(1, keys)))
  })

  it('ended where an own request to join, given up and sent again, took effect late', async () => {
    const { worker } = create('first', 'one')
    gate.refuse('first', 'joinGroup', new BrokerTimeoutError('not answered', { retriable: true }))
    await worker.start()
    await untilShared(worker)
    const opened = gate.count('first', 'initProducerId')
    // Those of this process and of one before it, which it cannot tell from a second process.
    for (const late of [1, 2]) {
      await joinLate(broker, 'one-1')
      await eventually(() =>
        expect(gate.count('first', 'initProducerId')).toBeGreaterThanOrEqual(opened + late),
      )
      await untilShared(worker)
      await produceRound(broker, keys)
      await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(late, keys)))
    }
    await joinLate(broker, 'one-1')
    await expect(worker.closed).rejects.toThrow('Another worker of app was started')
  })

  it('end where another is started under their id, and say so', async () => {
    const first = await start('first', 'one')
    await untilShared(first)
    const newer = await start('newer', 'one')
    await expect(first.closed).rejects.toThrow(
      'Another worker of app was started with the groupInstanceId of this one, one, and has taken its place',
    )
    expect(first.status()).toMatchObject({ state: 'error', error: { brokerCode: 82 } })
    await produceRound(broker, keys)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(1, keys)))
    expect(tasksOf(newer)).toHaveLength(4)
  })
})
