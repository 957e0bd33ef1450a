import { messageOf } from '../../core/errors.ts'
import { AvroBytesError, AvroReader } from './avro-reader.ts'
import { AvroValueError, AvroWriter } from './avro-writer.ts'
import type { AvscReads, AvscType } from './avsc-internals.ts'
import { buildType } from './build-type.ts'
import { readIncompatibilities } from './can-read.ts'
import { parseSchema } from './parse-schema.ts'
import type { AvroRepresentation } from './representation.ts'
import { layoutText, schemaText } from './schema-text.ts'
import { isNamed, type AvroNode } from './schema-model.ts'
import { findValueFault } from './value-fault.ts'

/** Reads the values that one writer's schema wrote, as values of the codec's schema. */
export type WriterReads = AvscReads

/** A value that the schema refuses: which field, and why. */
export interface RefusedValue {
  readonly field: string | undefined
  readonly reason: string
  readonly cause: unknown
}

/**
 * Encodes and decodes the values of one schema, and decodes those of other schemas that it can read. Knows nothing of
 * registries.
 */
export class AvroCodec {
  readonly node: AvroNode
  /** The schema as it is registered. */
  readonly text: string
  /** The full name of the schema's type, or its kind where it has none. */
  readonly fullName: string
  readonly #representation: AvroRepresentation
  readonly #type: AvscType
  readonly #layout: string

  /** @throws ConfigError where the schema is none. */
  constructor(schema: unknown, representation: AvroRepresentation) {
    this.node = parseSchema(schema)
    this.text = schemaText(this.node)
    this.fullName = isNamed(this.node) ? this.node.fullName : this.node.kind
    this.#representation = representation
    this.#type = buildType(this.node, representation)
    this.#layout = layoutText(this.node)
  }

  /**
   * How to read what a writer's schema wrote.
   *
   * @throws Error saying which field cannot be read, and ConfigError where the writer's schema is none.
   */
  readsOf(writerSchema: string): WriterReads {
    const writer = parseSchema(writerSchema)
    if (layoutText(writer) === this.#layout) return this.#type
    const reasons = readIncompatibilities(this.node, writer)
    if (reasons.length > 0) {
      const texts = reasons.map(
        ({ rule, path, reader, writer: written }) =>
          `${path === '' ? 'the value' : `field ${path}`} was written as ${written}, expected ${reader} (${rule})`,
      )
      throw new Error(texts.join('; '))
    }
    return this.#type.createResolver(buildType(writer, this.#representation))
  }

  /** @throws AvroBytesError */
  decode(reads: WriterReads, buffer: Buffer, start: number, end: number): unknown {
    const reader = idleReader ?? new AvroReader()
    idleReader = undefined
    try {
      reader.begin(buffer, start, end)
      const value = reads._read(reader)
      if (reader.left > 0) {
        throw new AvroBytesError(`${reader.left} bytes follow after its end at byte ${reader.at()}`)
      }
      return value
    } catch (error) {
      // avsc throws plain errors for what only damaged bytes hold, such as a branch that a union has not.
      if (error instanceof AvroBytesError) throw error
      throw new AvroBytesError(messageOf(error), { cause: error })
    } finally {
      reader.release()
      idleReader = reader
    }
  }

  /** The encoded value behind so many bytes that are left for the caller to fill. Throws where the value is refused. */
  encode(value: unknown, reserved: number): Buffer {
    // A getter of the value may write another value meanwhile, which then takes a writer of its own.
    const writer = idleWriter ?? new AvroWriter()
    idleWriter = undefined
    try {
      writer.begin(reserved)
      this.#type._write(writer, value)
      return writer.bytes()
    } finally {
      idleWriter = writer
    }
  }

  /** Why {@link encode} threw. */
  explain(value: unknown, cause: unknown): RefusedValue {
    if (cause instanceof AvroValueError) return { field: undefined, reason: cause.message, cause }
    const fault = findValueFault(this.#type, value)
    return { field: fault?.path, reason: fault?.reason ?? messageOf(cause), cause }
  }
}

/** One of each is enough: encoding and decoding never wait. */
let idleReader: AvroReader | undefined
let idleWriter: AvroWriter | undefined
