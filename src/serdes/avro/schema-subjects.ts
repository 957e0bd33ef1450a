import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, messageOf } from '../../core/errors.ts'
import type { SchemaFolder } from './schema-folder.ts'
import type { AvroNode } from './schema-model.ts'

/**
 * Which schema is registered under which subject: by subject, a type's full name or a file. Without one, each record
 * is registered under its own full name, as the subject strategy `record` has it.
 */
export type SchemaSubjects = Readonly<Record<string, string>>

/** The file of a schema folder that may say {@link SchemaSubjects}. */
const subjectsFile = 'subjects.json'

/** A subject and the schema that belongs under it. */
export interface SubjectSchema {
  readonly subject: string
  /** The type's full name, or the file of a schema without a name. */
  readonly name: string
  readonly schema: AvroNode
}

/**
 * The subjects of a folder's schemas: those given, else those of its `subjects.json`, else each record's full name.
 *
 * @throws ConfigError where a subject names a schema that the folder does not have.
 */
export function subjectsOf(
  path: string,
  folder: SchemaFolder,
  given: SchemaSubjects | undefined,
): SubjectSchema[] {
  const subjects = given ?? readSubjects(path)
  if (subjects === undefined) {
    return [...folder.types.values()]
      .filter((type) => type.kind === 'record')
      .map((schema) => ({ subject: schema.fullName, name: schema.fullName, schema }))
  }
  return Object.entries(subjects).map(([subject, name]) => {
    const schema = folder.types.get(name) ?? folder.files.find((file) => file.file === name)?.schema
    if (schema) return { subject, name, schema }
    throw new ConfigError(
      `The subject ${subject} is for ${name}, which ${path} does not have; it has ` +
        [...folder.types.keys()].join(', '),
    )
  })
}

function readSubjects(path: string): SchemaSubjects | undefined {
  const file = join(path, subjectsFile)
  if (!existsSync(file)) return undefined
  try {
    const subjects = JSON.parse(readFileSync(file, 'utf8')) as SchemaSubjects
    if (Object.values(subjects).every((name) => typeof name === 'string')) return subjects
  } catch (cause) {
    throw new ConfigError(`Cannot read ${file}: ${messageOf(cause)}`, { cause })
  }
  throw new ConfigError(`${file} must be an object of subjects and the names of their schemas`)
}
