import type { AvroRepresentation } from './representation.ts'
import type { AvroNode } from './schema-model.ts'

/** The kinds of TypeScript value that can be told apart at run time. */
export type ValueKind =
  'null' | 'boolean' | 'number' | 'bigint' | 'string' | 'bytes' | 'array' | 'object'

/** The kind of value that a type has under a representation. */
function valueKind(node: AvroNode, representation: AvroRepresentation): ValueKind {
  const logical = 'logical' in node ? node.logical?.name : undefined
  if (logical === 'decimal' || logical === 'uuid') return 'string'
  if (logical !== undefined) return representation.dates === 'date' ? 'object' : 'number'
  switch (node.kind) {
    case 'int':
    case 'float':
    case 'double':
      return 'number'
    case 'long':
      return representation.long === 'bigint' ? 'bigint' : 'number'
    case 'enum':
      return 'string'
    case 'fixed':
      return 'bytes'
    case 'record':
    case 'map':
      return 'object'
    case 'union':
      throw new Error('A union lies in no union.')
    default:
      return node.kind
  }
}

/**
 * Whether the values of a union carry the name of their branch (`{ 'int': 5 }`), as in Avro's JSON encoding: where two
 * branches have values of the same kind, which could not be told apart. Null is never wrapped.
 */
export function isWrappedUnion(
  branches: readonly AvroNode[],
  representation: AvroRepresentation,
): boolean {
  const kinds = branches.map((branch) => valueKind(branch, representation))
  return new Set(kinds).size < kinds.length
}
