import type { AvroRepresentation } from './representation.ts'

/**
 * An Avro type with the TypeScript type of its values: what `millrace schemas generate` makes of an .avsc file.
 */
export interface AvroType<T> extends AvroRepresentation {
  /** `namespace.Name`. */
  readonly fullName: string
  /** The schema, complete in itself, as JSON text. */
  readonly schema: string
  /** Never there at run time; carries the values' type. */
  readonly valueType?: T
}
