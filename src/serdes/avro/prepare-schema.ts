import { SchemaIncompatibleError, SchemaRegistryError } from '../../core/errors.ts'
import type { SchemaRegistry } from '../schema-registry.ts'

/** A schema that is about to be written under a subject. */
export interface PreparedSchema {
  readonly subject: string
  readonly fullName: string
  /** The schema's JSON text. */
  readonly text: string
  readonly autoRegister: boolean
}

/**
 * The id to write a schema's values with: the one it is registered under, or a new one where schemas are registered
 * automatically and its compatibility allows.
 *
 * @throws SchemaIncompatibleError naming subject, field and rule; SchemaRegistryError where it may not be registered
 * or the registry cannot be reached.
 */
export async function prepareSchema(
  registry: SchemaRegistry,
  schema: PreparedSchema,
): Promise<number> {
  const { subject, fullName, text } = schema
  const registered = await registry.lookup(subject, text)
  if (registered !== undefined) return registered
  const reasons = await registry.checkCompatibility(subject, text)
  if (reasons.length > 0) throw incompatible(subject, fullName, reasons)
  if (schema.autoRegister) return registry.register(subject, text)
  throw new SchemaRegistryError(
    `The schema ${fullName} is not registered under the subject ${subject}, and schemas are not registered ` +
      `automatically here. Register it with "millrace schemas register", or set autoRegister.`,
  )
}

/** The error for a schema that may not follow those of its subject. */
export function incompatible(
  subject: string,
  fullName: string,
  reasons: readonly string[],
): SchemaIncompatibleError {
  return new SchemaIncompatibleError(
    `The schema ${fullName} may not follow those under the subject ${subject}: ${reasons.join('; ')}. ` +
      `Give new fields a default, keep names and types, or use another subject.`,
  )
}
