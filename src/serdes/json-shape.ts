import { nextCopier, type ObjectCopier } from './object-copiers.ts'

/**
 * What the values of one topic mostly have in common: the names of their fields, in order. Reading and writing by it is
 * a guess that is checked all the way; a value of another form is left to JSON.parse and JSON.stringify.
 */
export interface JsonShape {
  readonly names: readonly string[]
  /** What stands before the value of each field: `{"id":`, then `,"units":`. */
  readonly openings: readonly string[]
  readonly openingBytes: readonly Uint8Array[]
  /**
   * An object with these fields. Its copies have them from the start, so that setting one neither runs a setter nor
   * meets a read-only property that somebody has put on Object.prototype.
   */
  readonly template: Readonly<Record<string, unknown>>
  readonly copier: ObjectCopier
}

const maxFields = 32
const maxNameLength = 128

/** ASCII that JSON writes as it is. A name that begins with a digit may be an index, which objects put first. */
const plainName = /^(?!\d)[ !#-[\]-~]+$/

/** The shape of an object of flat fields; undefined for everything else. */
export function shapeOf(value: unknown): JsonShape | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined
  // Of an object of very many, as a map may be, it is enough to count the names.
  const { length } = Object.keys(value)
  if (length === 0 || length > maxFields) return undefined
  const fields = Object.entries(Object.getOwnPropertyDescriptors(value))
  const openings: string[] = []
  let model = ''
  for (const [name, field] of fields) {
    if (!isPlainName(name) || field.enumerable !== true || !isFlat(field.value)) return undefined
    const opening = `${openings.length === 0 ? '{' : ','}"${name}":`
    openings.push(opening)
    model += opening + JSON.stringify(emptied(field.value))
  }
  return {
    names: fields.map(([name]) => name),
    openings,
    // Copied, since a Buffer is a part of a pool that it would keep in memory.
    openingBytes: openings.map((opening) => Uint8Array.from(Buffer.from(opening, 'latin1'))),
    // Parsed, it has room for just its fields, and so have its copies; an object literal has room for more.
    template: JSON.parse(`${model}}`) as Record<string, unknown>,
    copier: nextCopier(),
  }
}

function isPlainName(name: string): boolean {
  if (name === '__proto__' || name === 'toJSON') return false
  return name.length <= maxNameLength && plainName.test(name)
}

/** What a getter has is no value here: it must not be asked more often than JSON asks it. */
function isFlat(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  return value === null || typeof value === 'string' || typeof value === 'boolean'
}

/** A value of the same kind, which V8 then lays objects out for; long texts are not kept. */
function emptied(value: unknown): unknown {
  if (typeof value === 'string') return ''
  return typeof value === 'number' && Number.isSafeInteger(value) ? 0 : value
}
