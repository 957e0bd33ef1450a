import { shown, unreadable, unwritable } from './serde-errors.ts'
import type { Serde, SerdeContext } from './serde.ts'

function deserializeAt(buffer: Buffer, start: number, end: number, context: SerdeContext): number {
  if (end - start !== 8) throw unreadable('double', context, `expected 8 bytes, got ${end - start}`)
  return buffer.readDoubleBE(start)
}

const serde: Serde<number> = {
  name: 'double',
  serialize(value, context) {
    if (typeof value !== 'number') {
      throw unwritable('double', context, `expected a number, got ${shown(value)}`)
    }
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeDoubleBE(value, 0)
    return bytes
  },
  deserialize: (bytes, context) => deserializeAt(bytes, 0, bytes.length, context),
  deserializeAt,
}

/**
 * A 64-bit floating-point number, big-endian. NaN and the infinities are kept.
 *
 * @throws SerializationError, DeserializationError
 * @remarks Source: `org.apache.kafka.common.serialization.DoubleSerializer`.
 */
export function double(): Serde<number> {
  return serde
}
