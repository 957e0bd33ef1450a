import type { FastifyInstance, FastifyReply } from 'fastify'
import { freshnessOf } from './freshness.ts'
import { toJson } from './json.ts'
import { allEntries, checkQuery, entriesOfKey, valueOfKey, type ListQuery } from './http-entries.ts'
import type { StoreReader } from './store-reader.ts'
import { keyFromText, type ViewCatalogue } from './view-catalogue.ts'

const listQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    from: { type: 'string' },
    to: { type: 'string' },
    fromMs: { type: 'integer' },
    toMs: { type: 'integer' },
    asOfMs: { type: 'integer' },
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
      const { query } = request
      const reader = await catalogue.reader(request.params.name).located()
      checkQuery(reader, query)
      const stamp = stampOf(reader, reader.all())
      const taken = await take(allEntries(reader, query), query.limit ?? entriesByDefault)
      return send(reply, { ...taken, ...stamp })
    },
  )

  server.get<{ Params: { name: string; key: string }; Querystring: ListQuery }>(
    '/views/:name/:key',
    { schema: { querystring: listQuerySchema } },
    async (request, reply) => {
      const { query } = request
      const reader = await catalogue.reader(request.params.name).located()
      const key = keyFromText(reader.store.key, request.params.key)
      checkQuery(reader, query)
      const view = reader.forKey(key)
      const stamp = stampOf(reader, [view])
      const entries = entriesOfKey(reader, key, query)
      if (entries) {
        const taken = await take(entries, query.limit ?? entriesByDefault)
        return send(reply, { key, ...taken, ...stamp })
      }
      const found = await valueOfKey(view, key, query)
      if (found) return send(reply, { key, ...found, ...stamp })
      const error = `view ${reader.store.name} has no key ${request.params.key}`
      return send(reply.code(404), { error, ...stamp })
    },
  )
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
