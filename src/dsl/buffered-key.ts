import { DeserializationError } from '../core/errors.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import { bindSerde, type Serde, type SerdeContext } from '../serdes/serde.ts'

/** Under what a join keeps a record until its grace is over. */
export interface BufferedKey<K> {
  readonly timestampMs: number
  readonly key: K
  /** Tells apart the records of one key and time, in the order in which they came. */
  readonly sequence: number
}

const timeAt = 1
const keyAt = timeAt + 8
const sequenceBytes = 4

/**
 * Keys in the format of Kafka Streams: a 0, the time in 8 bytes, the key, the sequence number in 4 bytes. They are in
 * order of time.
 *
 * @remarks Source: Java's `PrefixedWindowKeySchemas.TimeFirstWindowKeySchema`.
 */
export function bufferedKeySerde<K>(inner: Serde<K>): Serde<BufferedKey<K>> {
  const { resolve, prepare } = inner
  const keyOf = (bytes: Buffer): Buffer => bytes.subarray(keyAt, -sequenceBytes)
  const isWhole = (bytes: Buffer): boolean => bytes.length >= keyAt + sequenceBytes
  return {
    name: `time and ${inner.name}`,
    serialize({ timestampMs, key, sequence }, context) {
      const keyBytes = inner.serialize(key, context)
      const bytes = Buffer.allocUnsafe(keyAt + keyBytes.length + sequenceBytes)
      bytes[0] = 0
      bytes.writeUInt32BE(Math.floor(timestampMs / 2 ** 32), timeAt)
      bytes.writeUInt32BE(timestampMs % 2 ** 32, timeAt + 4)
      keyBytes.copy(bytes, keyAt)
      bytes.writeUInt32BE(sequence, keyAt + keyBytes.length)
      return bytes
    },
    deserialize(bytes, context) {
      if (!isWhole(bytes)) {
        throw new DeserializationError(
          `${bytes.length} bytes of a key of ${context.topic} are no record that a join holds back: they are cut off`,
        )
      }
      return {
        timestampMs: bytes.readUInt32BE(timeAt) * 2 ** 32 + bytes.readUInt32BE(timeAt + 4),
        key: inner.deserialize(keyOf(bytes), context),
        sequence: bytes.readUInt32BE(bytes.length - sequenceBytes),
      }
    },
    ...(resolve && {
      resolve: (values: readonly Buffer[], context: SerdeContext): MaybePromise<void> =>
        resolve.call(inner, values.filter(isWhole).map(keyOf), context),
    }),
    ...(prepare && { prepare: (context: SerdeContext) => prepare.call(inner, context) }),
    ...(inner.bind && { bind: (environment) => bufferedKeySerde(bindSerde(inner, environment)) }),
  }
}
