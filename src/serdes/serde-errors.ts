import { DeserializationError, SerializationError } from '../core/errors.ts'
import type { SerdeContext } from './serde.ts'

/** The error for bytes that are no value of a serde; the caller throws it. */
export function unreadable(
  serdeName: string,
  context: SerdeContext,
  reason: string,
  details: { readonly field?: string | undefined; readonly cause?: unknown } = {},
): DeserializationError {
  return new DeserializationError(
    `Cannot read the ${context.part} of topic ${context.topic} as ${serdeName}: ${reason}`,
    details,
  )
}

/** The error for a value that a serde cannot write; the caller throws it. */
export function unwritable(
  serdeName: string,
  context: SerdeContext,
  reason: string,
  details: { readonly field?: string | undefined; readonly cause?: unknown } = {},
): SerializationError {
  return new SerializationError(
    `Cannot write the ${context.part} for topic ${context.topic} as ${serdeName}: ${reason}`,
    details,
  )
}

/** A value as an error message shows it: its type and the beginning of its text. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return `string ${clipped(JSON.stringify(value))}`
  if (typeof value === 'bigint') return `bigint ${clipped(`${value}n`)}`
  if (typeof value === 'number' || typeof value === 'boolean') return `${typeof value} ${value}`
  if (typeof value !== 'object') return `a ${typeof value}`
  const name = (Object.getPrototypeOf(value) as object | null)?.constructor.name
  return name === undefined || name === 'Object' ? 'an object' : `an instance of ${name}`
}

function clipped(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`
}
