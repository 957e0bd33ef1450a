import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { LifecycleError } from '../../src/core/errors.ts'
import { StreamsBuilder } from '../../src/index.ts'
import { string } from '../../src/serdes/index.ts'
import { topic } from '../../src/topology/topic.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { counting, createCountingTopics, exactly, produceRound, readTotals } from './counting.ts'
import { Gate } from './gate.ts'
import { oneStep } from './text-topologies.ts'
import {
  createWorker,
  eventually,
  produce,
  readAll,
  startWorker,
  type StartOptions,
  type TestWorker,
} from './worker-harness.ts'

const words = topic('words', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: string() })
const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

function wordCount(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(words)
    .flatMapValues((line) => line.split(' '))
    .groupBy((word) => word, { key: string(), value: string() })
    .count({ store: 'word-counts' })
    .toStream()
    .mapValues((count) => String(count))
    .to(counts)
  return builder.build()
}

describe.each(['exactly_once', 'at_least_once'] as const)('a worker, %s', (processingGuarantee) => {
  let broker: EmbeddedBroker
  let workers: TestWorker[]

  beforeEach(async () => {
    broker = new EmbeddedBroker()
    workers = []
    await createCountingTopics(broker)
  })

  afterEach(async () => {
    for (const { worker } of workers) await worker.close()
    await broker.close()
  })

  const start = async (options: Partial<StartOptions> = {}): Promise<TestWorker> => {
    const { config, ...others } = options
    const started = await startWorker({
      topology: counting(),
      broker,
      config: { processingGuarantee, ...config },
      ...others,
    })
    workers.push(started)
    return started
  }

  it('counts words through a repartition topic', async () => {
    await broker.open().createTopics([
      { name: 'words', partitions: 3 },
      { name: 'counts', partitions: 2 },
    ])
    await produce(
      broker,
      'words',
      [
        { key: 'a', value: 'to be or not to be' },
        { key: 'b', value: 'to do' },
      ],
      3,
    )
    const { worker } = await start({ topology: wordCount() })
    expect(worker.status().state).toBe('running')
    await eventually(async () => {
      const found = (await readAll(broker, 'counts')).map(({ key, value }) => [key, value])
      expect(Object.fromEntries(found)).toEqual({ to: '3', be: '2', or: '1', not: '1', do: '1' })
    })
  })

  it('is told the results of each record in order, under the key of the record', async () => {
    await start()
    for (let round = 1; round <= 3; round++) await produceRound(broker, keys)
    await eventually(async () => {
      expect(await readTotals(broker)).toEqual(exactly(3, keys))
    })
    const ofKey = (await readAll(broker, 'totals')).filter(({ key }) => key === 'a')
    expect(ofKey.map(({ value }) => value)).toEqual(['1', '2', '3'])
  })

  it('goes on where it stopped, with the state that it had', async () => {
    const { worker } = await start()
    await produceRound(broker, keys)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(1, keys)))
    await worker.close()
    expect(worker.status().state).toBe('closed')
    await expect(worker.closed).resolves.toBeUndefined()
    await produceRound(broker, keys)
    await start()
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(2, keys)))
  })

  it('commits what it has processed when it is closed', async () => {
    const { worker } = await start({ config: { commitIntervalMs: 60_000 } })
    await produceRound(broker, keys)
    await eventually(() => {
      const views = worker.status().tasks
      expect(views.reduce((sum, task) => sum + (task.partitions[0]?.endOffset ?? 0), 0)).toBe(8)
    })
    await worker.close()
    expect(await readTotals(broker)).toEqual(exactly(1, keys))
    const places = [0, 1, 2, 3].map((partition) => ({ topic: 'events', partition }))
    const committed = await broker.open().committedOffsets('app', places)
    expect(committed.map(({ offset }) => offset)).toEqual([2, 2, 2, 2])
  })

  it('shares its tasks with a second worker while records flow, and takes them back', async () => {
    const { worker: first } = await start()
    let rounds = 0
    const flow = async (): Promise<void> => {
      await produceRound(broker, keys)
      rounds++
    }
    await flow()
    const joining = start()
    for (let round = 0; round < 10; round++) await flow()
    const { worker: second } = await joining
    await flow()
    await eventually(() => {
      expect(first.status().tasks.map((task) => task.state)).toEqual(['running', 'running'])
      expect(second.status().tasks.map((task) => task.state)).toEqual(['running', 'running'])
    })
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(rounds, keys)))
    const leaving = second.close()
    for (let round = 0; round < 10; round++) await flow()
    await leaving
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(rounds, keys)))
    expect(first.status().tasks).toHaveLength(4)
    expect(first.status().state).toBe('running')
  })

  it('keeps the state of tasks open that stay with it in a rebalance', async () => {
    const { worker: first } = await start()
    await produceRound(broker, keys)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(1, keys)))
    await start()
    await eventually(() => expect(first.status().tasks).toHaveLength(2))
    expect(first.status().tasks.map((task) => task.restored)).toEqual([0, 0])
  })

  it('takes over from one that crashed, with its state restored', async () => {
    const { client, worker: first } = await start({ clientId: 'first' })
    await produceRound(broker, keys)
    await eventually(() => {
      const views = first.storeViews('counts')
      expect(views.map((view) => view.asOfMs)).toEqual([4, 5, 6, 7])
    })
    expect(await readTotals(broker)).toEqual(exactly(1, keys))
    client.crash()
    await produceRound(broker, keys)
    const { worker: second } = await start({ clientId: 'second' })
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(2, keys)))
    const restored = second.status().tasks.map((task) => task.restored)
    expect(restored.reduce((sum, each) => sum + each, 0)).toBe(keys.length)
  })

  it('reads its stores as of the last commit', async () => {
    const { worker } = await start()
    await produceRound(broker, keys)
    await eventually(() => {
      const views = worker.storeViews('counts')
      expect(views.map((view) => view.partition)).toEqual([0, 1, 2, 3])
      expect(views.map((view) => view.lagRecords)).toEqual([0, 0, 0, 0])
      expect(views.map((view) => view.asOfMs)).toEqual([4, 5, 6, 7])
    })
    expect(worker.storeViews('no-such-store')).toEqual([])
  })
})

describe('closing a worker', () => {
  let gate: Gate
  let broker: EmbeddedBroker

  beforeEach(async () => {
    gate = new Gate()
    broker = new EmbeddedBroker({ onRequest: gate.onRequest })
    await createCountingTopics(broker)
    await broker.open().createTopics([
      { name: 'in', partitions: 1 },
      { name: 'out', partitions: 1 },
    ])
  })

  afterEach(async () => {
    gate.release()
    await broker.close()
  })

  it('finishes the record in hand, and leaves the others to the next', async () => {
    const begun: (string | null)[] = []
    let finish = (): void => {}
    const topology = oneStep(['in'], async (record, context) => {
      begun.push(record.value)
      if (record.value === '0') await new Promise<void>((resolve) => (finish = resolve))
      await context.forward(record)
    })
    const { worker } = await startWorker({ topology, broker })
    await produce(
      broker,
      'in',
      ['0', '1', '2'].map((value) => ({ key: 'k', value })),
    )
    await eventually(() => expect(begun).toEqual(['0']))
    const closing = worker.close()
    finish()
    await closing
    const done = (await readAll(broker, 'out')).map(({ value }) => value)
    expect(done).toEqual(begun)
    expect(await broker.open().committedOffsets('app', [{ topic: 'in', partition: 0 }])).toEqual([
      expect.objectContaining({ offset: done.length }),
    ])
  })

  it('gives up after its time, and what was not committed is done by the next', async () => {
    const { worker } = await startWorker({ topology: counting(), broker })
    gate.hold('worker', 'endTxn')
    await produceRound(broker, keys)
    await eventually(() => expect(gate.count('worker', 'endTxn')).toBe(1))
    await worker.close({ timeoutMs: 20 })
    expect(worker.status().state).toBe('closed')
    expect(await readTotals(broker)).toEqual(exactly(0, []))
    const next = await startWorker({ topology: counting(), broker, clientId: 'next' })
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(1, keys)))
    await next.worker.close()
  })
})

describe('the life of a worker', () => {
  let broker: EmbeddedBroker

  beforeEach(async () => {
    broker = new EmbeddedBroker()
    await createCountingTopics(broker)
  })

  afterEach(() => broker.close())

  it('is told to listeners, from its start to its end', async () => {
    const { worker } = createWorker({ topology: counting(), broker })
    const states: string[] = [worker.status().state]
    worker.onStateChange((state) => states.push(state))
    let ended = false
    const closed = worker.closed.then(() => (ended = true))
    await worker.start()
    expect(ended).toBe(false)
    await Promise.all([worker.close(), worker.close()])
    await closed
    expect(states).toEqual(['created', 'starting', 'running', 'pending-shutdown', 'closed'])
  })

  it('ends where it was closed before it started', async () => {
    const { worker } = createWorker({ topology: counting(), broker })
    await worker.close()
    await expect(worker.closed).resolves.toBeUndefined()
    await expect(worker.start()).rejects.toThrow(LifecycleError)
  })

  it('starts once', async () => {
    const { worker } = await startWorker({ topology: counting(), broker })
    await expect(worker.start()).rejects.toThrow('running and cannot be started again')
    await worker.close()
  })

  it('does not begin when the signal was aborted already', async () => {
    const { worker } = createWorker({ topology: counting(), broker })
    const reason = new Error('not now')
    await expect(worker.start({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(worker.status().state).toBe('created')
  })
})
