import type { CountWindowed } from '../core/count-windowed.ts'
import { bindSerde, type Serde, type SerdeContext } from './serde.ts'
import { shown, unreadable, unwritable } from './serde-errors.ts'

const firstBytes = 8

/**
 * The keys of aggregations by count: the inner key's bytes and the number of the window's first record in 8 bytes. The
 * window's end is not in the bytes; it is the first record plus `size`.
 *
 * @param inner Reads and writes the key within.
 * @param size How many records the windows have.
 * @throws SerializationError, DeserializationError in use.
 */
export function countWindowed<K>(inner: Serde<K>, size: number): Serde<CountWindowed<K>> {
  const name = `count windowed ${inner.name}`
  const { resolve, prepare } = inner
  const keyOf = (bytes: Buffer): Buffer => bytes.subarray(0, -firstBytes)
  return {
    name,
    serialize(value, context) {
      if (!Number.isSafeInteger(value?.first) || value.first < 0) {
        throw unwritable(name, context, `expected a key with its window, got ${shown(value)}`)
      }
      const key = inner.serialize(value.key, context)
      const bytes = Buffer.allocUnsafe(key.length + firstBytes)
      key.copy(bytes)
      bytes.writeBigUInt64BE(BigInt(value.first), key.length)
      return bytes
    },
    deserialize(bytes, context) {
      const at = bytes.length - firstBytes
      if (at < 0) {
        throw unreadable(name, context, `expected ${firstBytes} bytes or more, got ${bytes.length}`)
      }
      const first = Number(bytes.readBigUInt64BE(at))
      return { key: inner.deserialize(keyOf(bytes), context), first, end: first + size }
    },
    partitioningBytes: keyOf,
    ...(resolve && {
      resolve(values: readonly Buffer[], context: SerdeContext) {
        const keys = values.filter((bytes) => bytes.length >= firstBytes).map(keyOf)
        return resolve.call(inner, keys, context)
      },
    }),
    ...(prepare && { prepare: (context: SerdeContext) => prepare.call(inner, context) }),
    ...(inner.bind && {
      bind: (environment) => countWindowed(bindSerde(inner, environment), size),
    }),
  }
}
