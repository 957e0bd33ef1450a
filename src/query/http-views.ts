import type { FastifyInstance, FastifyReply } from 'fastify'
import type { KeyValueEntry, ReadOnlyKeyValueStore, WindowEntry } from '../state/store.ts'
import { freshnessOf } from './freshness.ts'
import { toJson } from './json.ts'
import { KeyValueView } from './key-value-view.ts'
import { SessionView } from './session-view.ts'
import { storeOfKind, type StoreReader } from './store-reader.ts'
import { keyFromText, type ViewCatalogue } from './view-catalogue.ts'
import { WindowView, type WindowRange } from './window-view.ts'

interface ListQuery {
  readonly from?: string
  readonly to?: string
  readonly fromMs?: number
  readonly toMs?: number
  readonly limit?: number
}

const listQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    from: { type: 'string' },
    to: { type: 'string' },
    fromMs: { type: 'integer' },
    toMs: { type: 'integer' },
    limit: { type: 'integer', minimum: 1, maximum: 10_000 },
  },
} as const

const entriesByDefault = 100

/** Adds `/views`: the catalogue, one view's entries, and one key. */
export function addViewRoutes(server: FastifyInstance, catalogue: ViewCatalogue): void {
  server.get('/views', (_request, reply) => {
    const views = catalogue.stores().map((store) => ({ name: store.name, kind: store.kind }))
    return send(reply, { views })
  })

  server.get<{ Params: { name: string }; Querystring: ListQuery }>(
    '/views/:name',
    { schema: { querystring: listQuerySchema } },
    async (request, reply) => {
      return send(reply, await listEntries(catalogue.reader(request.params.name), request.query))
    },
  )

  server.get<{ Params: { name: string; key: string }; Querystring: ListQuery }>(
    '/views/:name/:key',
    { schema: { querystring: listQuerySchema } },
    async (request, reply) => {
      const reader = catalogue.reader(request.params.name)
      const key = keyFromText(reader.store.key, request.params.key)
      if (reader.store.kind === 'window') {
        return send(reply, await listWindows(reader, key, request.query))
      }
      if (reader.store.kind === 'session') {
        return send(reply, await listSessions(reader, key, request.query))
      }
      const view = reader.forKey(key)
      const store = storeOfKind<ReadOnlyKeyValueStore<unknown, unknown>>(view, 'key-value')
      const found = await store.getWithTimestamp(key)
      const stamp = stampOf(reader, [view])
      if (found) return send(reply, { key, ...found, ...stamp })
      const error = `view ${reader.store.name} has no key ${request.params.key}`
      return send(reply.code(404), { error, ...stamp })
    },
  )
}

async function listEntries(reader: StoreReader, query: ListQuery): Promise<object> {
  const stamp = stampOf(reader, reader.all())
  const limit = query.limit ?? entriesByDefault
  if (reader.store.kind === 'window') {
    const entries = new WindowView<unknown, unknown>(reader).fetchAll(windowRange(query))
    return { ...(await take(withEnds(entries, reader)(), limit)), ...stamp }
  }
  if (reader.store.kind === 'session') {
    const entries = new SessionView<unknown, unknown>(reader).fetchAll(windowRange(query))
    return { ...(await take(entries, limit)), ...stamp }
  }
  const range = {
    ...(query.from === undefined ? {} : { from: keyFromText(reader.store.key, query.from) }),
    ...(query.to === undefined ? {} : { to: keyFromText(reader.store.key, query.to) }),
  }
  const entries: AsyncIterable<KeyValueEntry<unknown, unknown>> = new KeyValueView<
    unknown,
    unknown
  >(reader).range(range)
  return { ...(await take(entries, limit)), ...stamp }
}

async function listWindows(reader: StoreReader, key: unknown, query: ListQuery): Promise<object> {
  const stamp = stampOf(reader, [reader.forKey(key)])
  const entries = new WindowView<unknown, unknown>(reader).fetch(key, windowRange(query))
  const windows = await take(withEnds(entries, reader)(), query.limit ?? entriesByDefault)
  return { key, ...windows, ...stamp }
}

async function listSessions(reader: StoreReader, key: unknown, query: ListQuery): Promise<object> {
  const stamp = stampOf(reader, [reader.forKey(key)])
  const entries = new SessionView<unknown, unknown>(reader).fetch(key, windowRange(query))
  return { key, ...(await take(entries, query.limit ?? entriesByDefault)), ...stamp }
}

function windowRange(query: ListQuery): WindowRange {
  return {
    ...(query.fromMs === undefined ? {} : { fromMs: query.fromMs }),
    ...(query.toMs === undefined ? {} : { toMs: query.toMs }),
  }
}

function withEnds(
  entries: AsyncIterable<WindowEntry<unknown, unknown>>,
  reader: StoreReader,
): () => AsyncGenerator<object> {
  const sizeMs = reader.store.windowSizeMs ?? 0
  return async function* () {
    for await (const entry of entries) {
      yield { ...entry, windowEndMs: entry.windowStartMs + sizeMs }
    }
  }
}

async function take(
  entries: AsyncIterable<object>,
  limit: number,
): Promise<{ entries: object[]; truncated: boolean }> {
  const taken: object[] = []
  for await (const entry of entries) {
    if (taken.length === limit) return { entries: taken, truncated: true }
    taken.push(entry)
  }
  return { entries: taken, truncated: false }
}

/** What every answer carries: the view's name, how far its state is, and which partitions answered. */
function stampOf(reader: StoreReader, views: ReturnType<StoreReader['all']>): object {
  const { asOfMs, lagRecords } = freshnessOf(views)
  return {
    view: reader.store.name,
    asOf: asOfMs < 0 ? null : new Date(asOfMs).toISOString(),
    lagRecords: lagRecords ?? null,
    partitions: views.flatMap((view) => (view.partition === undefined ? [] : [view.partition])),
  }
}

function send(reply: FastifyReply, body: object): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(toJson(body))
}
