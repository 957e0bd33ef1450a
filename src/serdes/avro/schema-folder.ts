import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, messageOf } from '../../core/errors.ts'
import { parseSchema } from './parse-schema.ts'
import {
  isNamed,
  type AvroArray,
  type AvroMap,
  type AvroNamed,
  type AvroNode,
} from './schema-model.ts'

/** One .avsc file. */
export interface SchemaFile {
  /** Path within the folder, with `/` between its parts. */
  readonly file: string
  readonly schema: AvroNode
}

/** All .avsc files of a folder, with their references to each other settled. */
export interface SchemaFolder {
  /** By file name. */
  readonly files: readonly SchemaFile[]
  /** Every named type in them, by full name, in the order of the files and of their definition there. */
  readonly types: ReadonlyMap<string, AvroNamed>
}

/**
 * Reads all .avsc files of a folder and its subfolders. A type may be referred to by its full name, or by its short
 * name within its namespace, from any file.
 *
 * @throws ConfigError naming the file and the place where a schema is none, a name is not defined anywhere, or a name
 * is defined twice.
 */
export function readSchemaFolder(folder: string): SchemaFolder {
  const reader = new FolderReader(folder)
  const files = reader.names.map((file) => ({ file, schema: reader.parse(file) }))
  return { files, types: reader.types(files) }
}

class FolderReader {
  readonly names: readonly string[]
  readonly #folder: string
  readonly #parsed = new Map<string, AvroNode>()
  readonly #inProgress = new Set<string>()
  /** Where each name is defined, for the message about a second definition. */
  readonly #definedIn = new Map<string, string>()
  readonly #types = new Map<string, AvroNamed>()

  constructor(folder: string) {
    this.#folder = folder
    this.names = schemaFileNames(folder)
  }

  parse(file: string): AvroNode {
    const known = this.#parsed.get(file)
    if (known) return known
    this.#inProgress.add(file)
    const text = readFileSync(join(this.#folder, file), 'utf8')
    const reference = (fullName: string): AvroNamed | undefined => this.#find(fullName)
    const schema = parseSchema(text, { origin: file, reference })
    this.#inProgress.delete(file)
    this.#parsed.set(file, schema)
    for (const type of namedTypes(schema)) this.#define(type, file)
    return schema
  }

  /** A name that a file does not define: read others until one does. Files that wait for this one cannot help. */
  #find(fullName: string): AvroNamed | undefined {
    for (const file of this.names) {
      const found = this.#types.get(fullName)
      if (found) return found
      if (!this.#inProgress.has(file)) this.parse(file)
    }
    return this.#types.get(fullName)
  }

  #define(type: AvroNamed, file: string): void {
    const earlier = this.#types.get(type.fullName)
    if (earlier === type) return
    if (earlier) {
      throw new ConfigError(
        `Avro schema in ${file}: ${type.fullName} is defined in ${this.#definedIn.get(type.fullName)} already; ` +
          'refer to it by its name instead',
      )
    }
    this.#types.set(type.fullName, type)
    this.#definedIn.set(type.fullName, file)
  }

  /** In an order that does not depend on which file happened to be read first. */
  types(files: readonly SchemaFile[]): ReadonlyMap<string, AvroNamed> {
    const ordered = new Map<string, AvroNamed>()
    for (const { file, schema } of files) {
      for (const type of namedTypes(schema)) {
        if (this.#definedIn.get(type.fullName) === file) ordered.set(type.fullName, type)
      }
    }
    return ordered
  }
}

/** The .avsc files of a folder and its subfolders, sorted. */
export function schemaFileNames(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => name.replaceAll('\\', '/'))
      .filter((name) => name.endsWith('.avsc'))
      .sort()
  } catch (cause) {
    throw new ConfigError(`Cannot read the schema folder ${folder}: ${messageOf(cause)}`, { cause })
  }
}

/** The named types of a schema, outermost first. */
function namedTypes(schema: AvroNode): AvroNamed[] {
  const found = new Set<AvroNamed>()
  const visit = (node: AvroNode): void => {
    if (isNamed(node)) {
      if (found.has(node)) return
      found.add(node)
    }
    for (const part of partsOf(node)) visit(part)
  }
  visit(schema)
  return [...found]
}

function partsOf(node: AvroNode): readonly AvroNode[] {
  if (node.kind === 'record') return node.fields.map((field) => field.type)
  if (node.kind === 'union') return node.branches
  if (node.kind === 'array') return [(node as AvroArray).items]
  if (node.kind === 'map') return [(node as AvroMap).values]
  return []
}
