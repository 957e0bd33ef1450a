import type { MaybePromise } from '../../core/maybe-promise.ts'
import { bindSerde, type Serde, type SerdeContext } from '../../serdes/serde.ts'
import { hashedHead, readHashedHead } from './hashed-bytes.ts'
import type { SubscriptionResponse } from './subscription.ts'

const version = 0
const nothing = Buffer.alloc(0)

/**
 * Writes answers to subscriptions as Kafka Streams does: version, hash, and the value. No bytes are no value, so that one
 * which has no bytes, such as empty text, counts as absent.
 *
 * @remarks Source: Java's `SubscriptionResponseWrapperSerde`.
 */
export function subscriptionResponseSerde<V>(inner: Serde<V>): Serde<SubscriptionResponse<V>> {
  const { resolve, prepare } = inner
  return {
    name: `answer of ${inner.name}`,
    serialize({ hash, foreignValue }, context) {
      const head = hashedHead(version, nothing, hash)
      if (foreignValue === null) return head
      return Buffer.concat([head, inner.serialize(foreignValue, context)])
    },
    deserialize(bytes, context) {
      const { hash, end } = readHashedHead(bytes, 0, version, context)
      const value = bytes.subarray(end)
      const foreignValue = value.length === 0 ? null : inner.deserialize(value, context)
      return { hash, foreignValue, primaryPartition: undefined }
    },
    ...(resolve && {
      resolve: (values: readonly Buffer[], context: SerdeContext): MaybePromise<void> =>
        resolve.call(
          inner,
          values.flatMap((bytes) => valueBytes(bytes, context)),
          context,
        ),
    }),
    ...(prepare && { prepare: (context: SerdeContext) => prepare.call(inner, context) }),
    ...(inner.bind && {
      bind: (environment) => subscriptionResponseSerde(bindSerde(inner, environment)),
    }),
  }
}

/** Bytes that are no answer have no value to look at; reading them fails with the reason. */
function valueBytes(bytes: Buffer, context: SerdeContext): Buffer[] {
  try {
    const { end } = readHashedHead(bytes, 0, version, context)
    return end < bytes.length ? [bytes.subarray(end)] : []
  } catch {
    return []
  }
}
