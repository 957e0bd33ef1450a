import { ConfigError, messageOf } from '../../core/errors.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { SchemaRegistry } from '../schema-registry.ts'
import type { Serde, SerdeContext, SerdeEnvironment } from '../serde.ts'
import { unreadable, unwritable } from '../serde-errors.ts'
import type { AvroCodec, WriterReads } from './codec.ts'
import { SchemaCache } from './schema-cache.ts'
import { shortName } from './schema-model.ts'
import { subjectName, type SubjectNames } from './subject-name.ts'
import { headerBytes, headerFault, schemaIdAt, writeHeader } from './wire-format.ts'

/** How {@link avro} names subjects and registers schemas. */
export interface AvroOptions {
  /** @default 'topic' */
  readonly subjects?: SubjectNames
  /**
   * Whether a schema that its subject does not have is registered at start; otherwise it is an error.
   *
   * @default What the application's configuration says, which is true by default.
   */
  readonly autoRegister?: boolean
}

/** A declared Avro serde: it has to be bound to a registry before it can read or write. */
export class AvroSerde<T> implements Serde<T> {
  readonly name: string
  readonly #codec: AvroCodec
  readonly #options: AvroOptions

  constructor(codec: AvroCodec, options: AvroOptions) {
    this.name = serdeName(codec)
    this.#codec = codec
    this.#options = options
  }

  serialize(): Buffer {
    throw this.#unbound()
  }

  deserialize(): T {
    throw this.#unbound()
  }

  bind(environment: SerdeEnvironment): Serde<T> {
    const { schemaRegistry } = environment
    if (!schemaRegistry) throw this.#unbound()
    const autoRegister = this.#options.autoRegister ?? environment.autoRegisterSchemas ?? true
    const subjects = this.#options.subjects ?? 'topic'
    return new BoundAvroSerde<T>(this.#codec, schemaRegistry, subjects, autoRegister)
  }

  #unbound(): ConfigError {
    return new ConfigError(
      `${this.name} needs a schema registry: set schemaRegistry in the configuration, or bind the serde to one.`,
    )
  }
}

function serdeName(codec: AvroCodec): string {
  return `avro ${shortName(codec.fullName)}`
}

class BoundAvroSerde<T> implements Serde<T> {
  readonly name: string
  readonly #codec: AvroCodec
  readonly #cache: SchemaCache
  readonly #subjects: SubjectNames
  readonly #autoRegister: boolean
  /** How to read each writer's schema, or why it cannot be read. */
  readonly #reads = new Map<number, WriterReads | UnreadableSchema>()
  readonly #keyIds = new Map<string, number>()
  readonly #valueIds = new Map<string, number>()

  constructor(
    codec: AvroCodec,
    registry: SchemaRegistry,
    subjects: SubjectNames,
    autoRegister: boolean,
  ) {
    this.name = serdeName(codec)
    this.#codec = codec
    this.#cache = SchemaCache.of(registry)
    this.#subjects = subjects
    this.#autoRegister = autoRegister
  }

  async prepare(context: SerdeContext): Promise<void> {
    const id = await this.#cache.prepare({
      subject: subjectName(this.#subjects, context, this.#codec.fullName),
      fullName: this.#codec.fullName,
      text: this.#codec.text,
      autoRegister: this.#autoRegister,
    })
    this.#ids(context).set(context.topic, id)
  }

  resolve(values: readonly Buffer[]): MaybePromise<void> {
    let missing: Set<number> | undefined
    for (const value of values) {
      const id = schemaIdAt(value, 0, value.length)
      if (id === undefined || this.#reads.has(id) || this.#cache.get(id) !== undefined) continue
      missing ??= new Set()
      missing.add(id)
    }
    if (!missing) return undefined
    return Promise.all([...missing].map((id) => this.#cache.fetch(id))).then(() => undefined)
  }

  serialize(value: T, context: SerdeContext): Buffer {
    const id = this.#ids(context).get(context.topic)
    if (id === undefined) {
      throw unwritable(this.name, context, 'prepare was not called for this topic')
    }
    let message: Buffer
    try {
      message = this.#codec.encode(value, headerBytes)
    } catch (thrown) {
      const { field, reason, cause } = this.#codec.explain(value, thrown)
      throw unwritable(this.name, context, reason, { field, cause })
    }
    writeHeader(message, id)
    return message
  }

  deserialize(bytes: Buffer, context: SerdeContext): T {
    return this.deserializeAt(bytes, 0, bytes.length, context)
  }

  deserializeAt(buffer: Buffer, start: number, end: number, context: SerdeContext): T {
    const id = schemaIdAt(buffer, start, end)
    if (id === undefined) throw unreadable(this.name, context, headerFault(buffer, start, end))
    const reads = this.#reads.get(id) ?? this.#learn(id, context)
    if (reads instanceof UnreadableSchema) {
      throw unreadable(this.name, context, `schema id ${id}: ${reads.reason}`)
    }
    try {
      return this.#codec.decode(reads, buffer, start + headerBytes, end) as T
    } catch (cause) {
      throw unreadable(this.name, context, `schema id ${id}: ${messageOf(cause)}`, { cause })
    }
  }

  /** Compiles the reading of a writer's schema when its first value is met. */
  #learn(id: number, context: SerdeContext): WriterReads | UnreadableSchema {
    const schema = this.#cache.get(id)
    if (schema === undefined) {
      const reason = this.#cache.isUnknown(id)
        ? `the registry knows no schema of id ${id}`
        : `schema id ${id} was not resolved before reading`
      throw unreadable(this.name, context, reason)
    }
    let reads: WriterReads | UnreadableSchema
    try {
      reads = this.#codec.readsOf(schema)
    } catch (error) {
      reads = new UnreadableSchema(messageOf(error))
    }
    this.#reads.set(id, reads)
    return reads
  }

  #ids(context: SerdeContext): Map<string, number> {
    return context.part === 'key' ? this.#keyIds : this.#valueIds
  }
}

/** A writer's schema that the codec's schema cannot read. */
class UnreadableSchema {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}
