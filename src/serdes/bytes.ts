import { shown, unwritable } from './serde-errors.ts'
import type { Serde } from './serde.ts'

function copy(buffer: Buffer, start: number, end: number): Buffer {
  return Buffer.from(buffer.subarray(start, end))
}

const serde: Serde<Buffer> = {
  name: 'bytes',
  serialize(value: Uint8Array, context) {
    if (Buffer.isBuffer(value)) return value
    if (!(value instanceof Uint8Array)) {
      throw unwritable('bytes', context, `expected a Buffer or Uint8Array, got ${shown(value)}`)
    }
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  },
  deserialize: (bytes) => copy(bytes, 0, bytes.length),
  deserializeAt: copy,
}

/**
 * Bytes as they are. Reading copies them, since a fetched batch's memory is used again; writing does not, so a buffer
 * must not be changed after it was handed over.
 *
 * @throws SerializationError where the value is no byte array.
 * @remarks Source: `org.apache.kafka.common.serialization.ByteArraySerializer`.
 */
export function bytes(): Serde<Buffer> {
  return serde
}
