import type { SessionWindowed } from '../core/windowed.ts'
import { bindSerde, type Serde, type SerdeContext } from './serde.ts'
import { shown, unreadable, unwritable } from './serde-errors.ts'
import { readWindowTime, writeWindowTime } from './window-time.ts'

const timeBytes = 8
const windowBytes = 2 * timeBytes

/**
 * The keys of aggregations by sessions: the inner key's bytes, the session's end in 8 bytes, its start in 8 bytes.
 *
 * @param inner Reads and writes the key within.
 * @throws SerializationError, DeserializationError in use.
 * @remarks Source: `org.apache.kafka.streams.kstream.SessionWindowedSerializer` and `SessionWindowedDeserializer`.
 */
export function sessionWindowed<K>(inner: Serde<K>): Serde<SessionWindowed<K>> {
  const name = `session-windowed ${inner.name}`
  const deserializeAt = (
    buffer: Buffer,
    start: number,
    end: number,
    context: SerdeContext,
  ): SessionWindowed<K> => {
    const at = end - windowBytes
    if (at < start) {
      throw unreadable(name, context, `expected at least ${windowBytes} bytes, got ${end - start}`)
    }
    const endMs = readWindowTime(buffer, at, name, context)
    const startMs = readWindowTime(buffer, at + timeBytes, name, context)
    const key = inner.deserializeAt
      ? inner.deserializeAt(buffer, start, at, context)
      : inner.deserialize(buffer.subarray(start, at), context)
    return { key, startMs, endMs }
  }
  const { resolve, prepare } = inner
  return {
    name,
    serialize(value, context) {
      if (!Number.isSafeInteger(value?.startMs) || !Number.isSafeInteger(value.endMs)) {
        throw unwritable(name, context, `expected a session's key, got ${shown(value)}`)
      }
      const key = inner.serialize(value.key, context)
      const bytes = Buffer.allocUnsafe(key.length + windowBytes)
      key.copy(bytes, 0)
      writeWindowTime(bytes, value.endMs, key.length)
      writeWindowTime(bytes, value.startMs, key.length + timeBytes)
      return bytes
    },
    deserialize: (bytes, context) => deserializeAt(bytes, 0, bytes.length, context),
    deserializeAt,
    partitioningBytes: (bytes) => bytes.subarray(0, -windowBytes),
    ...(resolve && {
      resolve: (values, context) =>
        resolve.call(
          inner,
          values.filter((v) => v.length >= windowBytes).map((v) => v.subarray(0, -windowBytes)),
          context,
        ),
    }),
    ...(prepare && { prepare: (context) => prepare.call(inner, context) }),
    ...(inner.bind && {
      bind: (environment) => sessionWindowed(bindSerde(inner, environment)),
    }),
  }
}
