import type { Windowed } from '../core/windowed.ts'
import { ConfigError } from '../core/errors.ts'
import { bindSerde, type Serde, type SerdeContext } from './serde.ts'
import { shown, unreadable, unwritable } from './serde-errors.ts'
import { readWindowTime, writeWindowTime } from './window-time.ts'

const startBytes = 8

/**
 * The keys of windowed aggregations: the inner key's bytes and the window's start in 8 bytes. The window's end is not
 * in the bytes; it is the start plus `sizeMs`.
 *
 * @param inner Reads and writes the key within.
 * @param sizeMs The windows' size in milliseconds; a whole number above zero.
 * @throws ConfigError where `sizeMs` is none; SerializationError, DeserializationError in use.
 * @remarks Source: `org.apache.kafka.streams.kstream.TimeWindowedSerializer` and `TimeWindowedDeserializer`.
 */
export function windowed<K>(inner: Serde<K>, sizeMs: number): Serde<Windowed<K>> {
  if (!Number.isSafeInteger(sizeMs) || sizeMs <= 0) {
    throw new ConfigError(
      `windowed(${inner.name}): sizeMs must be a whole number of milliseconds above zero, got ${shown(sizeMs)}`,
    )
  }
  const name = `windowed ${inner.name}`
  const deserializeAt = (
    buffer: Buffer,
    start: number,
    end: number,
    context: SerdeContext,
  ): Windowed<K> => {
    const at = end - startBytes
    if (at < start) {
      throw unreadable(name, context, `expected at least ${startBytes} bytes, got ${end - start}`)
    }
    const startMs = readWindowTime(buffer, at, name, context)
    const key = inner.deserializeAt
      ? inner.deserializeAt(buffer, start, at, context)
      : inner.deserialize(buffer.subarray(start, at), context)
    return { key, startMs, endMs: startMs + sizeMs }
  }
  const { resolve, prepare } = inner
  return {
    name,
    serialize(value, context) {
      if (!Number.isSafeInteger(value?.startMs)) {
        throw unwritable(name, context, `expected a windowed key, got ${shown(value)}`)
      }
      const key = inner.serialize(value.key, context)
      const bytes = Buffer.allocUnsafe(key.length + startBytes)
      key.copy(bytes, 0)
      writeWindowTime(bytes, value.startMs, key.length)
      return bytes
    },
    deserialize: (bytes, context) => deserializeAt(bytes, 0, bytes.length, context),
    deserializeAt,
    partitioningBytes: (bytes) => bytes.subarray(0, -startBytes),
    ...(resolve && {
      resolve: (values, context) =>
        resolve.call(
          inner,
          values.filter((v) => v.length >= startBytes).map((v) => v.subarray(0, -startBytes)),
          context,
        ),
    }),
    ...(prepare && { prepare: (context) => prepare.call(inner, context) }),
    ...(inner.bind && {
      bind: (environment) => windowed(bindSerde(inner, environment), sizeMs),
    }),
  }
}
