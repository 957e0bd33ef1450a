import { DeserializationError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { bindSerde, type Serde, type SerdeContext } from '../serdes/serde.ts'
import type { SideValue, UnmatchedKey } from './unmatched.ts'

const timeBytes = 8
const rightTag = 0
const leftTag = 1
/** A list's first byte, where its entries have lengths of their own; the other kind has fixed ones. */
const variableSize = 1
const countAt = 1
const entriesAt = 5
const lengthBytes = 4

/**
 * Keys of records without a match, in the format of Kafka Streams: the time in 8 bytes, the side in one (1: left), the
 * key. By their bytes they are in order of time, then side, right before left.
 *
 * @remarks Source: Java's `TimestampedKeyAndJoinSideSerializer`.
 */
export function unmatchedKeySerde<K>(inner: Serde<K>): Serde<UnmatchedKey<K>> {
  const keyAt = timeBytes + 1
  const { resolve, prepare } = inner
  return {
    name: `time, side and ${inner.name}`,
    serialize({ timestampMs, left, key }, context) {
      const keyBytes = inner.serialize(key, context)
      const bytes = Buffer.allocUnsafe(keyAt + keyBytes.length)
      bytes.writeUInt32BE(Math.floor(timestampMs / 2 ** 32), 0)
      bytes.writeUInt32BE(timestampMs % 2 ** 32, 4)
      bytes[timeBytes] = left ? leftTag : rightTag
      keyBytes.copy(bytes, keyAt)
      return bytes
    },
    deserialize(bytes, context) {
      if (bytes.length < keyAt) throw cutOff(bytes, context)
      return {
        timestampMs: bytes.readUInt32BE(0) * 2 ** 32 + bytes.readUInt32BE(4),
        left: bytes[timeBytes] === leftTag,
        key: inner.deserialize(bytes.subarray(keyAt), context),
      }
    },
    ...(resolve && {
      resolve(values: readonly Buffer[], context: SerdeContext): MaybePromise<void> {
        const whole = values.filter((bytes) => bytes.length >= keyAt)
        return resolve.call(
          inner,
          whole.map((bytes) => bytes.subarray(keyAt)),
          context,
        )
      },
    }),
    ...(prepare && { prepare: (context: SerdeContext) => prepare.call(inner, context) }),
    ...(inner.bind && { bind: (environment) => unmatchedKeySerde(bindSerde(inner, environment)) }),
  }
}

/**
 * All values of one side, key and time that have no match, in the format of Kafka Streams: a 1, the count in 4 bytes,
 * and for each its length in 4 bytes, its side in one, the value. The right side's serde is told a topic name of its own,
 * `<topic>-right`, so that where schemas are kept by topic the two do not meet under one subject.
 *
 * @remarks Source: Java's `ListValueStore`, `ListSerializer` and `LeftOrRightValueSerializer`.
 */
export function unmatchedValuesSerde<V, OtherV>(
  left: Serde<V>,
  right: Serde<OtherV>,
): Serde<readonly SideValue<V, OtherV>[]> {
  const partsOf = (values: readonly Buffer[], tag: number): Buffer[] =>
    values
      .flatMap((bytes) => entriesOf(bytes) ?? [])
      .filter((entry) => entry[0] === tag)
      .map((entry) => entry.subarray(1))
  return {
    name: `list of ${left.name} or ${right.name}`,
    serialize(values, context) {
      const parts: Buffer[] = [header(values.length)]
      for (const side of values) {
        const bytes = side.left
          ? left.serialize(side.value, context)
          : right.serialize(side.value, rightContext(context))
        parts.push(entryHeader(bytes.length + 1, side.left ? leftTag : rightTag), bytes)
      }
      return Buffer.concat(parts)
    },
    deserialize(bytes, context) {
      const entries = entriesOf(bytes)
      if (!entries) throw cutOff(bytes, context)
      return entries.map((entry): SideValue<V, OtherV> => {
        const value = entry.subarray(1)
        if (entry[0] === leftTag) return { left: true, value: left.deserialize(value, context) }
        return { left: false, value: right.deserialize(value, rightContext(context)) }
      })
    },
    ...((left.resolve || right.resolve) && {
      resolve(values: readonly Buffer[], context: SerdeContext): MaybePromise<void> {
        const lefts = left.resolve?.(partsOf(values, leftTag), context)
        const rights = right.resolve?.(partsOf(values, rightTag), rightContext(context))
        if (!isPromise(lefts)) return rights
        return isPromise(rights) ? Promise.all([lefts, rights]).then(() => {}) : lefts
      },
    }),
    ...((left.prepare || right.prepare) && {
      async prepare(context: SerdeContext) {
        await left.prepare?.(context)
        await right.prepare?.(rightContext(context))
      },
    }),
    ...((left.bind || right.bind) && {
      bind: (environment) =>
        unmatchedValuesSerde(bindSerde(left, environment), bindSerde(right, environment)),
    }),
  }
}

function rightContext(context: SerdeContext): SerdeContext {
  return { ...context, topic: `${context.topic}-right` }
}

function header(count: number): Buffer {
  const bytes = Buffer.allocUnsafe(entriesAt)
  bytes[0] = variableSize
  bytes.writeUInt32BE(count, countAt)
  return bytes
}

function entryHeader(length: number, tag: number): Buffer {
  const bytes = Buffer.allocUnsafe(lengthBytes + 1)
  bytes.writeUInt32BE(length, 0)
  bytes[lengthBytes] = tag
  return bytes
}

/** The entries of a list, each with its side's byte before it; undefined where the bytes are no such list. */
function entriesOf(bytes: Buffer): Buffer[] | undefined {
  if (bytes.length < entriesAt || bytes[0] !== variableSize) return undefined
  const entries: Buffer[] = []
  const count = bytes.readUInt32BE(countAt)
  let at = entriesAt
  for (let i = 0; i < count; i++) {
    if (at + lengthBytes > bytes.length) return undefined
    const end = at + lengthBytes + bytes.readUInt32BE(at)
    if (end > bytes.length || end === at + lengthBytes) return undefined
    entries.push(bytes.subarray(at + lengthBytes, end))
    at = end
  }
  return entries
}

function cutOff(bytes: Buffer, context: SerdeContext): DeserializationError {
  return new DeserializationError(
    `${bytes.length} bytes of a ${context.part} of ${context.topic} are no record that a join keeps for want of a ` +
      'match: they are cut off, or another version wrote them.',
  )
}
