import type { SchemaRegistry } from '../schema-registry.ts'
import { prepareSchema, type PreparedSchema } from './prepare-schema.ts'

/**
 * The schemas of a registry that this process has met, shared by all serdes that use the registry: each id is asked
 * for once, also by callers at the same time. Ids never change their meaning, so nothing is ever dropped; an id that
 * the registry did not know is asked for again when it is met again.
 */
export class SchemaCache {
  static readonly #caches = new WeakMap<SchemaRegistry, SchemaCache>()

  static of(registry: SchemaRegistry): SchemaCache {
    let cache = SchemaCache.#caches.get(registry)
    if (!cache) SchemaCache.#caches.set(registry, (cache = new SchemaCache(registry)))
    return cache
  }

  readonly #registry: SchemaRegistry
  readonly #known = new Map<number, string>()
  readonly #unknown = new Set<number>()
  readonly #inFlight = new Map<number, Promise<void>>()
  readonly #prepared = new Map<string, Promise<number>>()

  private constructor(registry: SchemaRegistry) {
    this.#registry = registry
  }

  /** The schema of an id; undefined where it was not asked for, or the registry did not know it. */
  get(id: number): string | undefined {
    return this.#known.get(id)
  }

  /** Whether the registry said, when it was asked last, that it does not know the id. */
  isUnknown(id: number): boolean {
    return this.#unknown.has(id)
  }

  /** Asks for an id that is not known yet. Rejects with `SchemaRegistryError` where the registry does not answer. */
  fetch(id: number): Promise<void> {
    let fetching = this.#inFlight.get(id)
    if (!fetching) {
      fetching = this.#ask(id).finally(() => this.#inFlight.delete(id))
      this.#inFlight.set(id, fetching)
    }
    return fetching
  }

  /** The id to write a schema with, asked for once a subject; a failure is asked again. */
  prepare(schema: PreparedSchema): Promise<number> {
    const key = JSON.stringify([schema.subject, schema.text, schema.autoRegister])
    let preparing = this.#prepared.get(key)
    if (!preparing) {
      preparing = prepareSchema(this.#registry, schema)
      this.#prepared.set(key, preparing)
      preparing.then(
        (id) => this.#known.set(id, schema.text),
        () => this.#prepared.delete(key),
      )
    }
    return preparing
  }

  async #ask(id: number): Promise<void> {
    const schema = await this.#registry.schemaById(id)
    if (schema === undefined) {
      this.#unknown.add(id)
      return
    }
    this.#unknown.delete(id)
    this.#known.set(id, schema)
  }
}
