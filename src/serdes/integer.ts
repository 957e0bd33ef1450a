import { shown, unreadable, unwritable } from './serde-errors.ts'
import type { Serde, SerdeContext } from './serde.ts'

function deserializeAt(buffer: Buffer, start: number, end: number, context: SerdeContext): number {
  if (end - start !== 4)
    throw unreadable('integer', context, `expected 4 bytes, got ${end - start}`)
  return buffer.readInt32BE(start)
}

const serde: Serde<number> = {
  name: 'integer',
  serialize(value, context) {
    if (typeof value !== 'number' || (value | 0) !== value) {
      throw unwritable(
        'integer',
        context,
        `expected a whole number from -2147483648 to 2147483647, got ${shown(value)}`,
      )
    }
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeInt32BE(value, 0)
    return bytes
  },
  deserialize: (bytes, context) => deserializeAt(bytes, 0, bytes.length, context),
  deserializeAt,
}

/**
 * A signed 32-bit integer, big-endian.
 *
 * @throws SerializationError, DeserializationError
 * @remarks Source: `org.apache.kafka.common.serialization.IntegerSerializer`.
 */
export function integer(): Serde<number> {
  return serde
}
