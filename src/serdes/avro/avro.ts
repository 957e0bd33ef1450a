import type { Serde } from '../serde.ts'
import type { AvroType } from './avro-type.ts'
import { AvroSerde, type AvroOptions } from './avro-serde.ts'
import { AvroCodec } from './codec.ts'
import type { AvroValue } from './inferred-value.ts'
import type { AvroRepresentation } from './representation.ts'

/** A schema written in code, from which {@link avro} infers the values' type. */
export interface InlineAvroSchema<
  Schema,
  Long extends 'number' | 'bigint' = 'number',
  Dates extends 'number' | 'date' = 'number',
> extends AvroRepresentation {
  /** The schema as an object literal. */
  readonly schema: Schema
  readonly long?: Long
  readonly dates?: Dates
}

const codecs = new WeakMap<object, AvroCodec>()

/** Compiling a schema takes longer than reading thousands of values, and a type is often declared for several topics. */
function codecOf(type: AvroRepresentation & { readonly schema: unknown }): AvroCodec {
  let codec = codecs.get(type)
  if (!codec) codecs.set(type, (codec = new AvroCodec(type.schema, type)))
  return codec
}

/**
 * Avro in Confluent's wire format, through a schema registry. Takes a type that `millrace schemas generate` made, or
 * `{ schema }` with the schema as an object literal.
 *
 * Values are plain objects: records and maps are objects, `bytes` and `fixed` Buffers, enums strings, `decimal` exact
 * text (`'12.50'`), `uuid` text, timestamps and days numbers or Dates as the type says. A union's values are plain
 * too, unless two branches have values of the same kind: then they are `{ 'full.Name': value }`, as in Avro's JSON
 * encoding. A field with a default may be left out on writing; fields that the schema does not have are not written.
 *
 * Records written with other versions of the schema are read as this one, with its defaults and aliases.
 *
 * @throws ConfigError where the schema is none.
 * @remarks Source: `io.confluent.kafka.streams.serdes.avro.SpecificAvroSerde`.
 */
export function avro<T>(type: AvroType<T>, options?: AvroOptions): Serde<T>
export function avro<
  const Schema,
  Long extends 'number' | 'bigint' = 'number',
  Dates extends 'number' | 'date' = 'number',
>(
  type: InlineAvroSchema<Schema, Long, Dates>,
  options?: AvroOptions,
): Serde<AvroValue<Schema, { long: Long; dates: Dates }>>
export function avro(
  type: AvroRepresentation & { readonly schema: unknown },
  options: AvroOptions = {},
): Serde<unknown> {
  return new AvroSerde(codecOf(type), options)
}
