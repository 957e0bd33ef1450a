/**
 * JSON of any value that a store may hold: bigint as a decimal string, since JSON's readers round large numbers, and
 * bytes as base64.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, function replace(this: unknown, name: string, replaced: unknown) {
    if (typeof replaced === 'bigint') return replaced.toString()
    // Buffer.toJSON has run by now, so the original has to be looked up in its parent.
    const original = (this as globalThis.Record<string, unknown>)[name]
    return original instanceof Uint8Array ? Buffer.from(original).toString('base64') : replaced
  })
}
