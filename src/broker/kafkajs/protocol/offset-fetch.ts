import type { TopicPartition } from '../../../core/topic-partition.ts'
import { apis } from './api-keys.ts'
import { byTopic, type Request } from './request.ts'

export interface OffsetFetchPartition extends TopicPartition {
  readonly errorCode: number
  /** −1 where the group has committed none. */
  readonly offset: number
  readonly metadata: string
}

export interface OffsetFetchResponse {
  readonly errorCode: number
  readonly partitions: readonly OffsetFetchPartition[]
}

/** Asks for a group's committed offsets; partitions with offsets in an open transaction answer UNSTABLE_OFFSET_COMMIT. */
export function offsetFetch(
  groupId: string,
  partitions: readonly TopicPartition[],
): Request<OffsetFetchResponse> {
  return {
    ...apis.offsetFetch,
    write(body) {
      body.compactString(groupId)
      body.compactArray(byTopic(partitions), ([topic, ofTopic]) =>
        body
          .compactString(topic)
          .compactArray(ofTopic, ({ partition }) => body.int32(partition))
          .noTags(),
      )
      body.boolean(true).noTags() // require stable
    },
    read(body) {
      body.throttleTime()
      const topics = body.compactArray(() => {
        const topic = body.compactString()
        const ofTopic = body.compactArray(() => {
          const partition = body.int32()
          const offset = body.int64()
          body.int32() // leader epoch
          const metadata = body.compactString()
          const errorCode = body.int16()
          body.skipTags()
          return { topic, partition, offset, metadata, errorCode }
        })
        body.skipTags()
        return ofTopic
      })
      return { partitions: topics.flat(), errorCode: body.int16() }
    },
  }
}
