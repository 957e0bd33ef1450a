import { ConfigError, messageOf } from '../../core/errors.ts'
import { avscModule, type AvscType } from './avsc-internals.ts'
import { isWrappedUnion } from './branch-kinds.ts'
import {
  BigLongType,
  CheckedArrayType,
  CheckedFloatType,
  CheckedMapType,
  SafeLongType,
} from './checked-types.ts'
import { logicalTypes, type LogicalConstructor } from './logical-types.ts'
import { logicalOf } from './logical.ts'
import { CheckedRecordType } from './record-type.ts'
import type { AvroRepresentation } from './representation.ts'
import type { AvroNode, AvroUnion } from './schema-model.ts'
import { schemaJson } from './schema-text.ts'
import { NamedUnionType, NullableType, PlainUnionType } from './union-types.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * Compiles a schema into the avsc type that reads and writes its values in a representation. Records are plain
 * objects: they equal literals, and a change of the schema changes nothing about them but their fields.
 *
 * @throws ConfigError where the schema has a default that is no value of its type.
 */
export function buildType(node: AvroNode, representation: AvroRepresentation): AvscType {
  const unions = new Map<unknown, AvroUnion>()
  const json = schemaJson(node, (array, union) => unions.set(array, union))
  const building = new Building(representation, unions)
  try {
    const type = avscModule.Type.forSchema(json, {
      // Without a prototype, so that a type may be named like something that every object has.
      registry: Object.create(null) as object,
      typeHook: (schema: unknown, options: object) => building.hook(schema, options),
    })
    makePlain(type, new Set())
    return type
  } catch (cause) {
    throw new ConfigError(`Avro schema: ${messageOf(cause)}`, { cause })
  }
}

class Building {
  readonly #representation: AvroRepresentation
  readonly #unions: ReadonlyMap<unknown, AvroUnion>
  readonly #logical: Readonly<Record<string, LogicalConstructor>>
  /** Schemas whose logical type is being made, which asks for the underlying type of the very same schema. */
  readonly #underlying = new Set<unknown>()

  constructor(representation: AvroRepresentation, unions: ReadonlyMap<unknown, AvroUnion>) {
    this.#representation = representation
    this.#unions = unions
    this.#logical = logicalTypes(representation.dates ?? 'number')
  }

  /** Called by avsc for each part of a schema; undefined leaves the part to avsc. */
  hook(schema: unknown, options: object): AvscType | undefined {
    if (Array.isArray(schema)) return this.#union(schema, options)
    const attributes: Json = typeof schema === 'string' ? { type: schema } : (schema as Json)
    const logical = this.#logicalType(schema, attributes, options)
    if (logical) return logical
    switch (attributes['type']) {
      case 'record':
        return new CheckedRecordType(schema, options)
      case 'array':
        return new CheckedArrayType(schema, options)
      case 'map':
        return new CheckedMapType(schema, options)
      case 'float':
        return new CheckedFloatType()
      case 'long':
        return this.#representation.long === 'bigint' && !isTimestamp(attributes)
          ? new BigLongType()
          : new SafeLongType()
      default:
        return undefined
    }
  }

  #logicalType(schema: unknown, attributes: Json, options: object): AvscType | undefined {
    if (this.#underlying.has(schema)) return undefined
    const kind = attributes['type'] as 'fixed'
    const logical = logicalOf(kind, attributes['size'] as number | undefined, attributes)
    const LogicalType = logical && this.#logical[logical.name]
    if (!LogicalType) return undefined
    this.#underlying.add(schema)
    try {
      return new LogicalType(schema, options, logical)
    } finally {
      this.#underlying.delete(schema)
    }
  }

  #union(schema: unknown[], options: object): AvscType {
    const { branches } = this.#unions.get(schema)!
    if (isWrappedUnion(branches, this.#representation)) return new NamedUnionType(schema, options)
    const nullable = branches.length === 2 && branches.some((branch) => branch.kind === 'null')
    return nullable ? new NullableType(schema, options) : new PlainUnionType(schema, options)
  }
}

/** A point in time is a number of milliseconds whatever a long is: it fits, and it is compared with record times. */
function isTimestamp(attributes: Json): boolean {
  return logicalOf('long', undefined, attributes) !== undefined
}

/** Takes avsc's classes from records and union branches, and Object's names from its look-up tables. */
function makePlain(type: AvscType, seen: Set<AvscType>): void {
  if (seen.has(type)) return
  seen.add(type)
  for (const table of [type._indices, type._branchIndices, type._bucketIndices]) {
    if (table) Object.setPrototypeOf(table, null)
  }
  const branch = ownBranchConstructor(type)
  if (branch) branch.prototype = Object.prototype
  if (type.recordConstructor) type.recordConstructor.prototype = Object.prototype
  for (const part of partsOf(type)) makePlain(part, seen)
}

function ownBranchConstructor(type: AvscType): { prototype: object } | undefined {
  // A union inherits one that only throws.
  if (!Object.hasOwn(type, '_branchConstructor')) return undefined
  return type._branchConstructor ?? undefined
}

function partsOf(type: AvscType): AvscType[] {
  const parts: (AvscType | undefined)[] = [
    type.itemsType,
    type.valuesType,
    type.underlyingType,
    ...(type.types ?? []),
    ...(type.fields ?? []).map((field) => field.type),
  ]
  return parts.filter((part) => part !== undefined)
}
