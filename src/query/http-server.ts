import { fastify, type FastifyError, type FastifyInstance } from 'fastify'
import type { AsyncCloseable } from '../core/disposable.ts'
import {
  ConfigError,
  isStreamsError,
  KeyElsewhereError,
  messageOf,
  StateStoreNotAvailableError,
  ViewNotFoundError,
} from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { BrokerStatus, WorkerStatus } from '../runtime/worker-status.ts'
import { addViewRoutes } from './http-views.ts'
import { toJson } from './json.ts'
import type { QueryHost } from './query-host.ts'
import type { ViewCatalogue } from './view-catalogue.ts'

/** Writes metrics as Prometheus scrapes them. */
export interface MetricsExposition {
  readonly contentType: string
  expose(): Promise<string>
}

/** What the server serves, and where. */
export interface HttpServerOptions {
  /** 0 takes any free port. */
  readonly port: number
  /** Default: `127.0.0.1`; in a container `0.0.0.0`. */
  readonly host?: string
  readonly worker: QueryHost
  readonly catalogue: ViewCatalogue
  readonly metrics: MetricsExposition
  readonly logger: Logger
}

/**
 * The worker's HTTP face: `/metrics`, `/livez`, `/readyz`, `/status` and `/views`.
 *
 * It answers in every state of the worker; it has no authentication of its own, so it listens on the loopback address
 * unless told otherwise.
 */
export class HttpServer implements AsyncCloseable {
  readonly #server: FastifyInstance
  readonly #options: HttpServerOptions

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.#server = fastify({ logger: false, forceCloseConnections: true })
    this.#server.setErrorHandler((error: FastifyError, request, reply) => {
      const status = statusOf(error)
      if (status >= 500 && status !== 503) {
        options.logger.error('a query failed', { url: request.url, error: error.message })
      }
      const code = isStreamsError(error) ? error.code : undefined
      return reply.code(status).send({ error: error.message, code })
    })
    this.#addHealthRoutes()
    addViewRoutes(this.#server, options.catalogue)
  }

  /**
   * Starts listening; returns the base address, such as `http://127.0.0.1:9464`.
   *
   * @throws ConfigError naming host and port where they cannot be had
   */
  async listen(): Promise<string> {
    const { port, host = '127.0.0.1' } = this.#options
    try {
      return await this.#server.listen({ port, host })
    } catch (cause) {
      throw new ConfigError(`cannot serve HTTP on ${host}:${port}: ${messageOf(cause)}`, {
        field: 'http',
        cause,
      })
    }
  }

  async close(): Promise<void> {
    await this.#server.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #addHealthRoutes(): void {
    const { worker, metrics } = this.#options
    this.#server.get('/metrics', async (_request, reply) => {
      return reply.type(metrics.contentType).send(await metrics.expose())
    })
    this.#server.get('/livez', (_request, reply) => {
      const { state, error } = worker.status()
      const stuck = worker.stuck?.()
      const alive = state !== 'error' && state !== 'closed' && stuck === undefined
      return reply.code(alive ? 200 : 503).send({ alive, state, error: error?.message ?? stuck })
    })
    this.#server.get('/readyz', (_request, reply) => {
      const { state, tasks, error, broker } = worker.status()
      const restoring = tasks.filter((task) => task.state === 'restoring').length
      const stuck = worker.stuck?.()
      const answers = broker?.connected !== false
      const ready = state === 'running' && restoring === 0 && stuck === undefined && answers
      const reason = error?.message ?? stuck
      const body = { ready, state, restoring, error: reason, broker: shownBroker(broker) }
      return reply.code(ready ? 200 : 503).send(body)
    })
    this.#server.get('/status', (_request, reply) => {
      return reply.type('application/json').send(toJson(shown(worker.status())))
    })
  }
}

function shown(status: WorkerStatus): object {
  const threads = status.threads?.map((each) => ({ ...each, error: each.error?.message }))
  const broker = shownBroker(status.broker)
  return { ...status, error: status.error?.message, broker, ...(threads && { threads }) }
}

function shownBroker(broker: BrokerStatus | undefined): object | undefined {
  if (!broker) return undefined
  const { awaySinceMs, ...rest } = broker
  if (awaySinceMs === undefined) return rest
  return { ...rest, awaySince: new Date(awaySinceMs).toISOString() }
}

function statusOf(error: FastifyError): number {
  if (error instanceof ViewNotFoundError) return 404
  if (error instanceof KeyElsewhereError) return 421
  if (error instanceof StateStoreNotAvailableError) return 503
  if (isStreamsError(error)) return 400
  return error.statusCode ?? 500
}
