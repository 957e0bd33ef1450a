import type { TopicPartition } from '../../../core/topic-partition.ts'
import { apis } from './api-keys.ts'
import { byTopic, type Request } from './request.ts'

export interface ProduceBatch extends TopicPartition {
  readonly bytes: Buffer
}

export interface ProduceResponsePartition extends TopicPartition {
  readonly errorCode: number
  /** Offset of the first record; −1 where it is not known. */
  readonly baseOffset: number
  readonly errorMessage: string | null
}

/** Sends one batch for each of some partitions, to be acknowledged by all replicas in sync. */
export function produce(
  batches: readonly ProduceBatch[],
  options: { readonly transactionalId?: string | undefined; readonly timeoutMs: number },
): Request<readonly ProduceResponsePartition[]> {
  return {
    ...apis.produce,
    brokerWaitMs: options.timeoutMs,
    write(body) {
      body.reserve(
        batches.reduce((sum, { topic, bytes }) => sum + topic.length + bytes.length + 32, 64),
      )
      body.string(options.transactionalId).int16(-1).int32(options.timeoutMs)
      body.array(byTopic(batches), ([topic, ofTopic]) =>
        body.string(topic).array(ofTopic, ({ partition, bytes }) => {
          body.int32(partition).sizedBytes(bytes)
        }),
      )
    },
    read(body) {
      const topics = body.array(() => {
        const topic = body.string()
        return body.array(() => {
          const partition = body.int32()
          const errorCode = body.int16()
          const baseOffset = body.int64()
          body.int64() // log append time
          body.int64() // log start offset
          const records = body.array(() => {
            body.int32() // index of a record that is at fault
            return body.nullableString()
          })
          const errorMessage =
            body.nullableString() ?? records.find((said) => said !== null) ?? null
          return { topic, partition, errorCode, baseOffset, errorMessage }
        })
      })
      body.throttleTime()
      return topics.flat()
    },
  }
}
