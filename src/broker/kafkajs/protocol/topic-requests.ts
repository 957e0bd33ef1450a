import type { NewTopic, PartitionOffset } from '../../port.ts'
import { apis } from './api-keys.ts'
import type { PartitionResult } from './partition-results.ts'
import { byTopic, type Request } from './request.ts'

export interface TopicResult {
  readonly topic: string
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** Creates topics; to be sent to the controller. */
export function createTopics(
  topics: readonly NewTopic[],
  timeoutMs: number,
): Request<readonly TopicResult[]> {
  return {
    ...apis.createTopics,
    brokerWaitMs: timeoutMs,
    write(body) {
      body.array(topics, ({ name, partitions, replicationFactor, config }) => {
        body
          .string(name)
          .int32(partitions)
          .int16(replicationFactor ?? -1)
        body.int32(0) // no replica assignments of our own
        body.array(Object.entries(config ?? {}), ([key, value]) => body.string(key).string(value))
      })
      body.int32(timeoutMs).boolean(false)
    },
    read(body) {
      body.throttleTime()
      return body.array(() => ({
        topic: body.string(),
        errorCode: body.int16(),
        errorMessage: body.nullableString(),
      }))
    },
  }
}

/** Deletes topics; to be sent to the controller. */
export function deleteTopics(
  names: readonly string[],
  timeoutMs: number,
): Request<readonly TopicResult[]> {
  return {
    ...apis.deleteTopics,
    brokerWaitMs: timeoutMs,
    write: (body) => void body.array(names, (name) => body.string(name)).int32(timeoutMs),
    read(body) {
      body.throttleTime()
      return body.array(() => ({
        topic: body.string(),
        errorCode: body.int16(),
        errorMessage: null,
      }))
    },
  }
}

/** Lets a leader drop the records before each offset. */
export function deleteRecords(
  before: readonly PartitionOffset[],
  timeoutMs: number,
): Request<readonly PartitionResult[]> {
  return {
    ...apis.deleteRecords,
    brokerWaitMs: timeoutMs,
    write(body) {
      body.array(byTopic(before), ([topic, ofTopic]) =>
        body
          .string(topic)
          .array(ofTopic, ({ partition, offset }) => body.int32(partition).int64(offset)),
      )
      body.int32(timeoutMs)
    },
    read(body) {
      body.throttleTime()
      const topics = body.array(() => {
        const topic = body.string()
        return body.array(() => {
          const partition = body.int32()
          body.int64() // low watermark
          return { topic, partition, errorCode: body.int16() }
        })
      })
      return topics.flat()
    },
  }
}

export interface TopicConfigResult {
  readonly topic: string
  readonly errorCode: number
  readonly config: ReadonlyMap<string, string | null>
}

/** Asks for some configuration values of topics. */
export function describeTopicConfigs(
  topics: readonly string[],
  keys: readonly string[],
): Request<readonly TopicConfigResult[]> {
  const topicResource = 2
  return {
    ...apis.describeConfigs,
    write(body) {
      body.array(topics, (topic) =>
        body
          .int8(topicResource)
          .string(topic)
          .array(keys, (key) => body.string(key)),
      )
      body.boolean(false) // no synonyms
    },
    read(body) {
      body.throttleTime()
      return body.array(() => {
        const errorCode = body.int16()
        body.nullableString() // error message
        body.int8() // resource type
        const topic = body.string()
        const config = new Map<string, string | null>()
        body.array(() => {
          config.set(body.string(), body.nullableString())
          body.boolean() // read only
          body.int8() // source
          body.boolean() // sensitive
          body.array(() => [body.string(), body.nullableString(), body.int8()]) // synonyms
        })
        return { topic, errorCode, config }
      })
    },
  }
}
