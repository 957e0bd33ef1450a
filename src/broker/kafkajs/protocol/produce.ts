import type { TopicPartition } from '../../../core/topic-partition.ts'
import { apis, epochApis } from './api-keys.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
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

export interface ProduceOptions {
  readonly transactionalId?: string | undefined
  readonly timeoutMs: number
  /** The batches make their partitions part of the transaction, which has an epoch of its own (KIP-890). */
  readonly addsPartitions?: boolean
}

/** Sends one batch for each of some partitions, to be acknowledged by all replicas in sync. */
export function produce(
  batches: readonly ProduceBatch[],
  options: ProduceOptions,
): Request<readonly ProduceResponsePartition[]> {
  const { timeoutMs, addsPartitions = false } = options
  const bytes = batches.reduce((sum, each) => sum + each.topic.length + each.bytes.length + 32, 64)
  return {
    ...(addsPartitions ? epochApis.produce : apis.produce),
    brokerWaitMs: timeoutMs,
    write(body) {
      body.reserve(bytes)
      if (addsPartitions) writeFlexible(body, batches, options)
      else write(body, batches, options)
    },
    read: (body) => {
      const partitions = addsPartitions ? readFlexible(body) : read(body)
      body.throttleTime()
      if (addsPartitions) body.skipTags()
      return partitions
    },
  }
}

function write(
  body: ByteWriter,
  batches: readonly ProduceBatch[],
  { transactionalId, timeoutMs }: ProduceOptions,
): void {
  body.string(transactionalId).int16(-1).int32(timeoutMs)
  body.array(byTopic(batches), ([topic, ofTopic]) =>
    body
      .string(topic)
      .array(ofTopic, ({ partition, bytes }) => body.int32(partition).sizedBytes(bytes)),
  )
}

function writeFlexible(
  body: ByteWriter,
  batches: readonly ProduceBatch[],
  { transactionalId, timeoutMs }: ProduceOptions,
): void {
  body.compactString(transactionalId).int16(-1).int32(timeoutMs)
  body.compactArray(byTopic(batches), ([topic, ofTopic]) =>
    body
      .compactString(topic)
      .compactArray(ofTopic, ({ partition, bytes }) =>
        body.int32(partition).compactBytes(bytes).noTags(),
      )
      .noTags(),
  )
  body.noTags()
}

function read(body: ByteReader): ProduceResponsePartition[] {
  const topics = body.array(() => {
    const topic = body.string()
    return body.array(() => {
      const head = readHead(body, topic)
      const records = body.array(() => {
        body.int32() // index of a record that is at fault
        return body.nullableString()
      })
      return { ...head, errorMessage: body.nullableString() ?? firstOf(records) }
    })
  })
  return topics.flat()
}

function readFlexible(body: ByteReader): ProduceResponsePartition[] {
  const topics = body.compactArray(() => {
    const topic = body.compactString()
    const partitions = body.compactArray(() => {
      const head = readHead(body, topic)
      const records = body.compactArray(() => {
        body.int32() // index of a record that is at fault
        const said = body.compactNullableString()
        body.skipTags()
        return said
      })
      const errorMessage = body.compactNullableString() ?? firstOf(records)
      body.skipTags()
      return { ...head, errorMessage }
    })
    body.skipTags()
    return partitions
  })
  return topics.flat()
}

function readHead(body: ByteReader, topic: string): Omit<ProduceResponsePartition, 'errorMessage'> {
  const partition = body.int32()
  const errorCode = body.int16()
  const baseOffset = body.int64()
  body.int64() // log append time
  body.int64() // log start offset
  return { topic, partition, errorCode, baseOffset }
}

function firstOf(messages: readonly (string | null)[]): string | null {
  return messages.find((said) => said !== null) ?? null
}
