import { DeserializationError } from '../../core/errors.ts'
import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { bindSerde, type Serde, type SerdeContext } from '../../serdes/serde.ts'
import type { PseudoTopics } from './pseudo-topics.ts'
import type { SubscriptionKey } from './subscription.ts'

const lengthBytes = 4

/** What the keys of all subscriptions to a foreign key begin with. */
export function subscriptionPrefix(foreignKey: Buffer): Buffer {
  const prefix = Buffer.allocUnsafe(lengthBytes + foreignKey.length)
  prefix.writeInt32BE(foreignKey.length)
  foreignKey.copy(prefix, lengthBytes)
  return prefix
}

/**
 * Writes the keys of subscriptions as Kafka Streams does: the length of the foreign key, it, and the primary key.
 *
 * @remarks Source: Java's `CombinedKeySchema`.
 */
export function subscriptionKeySerde<OtherK, K>(
  foreign: Serde<OtherK>,
  primary: Serde<K>,
  topics: PseudoTopics,
): Serde<SubscriptionKey<OtherK, K>> {
  return {
    name: `${foreign.name} and ${primary.name}`,
    serialize({ foreignKey, primaryKey }, context) {
      const prefix = subscriptionPrefix(foreign.serialize(foreignKey, topics.foreignKey(context)))
      return Buffer.concat([prefix, primary.serialize(primaryKey, topics.primaryKey(context))])
    },
    deserialize(bytes, context) {
      const parts = split(bytes)
      if (!parts) {
        throw new DeserializationError(
          `${bytes.length} bytes of ${context.topic} are no key of a subscription: they are cut off`,
        )
      }
      return {
        foreignKey: foreign.deserialize(parts[0], topics.foreignKey(context)),
        primaryKey: primary.deserialize(parts[1], topics.primaryKey(context)),
      }
    },
    ...((foreign.resolve || primary.resolve) && {
      resolve(keys: readonly Buffer[], context: SerdeContext): MaybePromise<void> {
        const parts = keys.map(split).filter((pair) => pair !== undefined)
        const foreigns = foreign.resolve?.(
          parts.map(([bytes]) => bytes),
          topics.foreignKey(context),
        )
        const primaries = primary.resolve?.(
          parts.map(([, bytes]) => bytes),
          topics.primaryKey(context),
        )
        if (!isPromise(foreigns)) return primaries
        return isPromise(primaries) ? Promise.all([foreigns, primaries]).then(() => {}) : foreigns
      },
    }),
    ...((foreign.prepare || primary.prepare) && {
      async prepare(context: SerdeContext) {
        await foreign.prepare?.(topics.foreignKey(context))
        await primary.prepare?.(topics.primaryKey(context))
      },
    }),
    ...((foreign.bind || primary.bind) && {
      bind: (environment) =>
        subscriptionKeySerde(
          bindSerde(foreign, environment),
          bindSerde(primary, environment),
          topics,
        ),
    }),
  }
}

function split(bytes: Buffer): readonly [Buffer, Buffer] | undefined {
  if (bytes.length < lengthBytes) return undefined
  const length = bytes.readInt32BE(0)
  const end = lengthBytes + length
  if (length < 0 || end > bytes.length) return undefined
  return [bytes.subarray(lengthBytes, end), bytes.subarray(end)]
}
