import type { TopicPartition } from '../../../core/topic-partition.ts'
import type { Isolation } from '../../port.ts'
import type { AbortedTransaction } from '../codec/aborted-transactions.ts'
import { apis } from './api-keys.ts'
import type { ByteReader } from './byte-reader.ts'
import { byTopic, type Request } from './request.ts'

export interface FetchOptions {
  readonly isolation: Isolation
  readonly maxWaitMs: number
  readonly maxBytes: number
  readonly positions: readonly FetchPosition[]
}

export interface FetchPosition extends TopicPartition {
  readonly offset: number
  readonly maxBytes: number
}

export interface FetchResponse {
  readonly errorCode: number
  readonly partitions: readonly FetchResponsePartition[]
}

export interface FetchResponsePartition extends TopicPartition {
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly aborted: readonly AbortedTransaction[]
  /** Record batches lie in `buffer[start, end)`. */
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

/** Asks a leader for records, without a fetch session. */
export function fetch(options: FetchOptions): Request<FetchResponse> {
  return {
    ...apis.fetch,
    brokerWaitMs: options.maxWaitMs,
    write(body) {
      // Replica −1 is a client. Session 0 with epoch −1 is a full fetch that opens no session.
      body.int32(-1).int32(options.maxWaitMs).int32(1).int32(options.maxBytes)
      body
        .int8(options.isolation === 'read_committed' ? 1 : 0)
        .int32(0)
        .int32(-1)
      body.array(byTopic(options.positions), ([topic, positions]) =>
        body.string(topic).array(positions, ({ partition, offset, maxBytes }) => {
          // Leader epoch and log start offset are unknown, −1.
          body.int32(partition).int32(-1).int64(offset).int64(-1).int32(maxBytes)
        }),
      )
      body.int32(0).string('') // no forgotten topics, no rack
    },
    read(body) {
      body.throttleTime()
      const errorCode = body.int16()
      body.int32() // session id
      const topics = body.array(() => {
        const topic = body.string()
        return body.array(() => readPartition(body, topic))
      })
      return { errorCode, partitions: topics.flat() }
    },
  }
}

function readPartition(body: ByteReader, topic: string): FetchResponsePartition {
  const head = {
    topic,
    partition: body.int32(),
    errorCode: body.int16(),
    highWatermark: body.int64(),
    lastStableOffset: body.int64(),
    logStartOffset: body.int64(),
    aborted: body.array(() => ({ producerId: body.int64Exact(), firstOffset: body.int64() })),
  }
  body.int32() // preferred read replica
  const start = body.skip(body.int32())
  return { ...head, buffer: body.buffer, start, end: body.position }
}
