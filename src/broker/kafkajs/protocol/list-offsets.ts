import type { TopicPartition } from '../../../core/topic-partition.ts'
import type { Isolation } from '../../port.ts'
import { apis } from './api-keys.ts'
import { byTopic, type Request } from './request.ts'

/** In place of a timestamp: the offset after the last record. */
export const latestTimestamp = -1
/** In place of a timestamp: the first offset present. */
export const earliestTimestamp = -2

export interface ListOffsetsPartition extends TopicPartition {
  readonly errorCode: number
  /** −1 where no record is at or after the timestamp. */
  readonly offset: number
}

/** Asks a leader for the offset at a timestamp, or at one of the two ends. */
export function listOffsets(
  partitions: readonly TopicPartition[],
  timestamp: number,
  isolation: Isolation,
): Request<readonly ListOffsetsPartition[]> {
  return {
    ...apis.listOffsets,
    write(body) {
      body.int32(-1).int8(isolation === 'read_committed' ? 1 : 0)
      body.array(byTopic(partitions), ([topic, ofTopic]) =>
        body
          .string(topic)
          .array(ofTopic, ({ partition }) => body.int32(partition).int32(-1).int64(timestamp)),
      )
    },
    read(body) {
      body.throttleTime()
      const topics = body.array(() => {
        const topic = body.string()
        return body.array(() => {
          const partition = body.int32()
          const errorCode = body.int16()
          body.int64() // the record's timestamp
          const offset = body.int64()
          body.int32() // leader epoch
          return { topic, partition, errorCode, offset }
        })
      })
      return topics.flat()
    },
  }
}
