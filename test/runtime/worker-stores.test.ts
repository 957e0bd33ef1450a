import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { StreamsBuilder } from '../../src/index.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { string } from '../../src/serdes/index.ts'
import { keyValueStore, sessionStore, versionedStore, windowStore } from '../../src/state/index.ts'
import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
  StoreIterator,
} from '../../src/state/index.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { textTopic } from './text-topologies.ts'
import { createWorker, eventually, readAll } from './worker-harness.ts'

const text = { key: string(), value: string() }
const recent = keyValueStore({ name: 'recent', ...text, ttlMs: 100, headers: true })
const stays = sessionStore({ name: 'stays', ...text, retentionMs: 10_000 })
const prices = versionedStore({ name: 'prices', ...text, historyRetentionMs: 10_000 })
const pairs = windowStore({ name: 'pairs', ...text, windowSizeMs: 10, retainDuplicates: true })

function writing(): Topology {
  const builder = new StreamsBuilder()
  builder.stream(textTopic('in')).process(
    () => ({
      async process({ key, value, timestampMs }, context) {
        context.store(recent).put(key, value)
        context.store(stays).put(key, timestampMs, timestampMs + 5, value)
        context.store(pairs).put(key, value, 0)
        await context.store(prices).put(key, value)
      },
    }),
    { stores: [recent, stays, prices, pairs] },
  )
  return builder.build()
}

async function listed<T>(iterator: StoreIterator<T>): Promise<T[]> {
  const entries: T[] = []
  for await (const entry of iterator) entries.push(entry)
  return entries
}

/** Everything that queries see. */
async function contents(worker: Worker): Promise<unknown> {
  const store = (name: string): unknown => worker.storeViews(name)[0]!.store
  return {
    recent: await listed((store('recent') as ReadOnlyKeyValueStore<string, string>).range()),
    stays: await listed((store('stays') as ReadOnlySessionStore<string, string>).all()),
    prices: await listed((store('prices') as ReadOnlyVersionedStore<string, string>).versions('a')),
    pairs: await listed((store('pairs') as ReadOnlyWindowStore<string, string>).all()),
  }
}

describe.each(['exactly_once', 'at_least_once'] as const)(
  'the stores of a worker, %s',
  (processingGuarantee) => {
    let broker: EmbeddedBroker
    let workers: Worker[]

    beforeEach(async () => {
      broker = new EmbeddedBroker()
      workers = []
      await broker.open().createTopics([{ name: 'in', partitions: 1 }])
    })

    afterEach(async () => {
      for (const worker of workers) await worker.close({ timeoutMs: 1_000 })
      await broker.close()
    })

    const start = async (): Promise<Worker> => {
      const config = { processingGuarantee, commitIntervalMs: 5 }
      const { worker } = createWorker({ topology: writing(), broker, config })
      workers.push(worker)
      await worker.start()
      return worker
    }

    it('are on another worker as they were, and what has expired is gone from the changelog', async () => {
      const headers = [{ key: 'trace', value: Buffer.from([1, 2]) }]
      const client = broker.open()
      const producer = await client.openProducer({})
      const send = (key: string, value: string, timestampMs: number): void => {
        producer.send('in', 0, timestampMs, Buffer.from(key), Buffer.from(value), headers)
      }
      send('a', '1', 1_000)
      send('a', '3', 1_040)
      send('b', '4', 1_060)
      send('a', '2', 1_020)
      // Stream time reaches the end of what `a` holds since its last write, and not that of `b`.
      send('c', '5', 1_120)
      await producer.close()
      await client.close()
      const first = await start()
      await eventually(async () => {
        const changelog = await readAll(broker, 'app-recent-changelog')
        expect(changelog.filter(({ key, value }) => key === 'a' && value === null)).toHaveLength(1)
      })
      const before = await contents(first)
      expect(before).toEqual({
        recent: [
          { key: 'b', value: '4', timestampMs: 1_060, headers },
          { key: 'c', value: '5', timestampMs: 1_120, headers },
        ],
        stays: [
          { key: 'a', startMs: 1_000, endMs: 1_005, value: '1' },
          { key: 'a', startMs: 1_020, endMs: 1_025, value: '2' },
          { key: 'a', startMs: 1_040, endMs: 1_045, value: '3' },
          { key: 'b', startMs: 1_060, endMs: 1_065, value: '4' },
          { key: 'c', startMs: 1_120, endMs: 1_125, value: '5' },
        ],
        prices: [
          { value: '1', timestampMs: 1_000, validToMs: 1_020 },
          { value: '2', timestampMs: 1_020, validToMs: 1_040 },
          { value: '3', timestampMs: 1_040 },
        ],
        pairs: [
          { key: 'a', windowStartMs: 0, value: '1', timestampMs: 1_000 },
          { key: 'a', windowStartMs: 0, value: '3', timestampMs: 1_040 },
          { key: 'a', windowStartMs: 0, value: '2', timestampMs: 1_020 },
          { key: 'b', windowStartMs: 0, value: '4', timestampMs: 1_060 },
          { key: 'c', windowStartMs: 0, value: '5', timestampMs: 1_120 },
        ],
      })
      await first.close()
      const second = await start()
      expect(second.status().tasks[0]!.restored).toBeGreaterThan(0)
      expect(await contents(second)).toEqual(before)
    })
  },
)
