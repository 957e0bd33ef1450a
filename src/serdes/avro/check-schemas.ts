import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Compatibility, SchemaRegistry } from '../schema-registry.ts'
import { compatibilityReasons, type EarlierVersion } from './compatibility.ts'
import { parseSchema } from './parse-schema.ts'
import { readSchemaFolder, schemaFileNames, type SchemaFolder } from './schema-folder.ts'
import { isNamed, type AvroNamed } from './schema-model.ts'
import { subjectsOf, type SchemaSubjects, type SubjectSchema } from './schema-subjects.ts'
import { schemaText } from './schema-text.ts'

/** What {@link checkSchemas} holds schemas against; without a registry and earlier files, only that they are valid. */
export interface CheckSchemasOptions {
  /** The folder of .avsc files. */
  readonly folder: string
  /** Held against the versions registered there, at each subject's own compatibility level. */
  readonly registry?: SchemaRegistry
  /** A folder of earlier .avsc files, such as those of the last release; versions of a type follow by file name. */
  readonly previousFolder?: string
  /**
   * The level for earlier files.
   *
   * @default 'BACKWARD_TRANSITIVE'
   */
  readonly compatibility?: Compatibility
  readonly subjects?: SchemaSubjects
}

/** What {@link checkSchemas} found. */
export interface CheckSchemasReport {
  /** Whether every schema may follow those before it. */
  readonly ok: boolean
  readonly schemas: readonly CheckedSchema[]
}

/** One schema held against one thing. */
export interface CheckedSchema {
  /** The type's full name, or the file of a schema without a name. */
  readonly name: string
  /** `subject purchases-value`, or the folder of earlier files. */
  readonly against: string
  /** `new`: there is nothing before it. */
  readonly state: 'new' | 'unchanged' | 'compatible' | 'incompatible'
  /** Each names rule, version and field. */
  readonly reasons: readonly string[]
}

/**
 * Says whether the schemas of a folder may follow the registered and the earlier ones. Changes nothing.
 *
 * @throws ConfigError where a schema is none; SchemaRegistryError where the registry cannot be reached.
 */
export async function checkSchemas(options: CheckSchemasOptions): Promise<CheckSchemasReport> {
  const folder = readSchemaFolder(options.folder)
  const schemas: CheckedSchema[] = []
  const { registry, previousFolder } = options
  if (previousFolder !== undefined) {
    const level = options.compatibility ?? 'BACKWARD_TRANSITIVE'
    schemas.push(...againstFiles(folder, previousFolder, level))
  }
  if (registry) {
    for (const subject of subjectsOf(options.folder, folder, options.subjects)) {
      schemas.push(await againstRegistry(subject, registry))
    }
  }
  return { ok: schemas.every((schema) => schema.state !== 'incompatible'), schemas }
}

async function againstRegistry(
  { subject, name, schema }: SubjectSchema,
  registry: SchemaRegistry,
): Promise<CheckedSchema> {
  const against = `subject ${subject}`
  const text = schemaText(schema)
  if ((await registry.lookup(subject, text)) !== undefined) {
    return { name, against, state: 'unchanged', reasons: [] }
  }
  if ((await registry.latest(subject)) === undefined) {
    return { name, against, state: 'new', reasons: [] }
  }
  const reasons = await registry.checkCompatibility(subject, text)
  return { name, against, state: reasons.length === 0 ? 'compatible' : 'incompatible', reasons }
}

function againstFiles(
  folder: SchemaFolder,
  previousFolder: string,
  level: Compatibility,
): CheckedSchema[] {
  const earlier = earlierVersions(previousFolder, folder)
  return [...folder.types.values()].map((type) => {
    const versions = earlier.get(type.fullName) ?? []
    const last = versions.at(-1)
    const common = { name: type.fullName, against: previousFolder }
    if (!last) return { ...common, state: 'new', reasons: [] }
    const reasons = compatibilityReasons(level, type, versions)
    if (reasons.length > 0) return { ...common, state: 'incompatible', reasons }
    const unchanged = schemaText(last.schema) === schemaText(type)
    return { ...common, state: unchanged ? 'unchanged' : 'compatible', reasons }
  })
}

/** By full name, the versions of each type in a folder, in the order of their files' names. */
function earlierVersions(path: string, current: SchemaFolder): Map<string, EarlierVersion[]> {
  const byNumber = new Intl.Collator('en', { numeric: true })
  const found = new Map<string, EarlierVersion[]>()
  const latest = new Map<string, AvroNamed>()
  const pending = schemaFileNames(path).sort(byNumber.compare)
  const read = (file: string): void => {
    const text = readFileSync(join(path, file), 'utf8')
    const reference = (name: string): AvroNamed | undefined => {
      // An earlier file may refer to a type in another one.
      while (!latest.has(name) && pending.length > 0) read(pending.shift()!)
      return latest.get(name) ?? current.types.get(name)
    }
    const schema = parseSchema(text, { origin: join(path, file), reference })
    if (!isNamed(schema)) return
    latest.set(schema.fullName, schema)
    const versions = found.get(schema.fullName) ?? []
    versions.push({ name: file, schema })
    found.set(schema.fullName, versions)
  }
  while (pending.length > 0) read(pending.shift()!)
  // A file that was read because another one refers to it has come too early.
  for (const versions of found.values()) versions.sort((a, b) => byNumber.compare(a.name, b.name))
  return found
}
