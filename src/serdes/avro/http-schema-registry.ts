import { systemClock, type Clock } from '../../core/clock.ts'
import { ConfigError, SchemaRegistryError } from '../../core/errors.ts'
import type { Compatibility, RegisteredSchema, SchemaRegistry } from '../schema-registry.ts'
import { compatibilityReasons } from './compatibility.ts'
import { PackageLookup } from './package-lookup.ts'
import { parseSchema } from './parse-schema.ts'
import { incompatible } from './prepare-schema.ts'
import { RegistryRequests, type RegistryAnswer } from './registry-requests.ts'
import { isNamed, typeText } from './schema-model.ts'
import { schemaText } from './schema-text.ts'

/** How to reach a schema registry. */
export interface SchemaRegistryOptions {
  /**
   * Such as `http://localhost:8081`; with a path where the Confluent API has one (Apicurio: `/apis/ccompat/v7`).
   * Credentials may be part of it.
   */
  readonly url: string
  readonly username?: string
  readonly password?: string
  /** A bearer token, in the place of user name and password. */
  readonly token?: string
  /**
   * How long one attempt of a request may take, in milliseconds.
   *
   * @default 10_000
   */
  readonly timeoutMs?: number
  /**
   * How often a request is tried again that found no registry, no answer in time, or a failure of the server.
   *
   * @default 3
   */
  readonly retries?: number
  /** @default The machine's clock. */
  readonly clock?: Clock
}

/**
 * A Confluent-compatible schema registry over HTTP: Confluent's, Apicurio's, Karapace, Redpanda's. Connects at the
 * first request.
 *
 * @throws ConfigError where the address is none.
 */
export function schemaRegistry(options: SchemaRegistryOptions): SchemaRegistry {
  return new HttpSchemaRegistry(options)
}

// @kafkajs/confluent-schema-registry looks ids up here, and its encoding is what the tests of the wire format are held
// against. The rest is plain fetch. Its `register` cannot be used: it writes a compatibility level for every subject
// that has none of its own (which needs more rights, and takes the subject from the registry's level for good) and
// refuses subjects with another level than the one it was told. Its `getSchema` gives a compiled type instead of the
// schema's text, and it has no calls for versions, levels and compatibility checks.
class HttpSchemaRegistry implements SchemaRegistry {
  readonly #requests: RegistryRequests
  readonly #lookup: PackageLookup

  constructor(options: SchemaRegistryOptions) {
    const { url, authorization } = addressOf(options)
    const timeoutMs = options.timeoutMs ?? 10_000
    const clock = options.clock ?? systemClock
    const retries = options.retries ?? 3
    this.#requests = new RegistryRequests({ url, authorization, timeoutMs, retries, clock })
    this.#lookup = new PackageLookup(url, authorization, timeoutMs)
  }

  async register(subject: string, schema: string): Promise<number> {
    const register = (): Promise<RegistryAnswer> =>
      this.#requests.post(`/subjects/${encode(subject)}/versions`, { schema })
    let answer = await register()
    if (answer.status === 409) {
      // Apicurio answers so as well to one of two who register the first schema of a subject at once; both start the
      // same application, so the other's schema is as a rule this very one.
      const id = await this.lookup(subject, schema)
      if (id !== undefined) return id
      answer = await register()
    }
    if (answer.status === 409) {
      const reasons = await this.checkCompatibility(subject, schema)
      throw incompatible(subject, nameOf(schema), reasons.length > 0 ? reasons : [reasonIn(answer)])
    }
    return this.#field<number>(`the schema for subject ${subject}`, answer, 'id')
  }

  async lookup(subject: string, schema: string): Promise<number | undefined> {
    const found = await this.#requests.attempts(`POST /subjects/${subject}`, () =>
      this.#lookup.id(subject, schema),
    )
    if (found !== undefined) return found
    // Not every registry takes the same schema in other words (order of keys, white space) for the same.
    const text = schemaText(parseSchema(schema))
    const versions = await this.versions(subject)
    return versions.findLast((version) => sameSchema(version.schema, text))?.id
  }

  async schemaById(id: number): Promise<string | undefined> {
    const answer = await this.#requests.get(`/schemas/ids/${id}`)
    if (answer.status === 404) return undefined
    const type = (answer.body as { schemaType?: string } | undefined)?.schemaType ?? 'AVRO'
    if (type !== 'AVRO') {
      throw new SchemaRegistryError(
        `The schema of id ${id} in the registry at ${this.#requests.url} is ${type}, not Avro`,
      )
    }
    return this.#field<string>(`the schema of id ${id}`, answer, 'schema')
  }

  async latest(subject: string): Promise<RegisteredSchema | undefined> {
    return this.#version(subject, 'latest')
  }

  async versions(subject: string): Promise<RegisteredSchema[]> {
    const answer = await this.#requests.get(`/subjects/${encode(subject)}/versions`)
    if (answer.status === 404) return []
    if (answer.status !== 200) {
      throw this.#requests.refusal(`the versions of subject ${subject}`, answer)
    }
    const numbers = answer.body as readonly number[]
    const versions = await Promise.all(numbers.map((number) => this.#version(subject, number)))
    return versions.filter((version) => version !== undefined)
  }

  async compatibility(subject: string): Promise<Compatibility> {
    const path = `/config/${encode(subject)}?defaultToGlobal=true`
    let answer = await this.#requests.get(path)
    // A registry that does not know the parameter says that the subject has no level of its own.
    if (answer.status === 404) answer = await this.#requests.get('/config')
    const what = `the compatibility level of subject ${subject}`
    return this.#field<Compatibility>(what, answer, 'compatibilityLevel')
  }

  async setCompatibility(subject: string, level: Compatibility): Promise<void> {
    const body = { compatibility: level }
    const answer = await this.#requests.put(`/config/${encode(subject)}`, body)
    if (answer.status !== 200) {
      throw this.#requests.refusal(`the level ${level} for subject ${subject}`, answer)
    }
  }

  async checkCompatibility(subject: string, schema: string): Promise<string[]> {
    const level = await this.compatibility(subject)
    const answer = await this.#checked(subject, schema, level.endsWith('_TRANSITIVE'))
    if (answer === undefined) return []
    const what = `the compatibility check for subject ${subject}`
    if (this.#field<boolean>(what, answer, 'is_compatible')) return []
    // The registry's verdict holds. Its reasons differ from product to product, so ours are given where there are some.
    const earlier = (await this.versions(subject)).map((version) => ({
      name: `version ${version.version}`,
      schema: parseSchema(version.schema),
    }))
    const reasons = compatibilityReasons(level, parseSchema(schema), earlier)
    return reasons.length > 0 ? reasons : [reasonIn(answer)]
  }

  async close(): Promise<void> {
    this.#requests.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * The registry's check; undefined where there is nothing to check against. Apicurio checks against all versions when
   * it is not told one, whatever the level is, so a level that looks at the last one has to name it.
   */
  async #checked(
    subject: string,
    schema: string,
    transitive: boolean,
  ): Promise<RegistryAnswer | undefined> {
    const path = `/compatibility/subjects/${encode(subject)}/versions${transitive ? '' : '/latest'}`
    const answer = await this.#requests.post(`${path}?verbose=true`, { schema })
    return answer.status === 404 ? undefined : answer
  }

  async #version(
    subject: string,
    version: number | 'latest',
  ): Promise<RegisteredSchema | undefined> {
    const answer = await this.#requests.get(`/subjects/${encode(subject)}/versions/${version}`)
    if (answer.status === 404) return undefined
    const what = `version ${version} of subject ${subject}`
    return {
      id: this.#field(what, answer, 'id'),
      version: this.#field(what, answer, 'version'),
      schema: this.#field(what, answer, 'schema'),
    }
  }

  #field<T>(what: string, answer: RegistryAnswer, name: string): T {
    const value = (answer.body as Record<string, T> | undefined)?.[name]
    if (answer.status !== 200 || value === undefined) throw this.#requests.refusal(what, answer)
    return value
  }
}

const encode = encodeURIComponent

/** Confluent's registry lists messages, Apicurio gives one reason. */
function reasonIn(answer: RegistryAnswer): string {
  const body = answer.body as { messages?: string[]; reason?: string; message?: string }
  return body.messages?.join('; ') ?? body.reason ?? body.message ?? 'the registry gives no reason'
}

function nameOf(schema: string): string {
  const node = parseSchema(schema)
  return isNamed(node) ? node.fullName : typeText(node)
}

function sameSchema(registered: string, text: string): boolean {
  try {
    return schemaText(parseSchema(registered)) === text
  } catch {
    // What is under the subject may be no Avro at all.
    return false
  }
}

function addressOf(options: SchemaRegistryOptions): {
  readonly url: string
  readonly authorization: string | undefined
} {
  let url: URL
  try {
    url = new URL(options.url)
  } catch (cause) {
    throw new ConfigError(
      `schemaRegistry.url is no address: ${options.url}; write it like http://localhost:8081`,
      { cause },
    )
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ConfigError(`schemaRegistry.url must begin with http:// or https://: ${options.url}`)
  }
  const username = options.username ?? decodeURIComponent(url.username)
  const password = options.password ?? decodeURIComponent(url.password)
  url.username = ''
  url.password = ''
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const withoutToken = username === '' ? undefined : basic
  return {
    url: url.href.replace(/\/+$/, ''),
    authorization: options.token === undefined ? withoutToken : `Bearer ${options.token}`,
  }
}
