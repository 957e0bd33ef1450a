/**
 * A text that is the same for equal keys and another for others, where a key has to be told from others without its
 * serde: two objects are equal where they have the same JSON.
 */
export function keyIdentity(key: unknown): string {
  switch (typeof key) {
    case 'string':
      return `s${key}`
    case 'number':
    case 'boolean':
      return `p${String(key)}`
    case 'bigint':
      return `b${String(key)}`
    default:
      if (key instanceof Uint8Array) return `x${Buffer.from(key).toString('latin1')}`
      return `j${JSON.stringify(key, writeBigint)}`
  }
}

function writeBigint(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
