import { DeserializationError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { bindSerde, type Serde, type SerdeContext } from '../serdes/serde.ts'

const lengthBytes = 4

/**
 * Two values as one: the first's length in four bytes, the first, the second. The second is told a topic name of its
 * own, `<topic>-<part>`, so that where schemas are kept by topic the two do not meet under one subject.
 */
export function pairSerde<A, B>(
  first: Serde<A>,
  second: Serde<B>,
  part: string,
): Serde<readonly [A, B]> {
  const name = `${first.name} and ${second.name}`
  const secondContext = (context: SerdeContext): SerdeContext => ({
    ...context,
    topic: `${context.topic}-${part}`,
  })
  const split = (bytes: Buffer): readonly [Buffer, Buffer] | undefined => {
    if (bytes.length < lengthBytes) return undefined
    const end = lengthBytes + bytes.readUInt32BE(0)
    return end > bytes.length ? undefined : [bytes.subarray(lengthBytes, end), bytes.subarray(end)]
  }
  return {
    name,
    serialize([a, b], context) {
      const firstBytes = first.serialize(a, context)
      const secondBytes = second.serialize(b, secondContext(context))
      const bytes = Buffer.allocUnsafe(lengthBytes + firstBytes.length + secondBytes.length)
      bytes.writeUInt32BE(firstBytes.length, 0)
      firstBytes.copy(bytes, lengthBytes)
      secondBytes.copy(bytes, lengthBytes + firstBytes.length)
      return bytes
    },
    deserialize(bytes, context) {
      const parts = split(bytes)
      if (!parts) {
        throw new DeserializationError(
          `${bytes.length} bytes of ${context.topic} are no pair of ${name}: they are cut off`,
        )
      }
      return [
        first.deserialize(parts[0], context),
        second.deserialize(parts[1], secondContext(context)),
      ]
    },
    ...((first.resolve || second.resolve) && {
      resolve(values: readonly Buffer[], context: SerdeContext): MaybePromise<void> {
        const parts = values.map(split).filter((each) => each !== undefined)
        const firsts = first.resolve?.(
          parts.map(([a]) => a),
          context,
        )
        const seconds = second.resolve?.(
          parts.map(([, b]) => b),
          secondContext(context),
        )
        if (!isPromise(firsts)) return seconds
        return isPromise(seconds) ? Promise.all([firsts, seconds]).then(() => {}) : firsts
      },
    }),
    ...((first.prepare || second.prepare) && {
      async prepare(context: SerdeContext) {
        await first.prepare?.(context)
        await second.prepare?.(secondContext(context))
      },
    }),
    ...((first.bind || second.bind) && {
      bind: (environment) =>
        pairSerde(bindSerde(first, environment), bindSerde(second, environment), part),
    }),
  }
}
