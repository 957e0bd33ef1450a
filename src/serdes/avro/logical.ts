import type { Logical, PrimitiveName } from './schema-model.ts'

/**
 * The logical type that a schema's attributes declare; undefined where they declare none that is valid for the
 * underlying type, which Avro's specification says to read as the underlying type then.
 */
export function logicalOf(
  kind: PrimitiveName | 'fixed',
  size: number | undefined,
  attributes: Readonly<Record<string, unknown>>,
): Logical | undefined {
  const name = attributes['logicalType']
  if (name === 'timestamp-millis') return kind === 'long' ? { name } : undefined
  if (name === 'date') return kind === 'int' ? { name } : undefined
  if (name === 'uuid') return kind === 'string' || size === 16 ? { name } : undefined
  if (name !== 'decimal' || (kind !== 'bytes' && kind !== 'fixed')) return undefined
  const precision = attributes['precision']
  const scale = attributes['scale'] ?? 0
  if (!isCount(precision) || precision === 0 || !isCount(scale) || scale > precision) {
    return undefined
  }
  if (size !== undefined && precision > decimalDigits(size)) return undefined
  return { name, precision, scale }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** How many decimal digits always fit in so many bytes of two's complement. */
function decimalDigits(bytes: number): number {
  return bytes === 0 ? 0 : Math.floor(Math.log10(2) * (8 * bytes - 1))
}
