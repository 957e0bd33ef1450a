export type { PackedBytes } from '../core/byte-text.ts'
export type { CountWindowed } from '../core/count-windowed.ts'
export type { SessionWindowed, Windowed, WindowedKey } from '../core/windowed.ts'
export { bytes } from './bytes.ts'
export { double } from './double.ts'
export { integer } from './integer.ts'
export { json, type JsonOptions, type StandardSchemaOutput } from './json.ts'
export { long, type LongOptions } from './long.ts'
export type { Compatibility, RegisteredSchema, SchemaRegistry } from './schema-registry.ts'
export type { Serde, SerdeContext, SerdeEnvironment, SerdeValue } from './serde.ts'
export type {
  StandardSchema,
  StandardSchemaIssue,
  StandardSchemaResult,
} from './standard-schema.ts'
export { sessionWindowed } from './session-windowed.ts'
export { string } from './string.ts'
export { validated, type ValidationFault } from './validated.ts'
export { windowed } from './windowed.ts'
export { countWindowed } from './count-windowed.ts'
