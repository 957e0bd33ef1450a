import { DeserializationError, SerializationError } from '../core/errors.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import { bindSerde, type Serde, type SerdeContext } from '../serdes/serde.ts'
import { Change } from './change.ts'

// The last byte says what the others are. Kafka Streams also reads 3 to 5, which older releases wrote with a byte
// before it that says whether the update is the latest; it is the latest here whatever that byte says.
const oldOnly = 0
const newOnly = 1
const both = 2
const legacyOffset = 3

interface Parts {
  readonly newBytes: Buffer | null
  readonly oldBytes: Buffer | null
}

/**
 * The updates of a grouped table as they go through its repartition topic, in the format of Kafka Streams:
 * `old 0`, `new 1`, or `length-of-new new old 2`.
 *
 * @remarks Source: Java's `ChangedSerializer` and `ChangedDeserializer`.
 */
export function changeSerde<V>(inner: Serde<V>): Serde<Change<V>> {
  const { resolve, prepare } = inner
  return {
    name: `change of ${inner.name}`,
    serialize(change, context) {
      const { newValue, oldValue } = change
      if (newValue === null && oldValue === null) {
        throw new SerializationError(
          `A change of a grouped table for topic ${context.topic} has neither an old nor a new value.`,
        )
      }
      if (oldValue === null) return tagged(newOnly, inner.serialize(newValue as V, context))
      if (newValue === null) return tagged(oldOnly, inner.serialize(oldValue, context))
      const newBytes = inner.serialize(newValue, context)
      const oldBytes = inner.serialize(oldValue, context)
      return tagged(both, varint(newBytes.length), newBytes, oldBytes)
    },
    deserialize(bytes, context) {
      const { newBytes, oldBytes } = partsOf(bytes, context)
      return new Change(
        newBytes && inner.deserialize(newBytes, context),
        oldBytes && inner.deserialize(oldBytes, context),
      )
    },
    ...(resolve && {
      resolve: (values: readonly Buffer[], context: SerdeContext): MaybePromise<void> =>
        resolve.call(
          inner,
          values.flatMap((bytes) => innerBytes(bytes, context)),
          context,
        ),
    }),
    ...(prepare && { prepare: (context: SerdeContext) => prepare.call(inner, context) }),
    ...(inner.bind && { bind: (environment) => changeSerde(bindSerde(inner, environment)) }),
  }
}

function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([...parts, Buffer.of(tag)])
}

function partsOf(bytes: Buffer, context: SerdeContext): Parts {
  const tag = bytes[bytes.length - 1]
  if (tag === undefined || tag > both + legacyOffset) {
    throw unreadable(context, tag === undefined ? 'it is empty' : `its last byte is ${tag}`)
  }
  const legacy = tag >= legacyOffset
  const body = bytes.subarray(0, bytes.length - (legacy ? 2 : 1))
  switch (legacy ? tag - legacyOffset : tag) {
    case oldOnly:
      return { newBytes: null, oldBytes: body }
    case newOnly:
      return { newBytes: body, oldBytes: null }
    default: {
      const { value: length, end } = readVarint(body, context)
      if (length < 0 || end + length > body.length) {
        throw unreadable(context, `the new value is to have ${length} bytes, which are not there`)
      }
      return { newBytes: body.subarray(end, end + length), oldBytes: body.subarray(end + length) }
    }
  }
}

/** Bytes that are no change have no inner values to look at; reading them fails with the reason. */
function innerBytes(bytes: Buffer, context: SerdeContext): Buffer[] {
  try {
    const { newBytes, oldBytes } = partsOf(bytes, context)
    return [newBytes, oldBytes].filter((part) => part !== null)
  } catch {
    return []
  }
}

function unreadable(context: SerdeContext, reason: string): DeserializationError {
  return new DeserializationError(
    `A record of topic ${context.topic} is no change of a grouped table: ${reason}.`,
  )
}

/** Kafka's zigzag varint of a length. */
function varint(length: number): Buffer {
  const bytes: number[] = []
  let rest = length * 2
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

function readVarint(bytes: Buffer, context: SerdeContext): { value: number; end: number } {
  let raw = 0
  for (let i = 0; i < 5 && i < bytes.length; i++) {
    const byte = bytes[i]!
    raw += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { value: raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2, end: i + 1 }
  }
  throw unreadable(context, 'the length of the new value is cut off')
}
