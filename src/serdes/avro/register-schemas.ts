import type { SchemaRegistry } from '../schema-registry.ts'
import { readSchemaFolder } from './schema-folder.ts'
import { subjectsOf, type SchemaSubjects, type SubjectSchema } from './schema-subjects.ts'
import { schemaText } from './schema-text.ts'

/** What {@link registerSchemas} registers, and where. */
export interface RegisterSchemasOptions {
  /** The folder of .avsc files. */
  readonly folder: string
  readonly registry: SchemaRegistry
  readonly subjects?: SchemaSubjects
}

/** What {@link registerSchemas} did. */
export interface RegisterSchemasReport {
  /** Whether every schema is registered now. Where one is refused, none is registered. */
  readonly ok: boolean
  readonly schemas: readonly RegisteredSubjectSchema[]
}

/** One schema and what became of it. */
export interface RegisteredSubjectSchema {
  readonly subject: string
  readonly name: string
  /** `skipped`: it could have been registered, but another one was refused. */
  readonly state: 'registered' | 'unchanged' | 'refused' | 'skipped'
  /** Undefined where it is not registered. */
  readonly id: number | undefined
  /** Why it was refused; each names rule, version and field. */
  readonly reasons: readonly string[]
}

/**
 * Registers the schemas of a folder under their subjects: all of them, or none where one is refused.
 *
 * @throws ConfigError where a schema is none; SchemaRegistryError where the registry cannot be reached.
 */
export async function registerSchemas(
  options: RegisterSchemasOptions,
): Promise<RegisterSchemasReport> {
  const { folder, registry } = options
  const looked: Looked[] = []
  for (const subject of subjectsOf(folder, readSchemaFolder(folder), options.subjects)) {
    looked.push(await look(subject, registry))
  }
  const ok = looked.every(({ reasons }) => reasons.length === 0)
  const schemas: RegisteredSubjectSchema[] = []
  for (const { subject, name, text, id, reasons } of looked) {
    if (id !== undefined) schemas.push({ subject, name, state: 'unchanged', id, reasons })
    else if (ok) {
      const registered = await registry.register(subject, text)
      schemas.push({ subject, name, state: 'registered', id: registered, reasons })
    } else {
      const state = reasons.length > 0 ? 'refused' : 'skipped'
      schemas.push({ subject, name, state, id: undefined, reasons })
    }
  }
  return { ok, schemas }
}

interface Looked {
  readonly subject: string
  readonly name: string
  readonly text: string
  readonly id: number | undefined
  readonly reasons: readonly string[]
}

async function look(
  { subject, name, schema }: SubjectSchema,
  registry: SchemaRegistry,
): Promise<Looked> {
  const text = schemaText(schema)
  const id = await registry.lookup(subject, text)
  const reasons = id === undefined ? await registry.checkCompatibility(subject, text) : []
  return { subject, name, text, id, reasons }
}
