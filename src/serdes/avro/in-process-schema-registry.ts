import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { LifecycleError, SchemaRegistryError, messageOf } from '../../core/errors.ts'
import type { Compatibility, RegisteredSchema, SchemaRegistry } from '../schema-registry.ts'
import { compatibilityLevels, compatibilityReasons } from './compatibility.ts'
import { parseSchema } from './parse-schema.ts'
import { incompatible } from './prepare-schema.ts'
import { isNamed, typeText, type AvroNode } from './schema-model.ts'
import { schemaText } from './schema-text.ts'

/** Where {@link inProcessSchemaRegistry} keeps its schemas, and how it starts. */
export interface InProcessSchemaRegistryOptions {
  /**
   * A JSON file that the schemas are read from and kept in; it is made where it does not exist. Without one they live
   * as long as the process.
   */
  readonly file?: string
  /**
   * The level of subjects that have none of their own.
   *
   * @default 'BACKWARD', as in Confluent's registry
   */
  readonly compatibility?: Compatibility
}

/**
 * A schema registry within the process, for tests, demonstrations and `millrace dev`: ids, versions and compatibility
 * checks work as in a real one.
 *
 * @throws SchemaRegistryError where the file holds no schemas that can be read.
 */
export function inProcessSchemaRegistry(
  options: InProcessSchemaRegistryOptions = {},
): SchemaRegistry {
  return new InProcessSchemaRegistry(options)
}

interface Subject {
  /** Oldest first; the version of a schema is its position + 1. */
  readonly ids: number[]
  level: Compatibility | undefined
}

class InProcessSchemaRegistry implements SchemaRegistry {
  readonly #file: string | undefined
  readonly #defaultLevel: Compatibility
  /** By id − 1. Equal schemas share an id, also across subjects. */
  readonly #schemas: string[] = []
  readonly #subjects = new Map<string, Subject>()
  #closed = false

  constructor(options: InProcessSchemaRegistryOptions) {
    this.#file = options.file
    this.#defaultLevel = options.compatibility ?? 'BACKWARD'
    if (this.#file !== undefined) this.#load(this.#file)
  }

  async register(subject: string, schema: string): Promise<number> {
    this.#check()
    const { node, text } = this.#parsed(subject, schema)
    const registered = this.#idUnder(subject, text)
    if (registered !== undefined) return registered
    const reasons = this.#reasons(subject, node)
    if (reasons.length > 0) throw incompatible(subject, nameOf(node), reasons)
    let id = this.#schemas.indexOf(text) + 1
    if (id === 0) id = this.#schemas.push(text)
    this.#subject(subject).ids.push(id)
    this.#save()
    return id
  }

  async lookup(subject: string, schema: string): Promise<number | undefined> {
    this.#check()
    return this.#idUnder(subject, this.#parsed(subject, schema).text)
  }

  async schemaById(id: number): Promise<string | undefined> {
    this.#check()
    return this.#schemas[id - 1]
  }

  async latest(subject: string): Promise<RegisteredSchema | undefined> {
    this.#check()
    return this.#versions(subject).at(-1)
  }

  async versions(subject: string): Promise<RegisteredSchema[]> {
    this.#check()
    return this.#versions(subject)
  }

  async compatibility(subject: string): Promise<Compatibility> {
    this.#check()
    return this.#level(subject)
  }

  async setCompatibility(subject: string, level: Compatibility): Promise<void> {
    this.#check()
    if (!compatibilityLevels.includes(level)) {
      throw new SchemaRegistryError(
        `${String(level)} is no compatibility level; there are ${compatibilityLevels.join(', ')}`,
      )
    }
    this.#subject(subject).level = level
    this.#save()
  }

  async checkCompatibility(subject: string, schema: string): Promise<string[]> {
    this.#check()
    return this.#reasons(subject, this.#parsed(subject, schema).node)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #check(): void {
    if (this.#closed) throw new LifecycleError('The schema registry in process is closed.')
  }

  #parsed(subject: string, schema: string): { readonly node: AvroNode; readonly text: string } {
    try {
      const node = parseSchema(schema)
      return { node, text: schemaText(node) }
    } catch (cause) {
      throw new SchemaRegistryError(
        `The schema registry in process refuses the schema for subject ${subject}: ${messageOf(cause)}`,
        { cause },
      )
    }
  }

  #idUnder(subject: string, text: string): number | undefined {
    const id = this.#schemas.indexOf(text) + 1
    return this.#subjects.get(subject)?.ids.includes(id) ? id : undefined
  }

  #versions(subject: string): RegisteredSchema[] {
    const ids = this.#subjects.get(subject)?.ids ?? []
    return ids.map((id, index) => ({ id, version: index + 1, schema: this.#schemas[id - 1]! }))
  }

  #level(subject: string): Compatibility {
    return this.#subjects.get(subject)?.level ?? this.#defaultLevel
  }

  #reasons(subject: string, node: AvroNode): string[] {
    const earlier = this.#versions(subject).map(({ version, schema }) => ({
      name: `version ${version}`,
      schema: parseSchema(schema),
    }))
    return compatibilityReasons(this.#level(subject), node, earlier)
  }

  #subject(name: string): Subject {
    let subject = this.#subjects.get(name)
    if (!subject) this.#subjects.set(name, (subject = { ids: [], level: undefined }))
    return subject
  }

  #load(file: string): void {
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return
      throw new SchemaRegistryError(`Cannot read the schemas in ${file}: ${messageOf(cause)}`, {
        cause,
      })
    }
    try {
      const kept = JSON.parse(text) as KeptSchemas
      for (const schema of kept.schemas) this.#schemas.push(schemaText(parseSchema(schema)))
      for (const [name, { ids, level }] of Object.entries(kept.subjects)) {
        if (!ids.every((id) => this.#schemas[id - 1] !== undefined)) {
          throw new Error(`subject ${name} names an id that is not there`)
        }
        this.#subjects.set(name, { ids, level })
      }
    } catch (cause) {
      throw new SchemaRegistryError(
        `The file ${file} does not hold a registry's schemas: ${messageOf(cause)}. Delete it to start anew.`,
        { cause },
      )
    }
  }

  /** Writes a new file and puts it in the old one's place, so that a crash leaves the one or the other. */
  #save(): void {
    if (this.#file === undefined) return
    const kept: KeptSchemas = {
      schemas: this.#schemas.map((text) => JSON.parse(text) as unknown),
      subjects: Object.fromEntries(this.#subjects),
    }
    mkdirSync(dirname(this.#file), { recursive: true })
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(kept, null, 2)}\n`)
    renameSync(`${this.#file}.new`, this.#file)
  }
}

/** The file's content. */
interface KeptSchemas {
  readonly schemas: readonly unknown[]
  readonly subjects: Readonly<Record<string, Subject>>
}

function nameOf(node: AvroNode): string {
  return isNamed(node) ? node.fullName : typeText(node)
}
