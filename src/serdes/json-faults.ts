/** A part of a value that JSON cannot hold. */
export interface JsonFault {
  /** `lines.0.price`; empty for the value itself. */
  readonly path: string
  readonly reason: string
}

/**
 * The first part of a value that JSON would refuse, or write as null without a word; undefined where there is none.
 * Values with a `toJSON` of their own are trusted.
 */
export function unwritableJsonPart(value: unknown): JsonFault | undefined {
  return search(value, '', new Set())
}

function search(value: unknown, path: string, within: Set<object>): JsonFault | undefined {
  if (typeof value === 'bigint') return { path, reason: `JSON cannot hold the bigint ${value}n` }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return { path, reason: `JSON cannot hold ${value}` }
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return undefined
  if (within.has(value)) return { path, reason: 'the value contains itself' }
  within.add(value)
  for (const [name, part] of Object.entries(value)) {
    const at = path === '' ? name : `${path}.${name}`
    const lost = Array.isArray(value) && isLostInArray(part)
    const found = lost
      ? {
          path: at,
          reason: `JSON cannot hold ${part === undefined ? 'undefined' : `a ${typeof part}`} in a list`,
        }
      : search(part, at, within)
    if (found) return found
  }
  within.delete(value)
  return undefined
}

function isLostInArray(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol'
}
