import type { SchemaRegistry as PackageRegistry } from '@kafkajs/confluent-schema-registry'
import { SchemaRegistryError, messageOf } from '../../core/errors.ts'

/** What the package's HTTP client hands to a middleware, as much of it as is used here. */
interface PackageRequest {
  enhance(extras: {
    readonly timeout: number
    readonly headers: Readonly<Record<string, string>>
  }): PackageRequest
}

// The package's enum is only known once the package is loaded; this is its value.
const avro = 'AVRO' as never

/** Looks schema ids up through @kafkajs/confluent-schema-registry. */
export class PackageLookup {
  readonly #url: string
  readonly #authorization: string | undefined
  readonly #timeoutMs: number
  #registry: Promise<PackageRegistry> | undefined

  constructor(url: string, authorization: string | undefined, timeoutMs: number) {
    this.#url = url
    this.#authorization = authorization
    this.#timeoutMs = timeoutMs
  }

  /** The id of a schema under a subject; undefined where it is not registered there. */
  async id(subject: string, schema: string): Promise<number | undefined> {
    const registry = await (this.#registry ??= this.#load())
    try {
      return await registry.getRegistryIdBySchema(subject, { type: avro, schema })
    } catch (error) {
      if ((error as Error).name === 'ConfluentSchemaRegistryError') return undefined
      throw this.#translated(error, subject)
    }
  }

  /** Loaded at the first use: it brings packages for JSON Schema and Protobuf along, which take a while. */
  async #load(): Promise<PackageRegistry> {
    const { SchemaRegistry } = await import('@kafkajs/confluent-schema-registry')
    const extras = {
      timeout: this.#timeoutMs,
      headers: this.#authorization === undefined ? {} : { authorization: this.#authorization },
    }
    const middleware = () => ({
      request: (request: PackageRequest) => request.enhance(extras),
    })
    return new SchemaRegistry({
      host: this.#url,
      // Repetition is the caller's, so that it is the same for every request.
      retry: { retries: 0 },
      middlewares: [middleware as never],
    })
  }

  #translated(error: unknown, subject: string): SchemaRegistryError {
    const { status } = error as { status?: number }
    // The package's HTTP client reports a connection that failed as status 400, which no registry answers here.
    const unreachable = status === undefined || status === 400
    const what = `POST /subjects/${subject}`
    return new SchemaRegistryError(
      unreachable
        ? `Cannot reach the schema registry at ${this.#url} (${what}): ${messageOf(error)}`
        : `The schema registry at ${this.#url} refused ${what}: status ${status}: ${messageOf(error)}`,
      { cause: error, retriable: unreachable || status >= 500 || status === 429 },
    )
  }
}
