import { shown } from '../serde-errors.ts'
import type { AvscType } from './avsc-internals.ts'

/** The part of a value that its type refuses. */
export interface ValueFault {
  /** `lines.0.price`; undefined for the value itself. */
  readonly path: string | undefined
  readonly reason: string
}

/** The first part of a value that its type refuses; undefined where the type refuses none. */
export function findValueFault(type: AvscType, value: unknown): ValueFault | undefined {
  let found: ValueFault | undefined
  type.isValid(value, {
    errorHook(path, part, expected) {
      const text = `expected ${expectation(expected)}, got ${shown(part)}`
      found ??= {
        path: path.length === 0 ? undefined : path.join('.'),
        reason: path.length === 0 ? text : `${path.join('.')}: ${text}`,
      }
    },
  })
  return found
}

function expectation(type: AvscType): string {
  const { typeName } = type
  if (typeName === 'record') return `an object (record ${type.name})`
  if (typeName === 'enum') return `one of ${type.symbols!.join(', ')}`
  if (typeName === 'fixed') return `a Buffer of ${(type as unknown as { size: number }).size} bytes`
  if (typeName === 'bytes') return 'a Buffer (bytes)'
  if (typeName === 'array' || typeName === 'map')
    return `${typeName === 'array' ? 'an' : 'a'} ${typeName}`
  if (typeName === 'int') return 'a whole number of 32 bits (int)'
  if (typeName === 'long') return 'a safe whole number (long)'
  if (typeName === 'abstract:long') return 'a bigint of 64 bits (long)'
  if (typeName === 'union:wrapped') {
    return type.types!.map(wrappedExpectation).join(' or ')
  }
  if (typeName.startsWith('union')) return type.types!.map(expectation).join(' or ')
  if (typeName.startsWith('logical:')) return logicalExpectation(type)
  return typeName
}

function wrappedExpectation(type: AvscType): string {
  return type.typeName === 'null' ? 'null' : `{ '${type.branchName}': … }`
}

function logicalExpectation(type: AvscType): string {
  const name = type.typeName.slice('logical:'.length)
  if (name === 'decimal') {
    const { precision, scale } = (type as unknown as { _logical: Record<string, number> })._logical
    return `a decimal number as a string, of at most ${precision} digits, ${scale} of them after the point`
  }
  if (name === 'uuid') return 'a uuid as a string'
  return name === 'date' ? 'a Date at midnight UTC (date)' : `a Date (${name})`
}
