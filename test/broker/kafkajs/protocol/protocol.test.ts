import { describe, expect, it } from 'vitest'
import {
  BrokerError,
  FencedError,
  OffsetOutOfRangeError,
  UnknownTopicError,
} from '../../../../src/core/errors.ts'
import {
  apiVersions,
  unsupportedApis,
} from '../../../../src/broker/kafkajs/protocol/api-versions.ts'
import {
  ByteReader,
  TruncatedResponseError,
} from '../../../../src/broker/kafkajs/protocol/byte-reader.ts'
import { ByteWriter } from '../../../../src/broker/kafkajs/protocol/byte-writer.ts'
import { errorCode } from '../../../../src/broker/kafkajs/protocol/error-codes.ts'
import { fetch } from '../../../../src/broker/kafkajs/protocol/fetch.ts'
import { metadata } from '../../../../src/broker/kafkajs/protocol/metadata.ts'
import { offsetFetch } from '../../../../src/broker/kafkajs/protocol/offset-fetch.ts'
import { protocolError } from '../../../../src/broker/kafkajs/protocol/protocol-error.ts'
import type { Request } from '../../../../src/broker/kafkajs/protocol/request.ts'

describe('error codes', () => {
  it.each([
    [0, 'NONE', false],
    [6, 'NOT_LEADER_OR_FOLLOWER', true],
    [88, 'UNSTABLE_OFFSET_COMMIT', true],
    [90, 'PRODUCER_FENCED', false],
    [120, 'TRANSACTION_ABORTABLE', false],
    [30_000, 'error 30000', false],
  ])('%i is %s', (code, name, retriable) => {
    expect(errorCode(code)).toEqual({ name, retriable })
  })

  it.each([
    [1, OffsetOutOfRangeError],
    [3, UnknownTopicError],
    [22, FencedError],
    [25, FencedError],
    [82, FencedError],
    [90, FencedError],
    [10, BrokerError],
  ])('%i becomes its class of error, with the code and the place', (code, Class) => {
    const topicPartition = { topic: 'orders', partition: 4 }
    const error = protocolError(code, 'Doing it', { topicPartition, detail: 'because' })
    expect(error).toBeInstanceOf(Class)
    expect(error.brokerCode).toBe(code)
    expect(error.message).toMatch(/^Doing it: .*: because\. \[topic orders, partition 4\]$/)
  })
})

/** A response of each kind, and its request. */
const metadataResponse = new ByteWriter().int32(0)
metadataResponse.array([1, 2], (id) =>
  metadataResponse.int32(id).string('host').int32(9092).string(null),
)
metadataResponse.string('cluster').int32(1)
metadataResponse.array(['a'], (name) => {
  metadataResponse.int16(0).string(name).boolean(false)
  metadataResponse.array([0], (partition) => {
    metadataResponse.int16(0).int32(partition).int32(1).int32(5)
    for (let i = 0; i < 3; i++) metadataResponse.array([1], (id) => metadataResponse.int32(id))
  })
  metadataResponse.int32(0)
})

const fetchResponse = new ByteWriter().int32(0).int16(0).int32(0)
fetchResponse.array(['a'], (name) => {
  fetchResponse.string(name).array([0], (partition) => {
    fetchResponse.int32(partition).int16(0).int64(10).int64(9).int64(0)
    fetchResponse.array([1n], (id) => fetchResponse.int64(id).int64(3))
    fetchResponse.int32(-1).sizedBytes(Buffer.from('records'))
  })
})

const offsetFetchResponse = new ByteWriter().noTags().int32(0)
offsetFetchResponse.compactArray(['a'], (name) => {
  offsetFetchResponse
    .compactString(name)
    .compactArray([0], (partition) => {
      offsetFetchResponse
        .int32(partition)
        .int64(7)
        .int32(-1)
        .compactString('meta')
        .int16(0)
        .noTags()
    })
    .noTags()
})
offsetFetchResponse.int16(0).noTags()

const fetchRequest = fetch({
  isolation: 'read_committed',
  maxWaitMs: 1,
  maxBytes: 1,
  positions: [],
})

function read<T>(request: Request<T>, bytes: Buffer): T {
  const body = new ByteReader(bytes)
  if (request.flexible && !request.plainAnswer) body.skipTags()
  return request.read(body)
}

describe('responses', () => {
  it('are read', () => {
    expect(read(metadata(['a']), metadataResponse.bytes())).toEqual({
      brokers: [1, 2].map((nodeId) => ({ nodeId, host: 'host', port: 9092 })),
      controllerId: 1,
      topics: [
        {
          errorCode: 0,
          name: 'a',
          internal: false,
          partitions: [{ errorCode: 0, partition: 0, leader: 1 }],
        },
      ],
    })
    const [partition] = read(fetchRequest, fetchResponse.bytes()).partitions
    expect(partition).toMatchObject({
      topic: 'a',
      partition: 0,
      highWatermark: 10,
      lastStableOffset: 9,
      aborted: [{ producerId: 1n, firstOffset: 3 }],
    })
    const { buffer, start, end } = partition!
    expect(buffer.toString('utf8', start, end)).toBe('records')
    expect(read(offsetFetch('group', []), offsetFetchResponse.bytes())).toEqual({
      errorCode: 0,
      partitions: [{ topic: 'a', partition: 0, offset: 7, metadata: 'meta', errorCode: 0 }],
    })
  })

  // What follows the fields that are read, tags and the like, may be missing.
  it.each([
    ['Metadata', metadata(['a']), metadataResponse.bytes(), 0],
    ['Fetch', fetchRequest, fetchResponse.bytes(), 0],
    ['OffsetFetch', offsetFetch('group', []), offsetFetchResponse.bytes(), 1],
  ] as [string, Request<unknown>, Buffer, number][])(
    'that are cut off anywhere are refused: %s',
    (_, request, bytes, unread) => {
      for (let length = 0; length < bytes.length - unread; length++) {
        expect(() => read(request, bytes.subarray(0, length))).toThrow(TruncatedResponseError)
      }
    },
  )
})

describe('the versions that a broker takes', () => {
  it('are compared with what is sent', () => {
    const body = new ByteWriter().int16(0)
    body.compactArray([0, 1], (apiKey) => body.int16(apiKey).int16(3).int16(8).noTags())
    const { versions } = read(apiVersions(), body.int32(0).noTags().bytes())
    expect(versions).toEqual({
      0: { minVersion: 3, maxVersion: 8 },
      1: { minVersion: 3, maxVersion: 8 },
    })
    const missing = unsupportedApis(versions)
    expect(missing).toContain('Fetch v11')
    expect(missing).toContain('Metadata v8')
    expect(missing).not.toContain('Produce v8')
  })

  it('come with the features in force, among fields that are not known', () => {
    const tagged = new ByteWriter()
    tagged.compactArray(['a', 'transaction.version'], (name) =>
      tagged.compactString(name).int16(2).int16(1).noTags(),
    )
    const body = new ByteWriter().int16(0)
    body.compactArray([], () => undefined).int32(0)
    body.unsignedVarint(3)
    body.unsignedVarint(0).unsignedVarint(2).raw(Buffer.from('??'))
    body.unsignedVarint(1).unsignedVarint(8).int64(17)
    body.unsignedVarint(2).unsignedVarint(tagged.bytes().length).raw(tagged.bytes())
    const { features } = read(apiVersions(), body.bytes())
    expect(features.epoch).toBe(17)
    expect(features.levels.get('transaction.version')).toBe(2)
    for (let length = 0; length < body.bytes().length; length++) {
      const cut = body.bytes().subarray(0, length)
      expect(() => read(apiVersions(), cut)).toThrow(TruncatedResponseError)
    }
  })
})
