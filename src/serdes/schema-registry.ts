import type { AsyncCloseable } from '../core/disposable.ts'

/** The compatibility levels of Confluent's registry. */
export type Compatibility =
  | 'NONE'
  | 'BACKWARD'
  | 'BACKWARD_TRANSITIVE'
  | 'FORWARD'
  | 'FORWARD_TRANSITIVE'
  | 'FULL'
  | 'FULL_TRANSITIVE'

export interface RegisteredSchema {
  readonly id: number
  readonly version: number
  /** The schema as JSON text. */
  readonly schema: string
}

/**
 * A Confluent-compatible schema registry, as much of it as serdes and tools need. Two implementations: over HTTP, and
 * in process for the embedded broker and tests.
 *
 * Failures to reach it are `SchemaRegistryError`s naming the address; a refused schema is a
 * `SchemaIncompatibleError` naming subject, field and rule.
 */
export interface SchemaRegistry extends AsyncCloseable {
  /** Registers a schema under a subject, or finds it there; resolves to its id. */
  register(subject: string, schema: string): Promise<number>
  /** The id under which this very schema is registered there; undefined where it is not. */
  lookup(subject: string, schema: string): Promise<number | undefined>
  /** The schema text of an id; undefined where the registry does not know it. */
  schemaById(id: number): Promise<string | undefined>
  latest(subject: string): Promise<RegisteredSchema | undefined>
  versions(subject: string): Promise<RegisteredSchema[]>
  compatibility(subject: string): Promise<Compatibility>
  setCompatibility(subject: string, level: Compatibility): Promise<void>
  /** The reasons why a schema may not follow those registered under the subject; empty where it may. */
  checkCompatibility(subject: string, schema: string): Promise<string[]>
}
