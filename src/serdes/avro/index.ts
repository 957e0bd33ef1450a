export type { Clock, Timer } from '../../core/clock.ts'
export { avro, type InlineAvroSchema } from './avro.ts'
export type { AvroOptions } from './avro-serde.ts'
export type { AvroType } from './avro-type.ts'
export {
  checkSchemas,
  type CheckedSchema,
  type CheckSchemasOptions,
  type CheckSchemasReport,
} from './check-schemas.ts'
export {
  generateSchemas,
  type GenerateSchemasOptions,
  type GenerateSchemasReport,
} from './generate-schemas.ts'
export { schemaRegistry, type SchemaRegistryOptions } from './http-schema-registry.ts'
export {
  inProcessSchemaRegistry,
  type InProcessSchemaRegistryOptions,
} from './in-process-schema-registry.ts'
export type { AvroValue } from './inferred-value.ts'
export {
  registerSchemas,
  type RegisteredSubjectSchema,
  type RegisterSchemasOptions,
  type RegisterSchemasReport,
} from './register-schemas.ts'
export type { AvroRepresentation } from './representation.ts'
export type { SchemaSubjects } from './schema-subjects.ts'
export type { SubjectNames } from './subject-name.ts'
export type { Compatibility, RegisteredSchema, SchemaRegistry } from '../schema-registry.ts'
