import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { partitionForKey } from '../../src/core/murmur2.ts'
import { HttpServer } from '../../src/query/http-server.ts'
import { KeyValueView } from '../../src/query/key-value-view.ts'
import type { QueryHost } from '../../src/query/query-host.ts'
import { queryableStores } from '../../src/query/queryable-stores.ts'
import { SessionView } from '../../src/query/session-view.ts'
import { ViewCatalogue } from '../../src/query/view-catalogue.ts'
import { VersionedView } from '../../src/query/versioned-view.ts'
import { viewOf } from '../../src/query/view-of.ts'
import { WindowView } from '../../src/query/window-view.ts'
import type { StoreView, WorkerStatus } from '../../src/runtime/worker-status.ts'
import { json, long, string } from '../../src/serdes/index.ts'
import {
  keyValueStore,
  memoryState,
  sessionStore,
  versionedStore,
  windowStore,
} from '../../src/state/index.ts'
import type { SessionStore } from '../../src/state/session-store-types.ts'
import type { KeyValueStore, WindowStore } from '../../src/state/store.ts'
import type { VersionedStore } from '../../src/state/versioned-store-types.ts'
import type { TaskState } from '../../src/state/task-state.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { TopologyPlan } from '../../src/topology/topology-plan.ts'
import type { StoreSpec } from '../../src/state/store-spec.ts'

const partitions = 3
const here = [0, 1]
const totals = keyValueStore({ name: 'totals', key: string(), value: long() })
const visits = windowStore({
  name: 'visits',
  key: string(),
  value: json<{ hits: number }>(),
  windowSizeMs: 1_000,
  retentionMs: 100_000,
})
const sittings = sessionStore({
  name: 'sittings',
  key: string(),
  value: long(),
  retentionMs: 100_000,
})
const stays = sessionStore({ name: 'stays', key: string(), value: json<number>(), retentionMs: 99 })
const prices = versionedStore({
  name: 'prices',
  key: string(),
  value: json<number>(),
  historyRetentionMs: 100_000,
})
const specs = [totals, visits, sittings, stays, prices] as unknown as StoreSpec[]
const plan = {
  subTopologies: [{ id: 0, nodes: [], stores: specs }],
  globalStores: [],
  internalTopics: new Map(),
} as unknown as TopologyPlan

const keyOn = (partition: number, nth = 0): string => {
  const keys = Array.from({ length: 200 }, (_, i) => `key-${i}`)
  return keys.filter((key) => partitionForKey(Buffer.from(key), partitions) === partition)[nth]!
}

describe('views', () => {
  let states: TaskState[]
  let status: WorkerStatus
  let host: QueryHost
  let catalogue: ViewCatalogue

  beforeEach(async () => {
    const provider = memoryState()
    status = { state: 'running', applicationId: 'app', error: undefined, tasks: [], standbys: [] }
    states = []
    for (const partition of here) {
      states.push(
        await provider.openTask({
          taskId: { subTopology: 0, partition },
          specs,
          clock: { recordTimestampMs: 5_000, streamTimeMs: 5_000 },
          environment: {},
          changelogTopic: (name) => `app-${name}-changelog`,
        }),
      )
    }
    host = {
      status: () => status,
      storeViews: (storeName) =>
        states.map((state, partition): StoreView => ({
          storeName,
          taskId: { subTopology: 0, partition },
          partition,
          partitions,
          store: state.committedStore(storeName),
          asOfMs: 5_000 + partition,
          lagRecords: partition + 1,
        })),
    }
    catalogue = new ViewCatalogue(host, queryableStores(plan, {}))
  })

  afterEach(async () => {
    for (const state of states) await state.close()
  })

  const write = async (partition: number, key: string, value: bigint): Promise<void> => {
    const state = states[partition]!
    ;(state.store('totals') as KeyValueStore<string, bigint>).put(key, value)
    await state.apply(state.seal(), new Map())
  }

  const visit = async (partition: number, key: string, startMs: number): Promise<void> => {
    const state = states[partition]!
    const store = state.store('visits') as WindowStore<string, { hits: number }>
    store.put(key, { hits: 1 }, startMs)
    await state.apply(state.seal(), new Map())
  }

  const sit = async (partition: number, key: string, startMs: number): Promise<void> => {
    const state = states[partition]!
    const store = state.store('sittings') as SessionStore<string, bigint>
    store.put(key, startMs, startMs + 500, 3n)
    await state.apply(state.seal(), new Map())
  }

  const stay = async (partition: number, key: string, startMs: number): Promise<void> => {
    const state = states[partition]!
    const store = state.store('stays') as SessionStore<string, number>
    store.put(key, startMs, startMs + 10, startMs)
    await state.apply(state.seal(), new Map())
  }

  const price = async (key: string, value: number | null, timestampMs: number): Promise<void> => {
    const state = states[0]!
    await (state.store('prices') as VersionedStore<string, number>).put(key, value, timestampMs)
    await state.apply(state.seal(), new Map())
  }

  it('reads a key from the partition that it belongs to, with its freshness', async () => {
    const key = keyOn(1)
    await write(1, key, 42n)
    const view = new KeyValueView<string, bigint>(catalogue.reader('totals'))
    expect(await view.get(key)).toEqual({
      value: 42n,
      timestampMs: 5_000,
      asOfMs: 5_001,
      lagRecords: 2,
    })
    expect(await view.get(keyOn(0))).toBeUndefined()
  })

  it('sees nothing that is not committed', async () => {
    const key = keyOn(0)
    ;(states[0]!.store('totals') as KeyValueStore<string, bigint>).put(key, 1n)
    const view = new KeyValueView<string, bigint>(catalogue.reader('totals'))
    expect(await view.get(key)).toBeUndefined()
  })

  it('refuses a key whose partition is elsewhere, naming the partition', async () => {
    const view = new KeyValueView<string, bigint>(catalogue.reader('totals'))
    await expect(view.get(keyOn(2))).rejects.toThrow(/partition 2 of view totals .* 0, 1 of 3/)
  })

  it('reads ranges over all partitions here', async () => {
    await write(0, keyOn(0), 1n)
    await write(1, keyOn(1), 2n)
    const view = new KeyValueView<string, bigint>(catalogue.reader('totals'))
    const keys: string[] = []
    for await (const entry of view.range()) keys.push(entry.key)
    expect(keys).toEqual([keyOn(0), keyOn(1)])
    expect(view.freshness()).toEqual({ asOfMs: 5_000, lagRecords: 3 })
    expect(await view.approximateEntries()).toBe(2)
  })

  it('reads windows of a key, by start', async () => {
    const key = keyOn(0)
    for (const startMs of [3_000, 1_000, 2_000]) await visit(0, key, startMs)
    const view = new WindowView<string, { hits: number }>(catalogue.reader('visits'))
    const starts: number[] = []
    for await (const entry of view.fetch(key, { fromMs: 2_000 })) starts.push(entry.windowStartMs)
    expect(starts).toEqual([2_000, 3_000])
    expect((await view.get(key, 1_000))?.value).toEqual({ hits: 1 })
  })

  it('reads sessions of a key that an interval touches, by end', async () => {
    const key = keyOn(1)
    for (const startMs of [3_000, 1_000, 2_000]) await sit(1, key, startMs)
    await sit(0, keyOn(0), 4_000)
    const view = new SessionView<string, bigint>(catalogue.reader('sittings'))
    const starts = async (
      entries: AsyncIterable<{ readonly startMs: number }>,
    ): Promise<number[]> => {
      const found: number[] = []
      for await (const entry of entries) found.push(entry.startMs)
      return found
    }
    expect(await starts(view.fetch(key, { fromMs: 2_400, toMs: 3_000 }))).toEqual([2_000, 3_000])
    expect(await starts(view.fetchAll({ fromMs: 2_501 }))).toEqual([4_000, 3_000])
    expect(await view.get(key, 1_000, 1_500)).toEqual({ value: 3n, asOfMs: 5_001, lagRecords: 2 })
    expect(await view.get(key, 1_000, 1_501)).toBeUndefined()
    expect(view.name).toBe('sittings')
    expect(view.freshness().asOfMs).toBe(5_000)
  })

  it('says which views there are when asked for another', () => {
    expect(() => catalogue.reader('total')).toThrow(
      /no view total; .* sittings, stays, totals, visits/,
    )
  })

  describe('over HTTP', () => {
    let server: HttpServer
    let url: string

    beforeEach(async () => {
      server = new HttpServer({
        port: 0,
        worker: host,
        catalogue,
        logger: silentLogger,
        metrics: { contentType: 'text/plain', expose: () => Promise.resolve('up 1\n') },
      })
      url = await server.listen()
    })

    afterEach(() => server.close())

    const get = async (path: string): Promise<{ status: number; body: unknown }> => {
      const response = await fetch(`${url}${path}`)
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.includes('json') === true
      return { status: response.status, body: isJson ? (JSON.parse(text) as unknown) : text }
    }

    it('answers a key with a freshness stamp, bigint as a decimal string', async () => {
      const key = keyOn(1)
      await write(1, key, 2n ** 60n)
      expect(await get(`/views/totals/${key}`)).toEqual({
        status: 200,
        body: {
          key,
          value: '1152921504606846976',
          timestampMs: 5_000,
          view: 'totals',
          asOf: '1970-01-01T00:00:05.001Z',
          lagRecords: 2,
          partitions: [1],
        },
      })
    })

    it('answers 404 for an absent key and an unknown view, 421 for a key that is elsewhere', async () => {
      expect(await get(`/views/totals/${keyOn(0)}`)).toMatchObject({
        status: 404,
        body: { error: `view totals has no key ${keyOn(0)}`, lagRecords: 1 },
      })
      expect(await get('/views/nothing/a')).toMatchObject({
        status: 404,
        body: { code: 'MILLRACE_VIEW_NOT_FOUND' },
      })
      expect(await get(`/views/totals/${keyOn(2)}`)).toMatchObject({
        status: 421,
        body: { code: 'MILLRACE_KEY_ELSEWHERE' },
      })
    })

    it('lists entries up to the limit and says when there are more', async () => {
      await write(0, keyOn(0), 1n)
      await write(1, keyOn(1), 2n)
      expect(await get('/views/totals?limit=1')).toMatchObject({
        status: 200,
        body: { entries: [{ key: keyOn(0), value: '1' }], truncated: true, partitions: here },
      })
      expect(await get('/views/totals?limit=0')).toMatchObject({ status: 400 })
      expect(await get('/views')).toMatchObject({
        body: {
          views: [
            { name: 'totals', kind: 'key-value' },
            { name: 'visits', kind: 'window' },
            { name: 'sittings', kind: 'session' },
            { name: 'stays', kind: 'session' },
            { name: 'prices', kind: 'versioned' },
          ],
        },
      })
    })

    it('lists the windows of a key with their ends', async () => {
      await visit(0, keyOn(0), 2_000)
      expect(await get(`/views/visits/${keyOn(0)}?fromMs=1000&toMs=3000`)).toMatchObject({
        status: 200,
        body: { entries: [{ windowStartMs: 2_000, windowEndMs: 3_000, value: { hits: 1 } }] },
      })
    })

    it('lists the sessions of a key, and those of all', async () => {
      await sit(0, keyOn(0), 2_000)
      const session = { key: keyOn(0), startMs: 2_000, endMs: 2_500, value: '3' }
      const one = await get(`/views/sittings/${keyOn(0)}?fromMs=1000&toMs=3000`)
      expect(one).toMatchObject({ status: 200, body: { key: keyOn(0), entries: [session] } })
      expect(await get('/views/sittings')).toMatchObject({ body: { entries: [session] } })
      expect(await get('/views/sittings?toMs=1999')).toMatchObject({ body: { entries: [] } })
    })

    it('reads sessions of one key and of all, in process and over HTTP', async () => {
      const key = keyOn(0)
      for (const startMs of [20, 50]) await stay(0, key, startMs)
      await stay(1, keyOn(1), 60)
      const view = viewOf<SessionStore<string, number>>(catalogue.reader('stays'))
      expect(view).toBeInstanceOf(SessionView)
      expect(await view.get(key, 20, 30)).toEqual({ value: 20, asOfMs: 5_000, lagRecords: 1 })
      expect(await view.get(key, 20, 31)).toBeUndefined()
      const entries = []
      for await (const { startMs, endMs } of view.fetch(key, { fromMs: 31 })) {
        entries.push([startMs, endMs])
      }
      expect(entries).toEqual([[50, 60]])
      const answer = await get(`/views/stays/${key}?toMs=45`)
      expect(answer.body).toMatchObject({ entries: [{ key, startMs: 20, endMs: 30, value: 20 }] })
      const all = await get('/views/stays?fromMs=55')
      expect(all.body).toMatchObject({ entries: [{ startMs: 50 }, { startMs: 60 }] })
    })

    it('reads a versioned store as of a time, and its history, in process and over HTTP', async () => {
      const key = keyOn(0)
      await price(key, 1, 100)
      await price(key, 2, 200)
      const view = viewOf<VersionedStore<string, number>>(catalogue.reader('prices'))
      expect(view).toBeInstanceOf(VersionedView)
      const fresh = { asOfMs: 5_000, lagRecords: 1 }
      expect(await view.get(key)).toEqual({ value: 2, timestampMs: 200, ...fresh })
      const old = { value: 1, timestampMs: 100, validToMs: 200 }
      expect(await view.get(key, { asOfMs: 150 })).toEqual({ ...old, ...fresh })
      expect(await view.get(key, { asOfMs: 99 })).toBeUndefined()
      expect((await get(`/views/prices/${key}`)).body).toMatchObject({ value: 2 })
      expect((await get(`/views/prices/${key}?asOfMs=150`)).body).toMatchObject(old)
      expect((await get(`/views/prices/${key}?asOfMs=99`)).status).toBe(404)
      const history = await get(`/views/prices/${key}?fromMs=0`)
      expect(history.body).toMatchObject({ entries: [old, { value: 2, timestampMs: 200 }] })
      expect((await get('/views/prices')).body).toMatchObject({ entries: [{ key, value: 2 }] })
    })

    it('refuses to ask a store for what its kind has not', async () => {
      for (const path of ['totals?asOfMs=1', 'visits?from=a', 'stays/a?to=b', 'totals?fromMs=1']) {
        const { status, body } = await get(`/views/${path}`)
        expect(status).toBe(400)
        expect(body).toMatchObject({ error: expect.stringMatching(/cannot be asked by/) as string })
      }
    })

    it('tells liveness from readiness', async () => {
      expect((await get('/livez')).status).toBe(200)
      expect((await get('/readyz')).status).toBe(200)
      status = { ...status, state: 'rebalancing' }
      expect((await get('/livez')).status).toBe(200)
      expect((await get('/readyz')).status).toBe(503)
      const away = { name: 'kafka', connected: false, awaySinceMs: 0, lastAnswerMs: 0 }
      status = { ...status, state: 'running', broker: { ...away, reason: 'Connection refused' } }
      expect((await get('/livez')).status).toBe(200)
      expect(await get('/readyz')).toMatchObject({
        status: 503,
        body: {
          ready: false,
          broker: {
            name: 'kafka',
            awaySince: '1970-01-01T00:00:00.000Z',
            reason: 'Connection refused',
          },
        },
      })
      status = { ...status, state: 'error', error: new Error('the disk is full') }
      expect(await get('/livez')).toMatchObject({
        status: 503,
        body: { alive: false, error: 'the disk is full' },
      })
    })

    it('exposes metrics', async () => {
      expect(await get('/metrics')).toEqual({ status: 200, body: 'up 1\n' })
    })

    it('says which address it cannot have', async () => {
      const port = Number(new URL(url).port)
      const second = new HttpServer({
        port,
        worker: host,
        catalogue,
        logger: silentLogger,
        metrics: { contentType: 'text/plain', expose: () => Promise.resolve('') },
      })
      await expect(second.listen()).rejects.toThrow(`cannot serve HTTP on 127.0.0.1:${port}`)
      await second.close()
    })
  })
})
