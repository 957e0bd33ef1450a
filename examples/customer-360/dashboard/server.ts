import { readFile } from 'node:fs/promises'
import { fastify } from 'fastify'
import type { Workers } from './workers.ts'

/** A purchase made at the dashboard. */
export interface NewPurchase {
  readonly customerId: string
  readonly units: number
  readonly valueCents: number
}

/** What the dashboard needs. */
export interface DashboardOptions {
  /** 0 takes any free port. */
  readonly port: number
  readonly workers: Workers
  /** Publishes a purchase; resolves to its id. */
  record(purchase: NewPurchase): Promise<string>
}

const purchaseSchema = {
  type: 'object',
  required: ['customerId', 'units', 'valueCents'],
  additionalProperties: false,
  properties: {
    customerId: { type: 'string', minLength: 1, maxLength: 40 },
    units: { type: 'integer', minimum: 1 },
    valueCents: { type: 'integer', minimum: 0 },
  },
} as const

/** Serves the dashboard's page and what it asks for. */
export async function startDashboard(
  options: DashboardOptions,
): Promise<{ url: string; close: () => Promise<void> }> {
  const page = await readFile(new URL('./page.html', import.meta.url), 'utf8')
  const server = fastify({ forceCloseConnections: true })
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ error: error.message }),
  )
  server.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(page))
  server.get('/api/overview', () => options.workers.overview())
  server.get<{ Params: { id: string } }>('/api/customers/:id', async (request, reply) => {
    const customer = await options.workers.customer(request.params.id)
    return customer ?? reply.code(404).send({ error: `no customer ${request.params.id}` })
  })
  server.post<{ Body: NewPurchase }>(
    '/api/purchases',
    { schema: { body: purchaseSchema } },
    async (request) => ({ purchaseId: await options.record(request.body) }),
  )
  const url = await server.listen({ port: options.port, host: '127.0.0.1' })
  return { url, close: () => server.close() }
}
