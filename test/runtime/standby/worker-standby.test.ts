import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StreamsBuilder, topic, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import { rocksDbState } from 'millrace/state/rocksdb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EmbeddedBroker } from '../../../src/broker/embedded/index.ts'
import type { Broker, Fetcher, FetcherOptions } from '../../../src/broker/port.ts'
import { PrometheusMetrics } from '../../../src/metrics/prometheus.ts'
import { silentLogger, type Logger } from '../../../src/core/logger.ts'
import type { WorkerConfig } from '../../../src/runtime/worker-config.ts'
import { memoryState } from '../../../src/state/index.ts'
import type { KeyValueStore } from '../../../src/state/store.ts'
import type { StateProvider } from '../../../src/state/task-state.ts'
import { produceRound, readTotals } from '../counting.ts'
import type { Gate } from '../gate.ts'
import { overlay } from '../overlay.ts'
import { keys, WorkerBed } from '../worker-bed.ts'
import {
  eventually,
  produce,
  readAll,
  type StartOptions,
  type TestWorker,
} from '../worker-harness.ts'

const withStandby: Partial<WorkerConfig> = { numStandbyReplicas: 1 }

let bed: WorkerBed
let gate: Gate
let broker: EmbeddedBroker
let states: StateProvider[]
let folder: string

beforeEach(async () => {
  bed = await WorkerBed.counting()
  ;({ gate, broker } = bed)
  states = []
  folder = await mkdtemp(join(tmpdir(), 'millrace-standby-'))
})

afterEach(async () => {
  await bed.close()
  for (const state of states) await state.close()
  await rm(folder, { recursive: true, force: true })
})

const create = (options: Partial<StartOptions> = {}): TestWorker => bed.create(options)

const start = (options: Partial<StartOptions> = {}): Promise<TestWorker> => bed.start(options)

const counted = (rounds: number): Promise<void> => bed.counted(rounds)

const activeAt = ({ worker }: TestWorker): number => worker.status().tasks.length

const standbysAt = ({ worker }: TestWorker): number => worker.status().standbys.length

/** Resolves when all standbys of a worker have what there is in their changelogs. */
const caughtUp = async (worker: TestWorker, standbys: number): Promise<void> => {
  const ends = ['0', '1', '2', '3'].map(
    (partition) => broker.partition('app-counts-changelog', Number(partition)).highWatermark,
  )
  await eventually(() => {
    const { standbys: found } = worker.worker.status()
    expect(found).toHaveLength(standbys)
    for (const { taskId, stores } of found) {
      expect(stores).toHaveLength(1)
      expect(stores[0]).toMatchObject({ storeName: 'counts', lagRecords: 0 })
      expect(stores[0]!.offset).toBeGreaterThanOrEqual(ends[taskId.partition]!)
    }
  })
}

const restoredByActive = ({ worker }: TestWorker): number =>
  worker.status().tasks.reduce((sum, task) => sum + task.restored, 0)

const restoredByStandbys = ({ worker }: TestWorker): number =>
  worker.status().standbys.reduce((sum, task) => sum + task.restored, 0)

/** Keeps what a standby has fetched first until it is let go. */
class Hand {
  readonly isFull: Promise<void>
  #fill!: () => void
  #open!: () => void
  readonly #isOpen: Promise<void>

  constructor() {
    this.isFull = new Promise((resolve) => (this.#fill = resolve))
    this.#isOpen = new Promise((resolve) => (this.#open = resolve))
  }

  letGo(): void {
    this.#open()
  }

  hold(client: Broker, options: FetcherOptions): Fetcher {
    const fetcher = client.openFetcher(options)
    // Standbys alone are fetched in small chunks.
    if (options.maxPartitionBytes === undefined) return fetcher
    return overlay(fetcher, {
      poll: async (wait) => {
        const fetched = await fetcher.poll(wait)
        if (fetched.length === 0) return fetched
        this.#fill()
        await this.#isOpen
        return fetched
      },
    })
  }
}

const kill = async ({ worker, client }: TestWorker): Promise<void> => {
  client.crash()
  await worker.close({ timeoutMs: 0 })
}

const stateOf = (kind: string, name: string): StateProvider => {
  const state = kind === 'memory' ? memoryState() : rocksDbState({ folder: join(folder, name) })
  states.push(state)
  return state
}

describe.each(['memory', 'rocksdb'])('a standby, %s', (kind) => {
  it('takes over from a worker that was killed, having all of its state already', async () => {
    const first = await start({ config: withStandby, state: stateOf(kind, 'first') })
    await produceRound(broker, keys)
    await counted(1)
    const second = await start({
      config: withStandby,
      state: stateOf(kind, 'second'),
      clientId: 'second',
    })
    await eventually(() => expect([activeAt(first), activeAt(second)]).toEqual([2, 2]))
    await produceRound(broker, keys)
    await counted(2)
    await caughtUp(first, 2)
    await caughtUp(second, 2)
    const before = restoredByActive(second)
    await kill(first)
    await eventually(() => expect(activeAt(second)).toBe(4))
    await produceRound(broker, keys)
    await counted(3)
    expect(restoredByActive(second)).toBe(before)
    expect(standbysAt(second)).toBe(0)
  })

  it('restores the tail alone that it lacked when the worker was killed', async () => {
    const first = await start({ config: withStandby, state: stateOf(kind, 'first') })
    await produceRound(broker, keys)
    await counted(1)
    const second = await start({
      config: withStandby,
      state: stateOf(kind, 'second'),
      clientId: 'second',
    })
    await eventually(() => expect([activeAt(first), activeAt(second)]).toEqual([2, 2]))
    await caughtUp(second, 2)
    const before = restoredByActive(second)
    // From here the second worker reads nothing: its standbys fall behind by what the first one does.
    const lacking = second.worker
      .status()
      .standbys.map(({ taskId }) => taskId.partition)
      .flatMap((partition) => keys.filter((_, i) => i % 4 === partition))
    gate.hold('second', 'fetch')
    await produceRound(broker, lacking.length === 4 ? keys : [])
    await eventually(async () => {
      const { totals } = await readTotals(broker)
      for (const key of lacking) expect(totals[key]).toBe(2)
    })
    await kill(first)
    gate.release()
    await counted(2)
    await eventually(() => expect(activeAt(second)).toBe(4))
    expect(restoredByActive(second) - before).toBeLessThanOrEqual(lacking.length)
  })

  it('is where it was after a clean restart, and reads no more than was written since', async () => {
    const config = withStandby
    const first = await start({ config, state: stateOf('rocksdb', 'first') })
    const state = stateOf('rocksdb', 'second')
    const second = await start({ config, state, clientId: 'second' })
    for (let round = 1; round <= 3; round++) {
      await produceRound(broker, keys)
      await counted(round)
    }
    await eventually(() => expect([standbysAt(first), standbysAt(second)]).toEqual([2, 2]))
    await caughtUp(second, 2)
    await second.worker.close()
    await produceRound(broker, keys)
    await counted(4)
    const again = await start({ config, state, clientId: 'again' })
    await eventually(() => expect(activeAt(again) + activeAt(first)).toBe(4))
    await caughtUp(again, standbysAt(again))
    expect(restoredByActive(again) + restoredByStandbys(again)).toBeLessThanOrEqual(keys.length)
    await produceRound(broker, keys)
    await counted(5)
  })
})

describe('a standby', () => {
  it('never has what a transaction wrote that was aborted', async () => {
    const first = await start({ config: withStandby })
    await produceRound(broker, keys)
    await counted(1)
    const second = await start({ config: withStandby, clientId: 'second' })
    await eventually(() => expect([standbysAt(first), standbysAt(second)]).toEqual([2, 2]))
    await caughtUp(second, 2)
    const before = restoredByStandbys(second)
    const producer = await broker.open().openProducer({ transactionalId: 'former-owner' })
    producer.beginTransaction()
    for (let partition = 0; partition < 4; partition++) {
      const value = Buffer.alloc(16)
      producer.send('app-counts-changelog', partition, 1, Buffer.from('zombie'), value, [])
    }
    await producer.flush()
    await producer.abortTransaction()
    await caughtUp(second, 2)
    expect(restoredByStandbys(second)).toBe(before)
    await kill(first)
    await produceRound(broker, keys)
    await counted(2)
    for (const view of second.worker.storeViews('counts')) {
      expect(await (view.store as KeyValueStore<string, unknown>).get('zombie')).toBeUndefined()
    }
  })

  it('begins anew where its changelog was cut off behind it, with a warning', async () => {
    const warnings: string[] = []
    const logger: Logger = { ...silentLogger, warn: (message) => warnings.push(message) }
    const first = await start({ config: withStandby })
    await produceRound(broker, keys)
    await counted(1)
    const second = await start({ config: withStandby, clientId: 'second', logger })
    await eventually(() => expect([standbysAt(first), standbysAt(second)]).toEqual([2, 2]))
    await caughtUp(second, 2)
    gate.hold('second', 'fetch')
    const client = broker.open()
    await eventually(async () => {
      // The first may be taken by a fetch that was under way.
      await produceRound(broker, keys)
      for (const { stores } of second.worker.status().standbys) {
        const { topic, partition, offset } = stores[0]!
        expect(broker.partition(topic, partition).highWatermark).toBeGreaterThan(offset + 1)
      }
    })
    await client.deleteRecords(
      second.worker.status().standbys.map(({ stores }) => {
        const { topic, partition } = stores[0]!
        return { topic, partition, offset: broker.partition(topic, partition).highWatermark }
      }),
    )
    gate.release()
    await caughtUp(second, 2)
    expect(warnings).toContain('The changelog no longer has where the store is; restoring anew')
  })

  it('says in metrics how many records it lacks, and is gone from them with the worker', async () => {
    const metrics = new PrometheusMetrics({ processMetrics: false })
    const first = await start({ config: withStandby })
    const second = await start({ config: withStandby, clientId: 'second', metrics })
    await eventually(() => expect([standbysAt(first), standbysAt(second)]).toEqual([2, 2]))
    await produceRound(broker, keys)
    await counted(1)
    await caughtUp(second, 2)
    const { partition } = second.worker.status().standbys[0]!.taskId
    const lag = `millrace_standby_lag_records{task="0_${partition}",subtopology="0",store="counts"}`
    await eventually(async () => {
      const exposed = await metrics.expose()
      expect(exposed).toContain(`${lag} 0`)
      expect(exposed).toContain('millrace_worker_standby_tasks 2')
    })
    await second.worker.close()
    expect(await metrics.expose()).not.toContain('millrace_standby_lag_records{')
  })
})
describe('a standby of a table that its source topic restores', () => {
  const rows = topic('rows', { key: string(), value: string() })

  const reading = (): Topology => {
    const builder = new StreamsBuilder()
    builder
      .table(rows, { store: 'rows' })
      .toStream()
      .to(topic('totals', { key: string(), value: string() }))
    return builder.build({ optimize: ['reuse.ktable.source.topics'] })
  }

  /** Goes no further than what was processed: the rest is for the task to process. */
  it('goes as far as the group has processed the topic, and takes over from there', async () => {
    const topology = reading()
    await broker.open().createTopics([{ name: 'rows', partitions: 2 }])
    const write = (value: string): Promise<void> =>
      produce(broker, 'rows', [
        { key: 'a', value, partition: 0 },
        { key: 'b', value, partition: 1 },
      ])
    const written = async (value: string): Promise<void> => {
      await eventually(async () => {
        const found = (await readAll(broker, 'totals')).filter((each) => each.value === value)
        expect(found).toHaveLength(2)
      })
    }
    const config = withStandby
    const first = await start({ topology, config })
    await write('1')
    await written('1')
    const second = await start({ topology, config, clientId: 'second' })
    await eventually(() => expect([standbysAt(first), standbysAt(second)]).toEqual([1, 1]))
    gate.hold('worker', 'fetch')
    await write('2')
    await write('3')
    await eventually(() => {
      const { taskId, stores } = second.worker.status().standbys[0]!
      expect(stores[0]!.offset).toBe(stores[0]!.endOffset)
      expect(stores[0]!.offset).toBeLessThan(
        broker.partition('rows', taskId.partition).highWatermark,
      )
    })
    await kill(first)
    gate.release()
    await written('3')
    await eventually(() => expect(activeAt(second)).toBe(2))
    for (const { store } of second.worker.storeViews('rows')) {
      const table = store as KeyValueStore<string, string>
      expect([await table.get('a'), await table.get('b')]).toContain('3')
    }
  })

  /** They were passed over where they were fetched before they were processed, and applied when they were. */
  it('lacks none of the records that were processed while it had them in hand', async () => {
    const topology = reading()
    await broker.open().createTopics([{ name: 'rows', partitions: 2 }])
    const keysRead = ['1', '2', '3', '4']
    const write = (key: string): Promise<void> =>
      produce(
        broker,
        'rows',
        [0, 1].map((partition) => ({ key, value: key, partition })),
      )
    const processed = (rounds: number): Promise<void> =>
      eventually(async () => expect(await readAll(broker, 'totals')).toHaveLength(2 * rounds))
    const first = await start({ topology, config: withStandby })
    await write('1')
    await processed(1)
    gate.hold('worker', 'fetch')
    await write('2')
    await write('3')
    const hand = new Hand()
    const second = await start({
      topology,
      config: withStandby,
      clientId: 'second',
      wrap: (client) => overlay(client, { openFetcher: (options) => hand.hold(client, options) }),
    })
    // The standby has all three, of which one is processed.
    await hand.isFull
    gate.release()
    await processed(3)
    // By the time that it applies them it is about to ask again how much is processed.
    await sleep(1_000)
    hand.letGo()
    await write('4')
    await processed(4)
    await eventually(() => {
      expect(second.worker.status().standbys[0]!.stores[0]).toMatchObject({ offset: 4 })
    })
    await kill(first)
    await eventually(() => {
      const states = second.worker.status().tasks.map(({ state }) => state)
      expect(states).toEqual(['running', 'running'])
    })
    for (const { store } of second.worker.storeViews('rows')) {
      const table = store as KeyValueStore<string, string>
      const values = await Promise.all(keysRead.map((key) => table.get(key)))
      expect(values).toEqual(keysRead)
    }
  })
})

describe('a task that is to move', () => {
  const config: Partial<WorkerConfig> = {
    numStandbyReplicas: 0,
    acceptableRecoveryLag: 0,
    probingRebalanceIntervalMs: 100,
  }

  it('runs where it runs until its new worker has its state, and moves then', async () => {
    const first = await start({ config })
    await produceRound(broker, keys)
    await counted(1)
    const second = create({ config: { ...config, maxWarmupReplicas: 2 }, clientId: 'second' })
    gate.hold('second', 'fetch')
    await second.worker.start()
    await eventually(() => expect(standbysAt(second)).toBe(2))
    // It has none of the state yet: the first worker goes on with all four, through probing rebalances too.
    await produceRound(broker, keys)
    await counted(2)
    expect(activeAt(first)).toBe(4)
    gate.release()
    await eventually(() => {
      expect([activeAt(first), activeAt(second)]).toEqual([2, 2])
      expect([standbysAt(first), standbysAt(second)]).toEqual([0, 0])
    })
    await produceRound(broker, keys)
    await counted(3)
    expect(restoredByActive(second)).toBe(0)
  })

  it.each(['memory', 'rocksdb'])(
    'goes on as a standby where it ran, with its state, %s',
    async (kind) => {
      const both = { ...config, ...withStandby }
      const first = await start({ config: both, state: stateOf(kind, 'first') })
      for (let round = 1; round <= 2; round++) {
        await produceRound(broker, keys)
        await counted(round)
      }
      const second = await start({
        config: both,
        state: stateOf(kind, 'second'),
        clientId: 'second',
      })
      await eventually(() => {
        expect([activeAt(first), activeAt(second)]).toEqual([2, 2])
        expect([standbysAt(first), standbysAt(second)]).toEqual([2, 2])
      })
      await produceRound(broker, keys)
      await counted(3)
      await caughtUp(first, 2)
      // The two that it let go are read on from where it had them.
      expect(restoredByStandbys(first)).toBe(keys.length / 2)
      await kill(second)
      await produceRound(broker, keys)
      await counted(4)
    },
  )
})
