/**
 * What a log says of something, as JSON: errors as their messages and bigints as their digits, of which JSON has neither.
 */
export function jsonText(facts: object): string {
  return JSON.stringify(facts, plain)
}

function plain(_name: string, value: unknown): unknown {
  if (value instanceof Error) return value.message
  return typeof value === 'bigint' ? value.toString() : value
}
