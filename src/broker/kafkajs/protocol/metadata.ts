import { apis } from './api-keys.ts'
import type { Request } from './request.ts'

export interface BrokerAddress {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

export interface PartitionMetadata {
  readonly errorCode: number
  readonly partition: number
  /** Node id; −1 where there is none at the moment. */
  readonly leader: number
}

export interface TopicMetadata {
  readonly errorCode: number
  readonly name: string
  readonly internal: boolean
  readonly partitions: readonly PartitionMetadata[]
}

export interface MetadataResponse {
  readonly brokers: readonly BrokerAddress[]
  readonly controllerId: number
  readonly topics: readonly TopicMetadata[]
}

/** Asks for the brokers and for these topics; null asks for all topics, an empty list for none. */
export function metadata(topics: readonly string[] | null): Request<MetadataResponse> {
  return {
    ...apis.metadata,
    write(body) {
      if (topics === null) body.int32(-1)
      else body.array(topics, (topic) => body.string(topic))
      // Never create a topic by asking for it; no authorized operations are wanted.
      body.boolean(false).boolean(false).boolean(false)
    },
    read(body) {
      body.throttleTime()
      const brokers = body.array(() => {
        const broker = { nodeId: body.int32(), host: body.string(), port: body.int32() }
        body.nullableString() // rack
        return broker
      })
      body.nullableString() // cluster id
      const controllerId = body.int32()
      const readPartition = (): PartitionMetadata => {
        const partition = { errorCode: body.int16(), partition: body.int32(), leader: body.int32() }
        body.int32() // leader epoch
        for (let list = 0; list < 3; list++) body.array(() => body.int32()) // replicas, in sync, offline
        return partition
      }
      const topicsRead = body.array(() => {
        const topic = {
          errorCode: body.int16(),
          name: body.string(),
          internal: body.boolean(),
          partitions: body.array(readPartition),
        }
        body.int32() // authorized operations
        return topic
      })
      return { brokers, controllerId, topics: topicsRead }
    },
  }
}
