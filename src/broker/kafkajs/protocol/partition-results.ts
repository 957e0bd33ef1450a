import type { TopicPartition } from '../../../core/topic-partition.ts'
import type { ByteReader } from './byte-reader.ts'

/** What several responses say of each partition: whether it went well. */
export interface PartitionResult extends TopicPartition {
  readonly errorCode: number
}

/** Reads the array of topics with an array of partition and error code each. */
export function readPartitionResults(body: ByteReader): PartitionResult[] {
  const topics = body.array(() => {
    const topic = body.string()
    return body.array(() => ({ topic, partition: body.int32(), errorCode: body.int16() }))
  })
  return topics.flat()
}

/** The same in a flexible version. */
export function readCompactPartitionResults(body: ByteReader): PartitionResult[] {
  const topics = body.compactArray(() => {
    const topic = body.compactString()
    const partitions = body.compactArray(() => {
      const result = { topic, partition: body.int32(), errorCode: body.int16() }
      body.skipTags()
      return result
    })
    body.skipTags()
    return partitions
  })
  return topics.flat()
}
