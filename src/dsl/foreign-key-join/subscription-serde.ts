import type { MaybePromise } from '../../core/maybe-promise.ts'
import { bindSerde, type Serde, type SerdeContext } from '../../serdes/serde.ts'
import { hashedHead, readHashedHead, unreadable } from './hashed-bytes.ts'
import type { PseudoTopics } from './pseudo-topics.ts'
import type { Instruction, Subscription } from './subscription.ts'

const newestVersion = 1
const partitionBytes = 4

/**
 * Writes subscriptions as Kafka Streams does: version, instruction, hash, primary key, and since version 1 the
 * partition.
 *
 * @remarks Source: Java's `SubscriptionWrapperSerde`.
 */
export function subscriptionSerde<K>(
  primaryKey: Serde<K>,
  topics: PseudoTopics,
): Serde<Subscription<K>> {
  const { resolve, prepare } = primaryKey
  return {
    name: `subscription of ${primaryKey.name}`,
    serialize(subscription, context) {
      const { hash, primaryPartition } = subscription
      // Without a partition it is of the first version: it was read so.
      const version = primaryPartition === undefined ? 0 : newestVersion
      const head = hashedHead(version, Buffer.of(subscription.instruction), hash)
      const key = primaryKey.serialize(subscription.primaryKey, topics.primaryKey(context))
      if (primaryPartition === undefined) return Buffer.concat([head, key])
      const partition = Buffer.allocUnsafe(partitionBytes)
      partition.writeInt32BE(primaryPartition)
      return Buffer.concat([head, key, partition])
    },
    deserialize(bytes, context) {
      const { hash, primaryKeyBytes, primaryPartition } = partsOf(bytes, context)
      return {
        hash,
        instruction: instructionOf(bytes, context),
        primaryKey: primaryKey.deserialize(primaryKeyBytes, topics.primaryKey(context)),
        primaryPartition,
      }
    },
    ...(resolve && {
      resolve: (values: readonly Buffer[], context: SerdeContext): MaybePromise<void> =>
        resolve.call(
          primaryKey,
          values.flatMap((bytes) => keyBytes(bytes, context)),
          topics.primaryKey(context),
        ),
    }),
    ...(prepare && {
      prepare: (context: SerdeContext) => prepare.call(primaryKey, topics.primaryKey(context)),
    }),
    ...(primaryKey.bind && {
      bind: (environment) => subscriptionSerde(bindSerde(primaryKey, environment), topics),
    }),
  }
}

interface Parts {
  readonly hash: Buffer | null
  readonly primaryKeyBytes: Buffer
  readonly primaryPartition: number | undefined
}

function partsOf(bytes: Buffer, context: SerdeContext): Parts {
  const { version, hash, end } = readHashedHead(bytes, 1, newestVersion, context)
  if (version === 0) {
    return { hash, primaryKeyBytes: bytes.subarray(end), primaryPartition: undefined }
  }
  const keyEnd = bytes.length - partitionBytes
  if (keyEnd < end) throw unreadable(context, 'it is cut off')
  return {
    hash,
    primaryKeyBytes: bytes.subarray(end, keyEnd),
    primaryPartition: bytes.readInt32BE(keyEnd),
  }
}

function instructionOf(bytes: Buffer, context: SerdeContext): Instruction {
  const code = bytes[1]
  if (code === 0 || code === 1 || code === 2 || code === 3) return code
  throw unreadable(context, `its instruction ${code} is not known`)
}

/** Bytes that are no subscription have no key to look at; reading them fails with the reason. */
function keyBytes(bytes: Buffer, context: SerdeContext): Buffer[] {
  try {
    return [partsOf(bytes, context).primaryKeyBytes]
  } catch {
    return []
  }
}
