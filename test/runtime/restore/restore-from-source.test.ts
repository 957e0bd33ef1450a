import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StreamsBuilder, topic, type OptimizationName, type Topology } from 'millrace'
import { string, type Serde } from 'millrace/serdes'
import { rocksDbState } from 'millrace/state/rocksdb'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../../src/broker/embedded/index.ts'
import type { Logger } from '../../../src/core/logger.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import type { KeyValueStore } from '../../../src/state/store.ts'
import {
  createWorker,
  eventually,
  produce,
  readAll,
  type StartOptions,
  type TestWorker,
  type TextRecord,
} from '../worker-harness.ts'

/** Keys that other producers write in other letters; values of an owner and the time that counts. */
const lowered: Serde<string> = {
  name: 'lowered',
  serialize: (text) => Buffer.from(text.toLowerCase()),
  deserialize(bytes) {
    const text = bytes.toString()
    if (text === 'BROKEN') throw new Error('it says BROKEN')
    return text.toLowerCase()
  },
}
const rows = topic('rows', { key: lowered, value: lowered })
const owners = topic('owners', { key: string(), value: string() })

/** How many rows each owner has: wrong as soon as a row's old value is not the one that was counted. */
function owning(optimize: readonly OptimizationName[] = ['reuse.ktable.source.topics']): Topology {
  const builder = new StreamsBuilder()
  builder
    .table(rows, {
      store: 'rows',
      timestampExtractor: ({ value, timestampMs }) =>
        value === null ? timestampMs : Number(value.split(' ')[1] ?? timestampMs),
    })
    .groupBy((value) => ({ key: value.split(' ')[0]!, value }), {
      key: string(),
      value: string(),
      name: 'by-owner',
    })
    .count({ store: 'owned' })
    .toStream()
    .mapValues((count) => String(count))
    .to(owners)
  return builder.build({ optimize })
}

let broker: EmbeddedBroker
let workers: TestWorker[]
let folder: string

beforeEach(async () => {
  broker = new EmbeddedBroker()
  workers = []
  folder = await mkdtemp(join(tmpdir(), 'millrace-source-'))
  const client = broker.open()
  await client.createTopics([
    { name: 'rows', partitions: 2 },
    { name: 'owners', partitions: 1 },
  ])
  await client.close()
})

afterEach(async () => {
  for (const { worker } of workers) await worker.close()
  await broker.close()
  await rm(folder, { recursive: true, force: true })
})

async function start(options: Partial<StartOptions> = {}): Promise<TestWorker> {
  const created = createWorker({ topology: owning(), broker, ...options })
  workers.push(created)
  await created.worker.start()
  return created
}

async function held({ worker }: TestWorker): Promise<unknown[]> {
  const entries: unknown[] = []
  for (const { store, partition } of worker.storeViews('rows')) {
    for await (const entry of (store as KeyValueStore<string, string>).range()) {
      entries.push({ partition, ...entry })
    }
  }
  return entries
}

async function totals(): Promise<globalThis.Record<string, string | null>> {
  return Object.fromEntries((await readAll(broker, 'owners')).map(({ key, value }) => [key, value]))
}

const restoredBy = ({ worker }: TestWorker): number =>
  worker.status().tasks.reduce((sum, task) => sum + task.restored, 0)

const inRows = (records: readonly TextRecord[]): Promise<void> => produce(broker, 'rows', records)

const first: readonly TextRecord[] = [
  { key: 'EU-1', value: 'Ann 70', timestampMs: 1000 },
  { key: 'eu-1', value: 'bob 50', timestampMs: 1001 },
  { key: 'us-1', value: 'BOB 60', timestampMs: 1002, partition: 1 },
  { key: 'BROKEN', value: 'ann 61', timestampMs: 1003 },
  { key: null, value: 'ann 62', timestampMs: 1004 },
  { key: 'eu-2', value: 'ann -5', timestampMs: 1005 },
  { key: 'eu-3', value: 'ann', timestampMs: 1006 },
  { key: 'eu-4', value: 'ann 80', timestampMs: 1007 },
  { key: 'EU-4', value: null, timestampMs: 1008 },
]

const heldAfterFirst = [
  { partition: 0, key: 'eu-1', value: 'bob 50', timestampMs: 50 },
  { partition: 0, key: 'eu-3', value: 'ann', timestampMs: 1006 },
  { partition: 1, key: 'us-1', value: 'bob 60', timestampMs: 60 },
]

it('a table without changelog is after a crash what it was: read anew, not copied byte for byte', async () => {
  await inRows(first)
  const before = await start()
  await eventually(async () => expect(await totals()).toEqual({ ann: '1', bob: '2' }))
  await eventually(async () => expect(await held(before)).toEqual(heldAfterFirst))
  before.client.crash()
  await before.worker.close({ timeoutMs: 0 })
  const warnings: unknown[] = []
  const logger: Logger = {
    ...silentLogger,
    warn: (message, facts) => warnings.push([message, facts]),
  }
  const after = await start({ clientId: 'second', logger })
  expect(await held(after)).toEqual(heldAfterFirst)
  expect(warnings).toContainEqual([
    'Left out a record of a source topic that cannot be restored',
    expect.objectContaining({ topic: 'rows', partition: 0, offset: 2 }),
  ])
  const client = broker.open()
  const internal = await client.describeTopics(['app-rows-changelog', 'app-owned-changelog'])
  expect([...internal.keys()]).toEqual(['app-owned-changelog'])
  await client.close()
  // The update of eu-1 takes the row from bob, whom it was counted for before the crash.
  await inRows([{ key: 'EU-1', value: 'cy 90', timestampMs: 1009 }])
  await eventually(async () => expect(await totals()).toEqual({ ann: '1', bob: '1', cy: '1' }))
})

it('a table is restored to the committed offset and no further, so that no update meets itself', async () => {
  await inRows(first)
  const before = await start()
  await eventually(async () => expect(await totals()).toEqual({ ann: '1', bob: '2' }))
  await before.worker.close()
  // Were these restored, each would be taken out of the count of its own owner when it is processed.
  await inRows([
    { key: 'eu-1', value: 'cy 91', timestampMs: 1010 },
    { key: 'us-1', value: 'cy 92', timestampMs: 1011, partition: 1 },
  ])
  await start({ clientId: 'second' })
  await eventually(async () => {
    expect(await totals()).toEqual({ ann: '1', bob: '0', cy: '2' })
  })
})

it('a compacted source topic restores the same rows', async () => {
  await inRows(first.filter(({ key }) => key !== null))
  await inRows([{ key: 'eu-3', value: 'bob 99', timestampMs: 1012 }])
  const before = await start()
  await eventually(async () => expect(await totals()).toEqual({ ann: '0', bob: '3' }))
  const rowsBefore = await held(before)
  await before.worker.close()
  broker.compact('rows')
  const after = await start({ clientId: 'second' })
  expect(await held(after)).toEqual(rowsBefore)
  expect(restoredBy(after)).toBeLessThan(first.length)
})

it('state on disk is restored from where its last commit was in the source topic', async () => {
  const state = rocksDbState({ folder })
  await inRows(first)
  const before = await start({ state })
  await eventually(async () => expect(await totals()).toEqual({ ann: '1', bob: '2' }))
  await before.worker.close()
  const again = await start({ state, clientId: 'again' })
  expect(restoredBy(again)).toBe(0)
  await again.worker.close()
  const elsewhere = await start({ clientId: 'elsewhere' })
  await inRows([{ key: 'eu-1', value: 'cy 91', timestampMs: 1010 }])
  await eventually(async () => expect(await totals()).toEqual({ ann: '1', bob: '1', cy: '1' }))
  await elsewhere.worker.close()
  const back = await start({ state, clientId: 'back' })
  // The row, and what the two counts of it left in the changelog of the counts.
  expect(restoredBy(back)).toBe(1 + 2)
  expect(await held(back)).toContainEqual(expect.objectContaining({ key: 'eu-1', value: 'cy 91' }))
  await back.worker.close()
  await state.close()
})

it('an offset in a changelog is not taken for one in the source topic when the changelog is dropped', async () => {
  const state = rocksDbState({ folder })
  await inRows(first)
  const before = await start({ state, topology: owning([]) })
  await eventually(async () => expect(await totals()).toEqual({ ann: '1', bob: '2' }))
  await before.worker.close()
  const without = await start({ state, clientId: 'second' })
  expect(await held(without)).toEqual(heldAfterFirst)
  expect(restoredBy(without)).toBeGreaterThan(0)
  await without.worker.close()
  await state.close()
})

it('a table of which nothing is committed begins empty and is filled by processing', async () => {
  await inRows(first)
  const fresh = await start()
  expect(restoredBy(fresh)).toBe(0)
  await eventually(async () => expect(await totals()).toEqual({ ann: '1', bob: '2' }))
})
