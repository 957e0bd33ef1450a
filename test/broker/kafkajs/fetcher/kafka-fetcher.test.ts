import { expect, it } from 'vitest'
import type { Cluster } from '../../../../src/broker/kafkajs/cluster/cluster.ts'
import { BatchWriter } from '../../../../src/broker/kafkajs/codec/batch-writer.ts'
import { KafkaFetcher } from '../../../../src/broker/kafkajs/fetcher/kafka-fetcher.ts'
import { codes } from '../../../../src/broker/kafkajs/protocol/error-codes.ts'
import type { FetchResponse } from '../../../../src/broker/kafkajs/protocol/fetch.ts'
import { systemClock } from '../../../../src/core/clock.ts'
import { OffsetOutOfRangeError } from '../../../../src/core/errors.ts'
import { systemRandom } from '../../../../src/core/random.ts'

const place = { topic: 't', partition: 0 }
const facts = { ...place, highWatermark: 2, lastStableOffset: 2, logStartOffset: 0, aborted: [] }

/** Two records, at offsets 0 and 1. */
function twoRecords(): FetchResponse {
  const writer = new BatchWriter(1_000)
  for (const word of ['one', 'two']) writer.append(0, null, Buffer.from(word), [])
  const sealed = writer.seal(
    { producerId: -1n, epoch: -1, sequence: -1, transactional: false },
    'none',
  )
  const buffer = Buffer.from(sealed)
  const bytes = { buffer, start: 0, end: buffer.length }
  return { errorCode: codes.none, partitions: [{ ...facts, ...bytes, errorCode: codes.none }] }
}

function outOfRange(): FetchResponse {
  const bytes = { buffer: Buffer.alloc(0), start: 0, end: 0 }
  const errorCode = codes.offsetOutOfRange
  return { errorCode: codes.none, partitions: [{ ...facts, ...bytes, errorCode }] }
}

/** A fetcher whose leader answers with these, one after the other, and then no more; `answered` resolves then. */
function fetcherOf(...responses: FetchResponse[]): {
  fetcher: KafkaFetcher
  answered: Promise<void>
} {
  let resolve: () => void
  const answered = new Promise<void>((done) => (resolve = done))
  const channel = {
    send: () => {
      const response = responses.shift()
      if (response) return Promise.resolve(response)
      resolve()
      return new Promise(() => undefined)
    },
  }
  const cluster = {
    environment: { clock: systemClock, random: systemRandom },
    leadersOf: () => [1],
    channel: () => channel,
    forget() {},
    release() {},
  } as unknown as Cluster
  return { fetcher: new KafkaFetcher(cluster, { isolation: 'read_uncommitted' }), answered }
}

// Where reading went on at the offset that was out of range for a moment, what had been fetched before it was dropped.
it('tells that an offset is out of range only after it gave what was fetched before it', async () => {
  const { fetcher } = fetcherOf(twoRecords(), outOfRange())
  fetcher.assign([{ ...place, offset: 0 }])
  for (let turn = 0; turn < 20; turn++) await systemClock.yieldToEventLoop()
  const [fetched] = await fetcher.poll({ timeoutMs: 1_000 })
  expect(fetched).toMatchObject({ ...place, nextOffset: 2 })
  const failure: unknown = await fetcher.poll({ timeoutMs: 1_000 }).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(OffsetOutOfRangeError)
  expect(failure).toMatchObject({ topicPartition: place, offset: 2 })
  await fetcher.close()
})

// A worker that began anew was told of the former place, and jumped to it, over what was not committed.
it('says nothing any more of a place where a partition is no longer read', async () => {
  const { fetcher, answered } = fetcherOf(outOfRange(), twoRecords())
  fetcher.assign([{ ...place, offset: 7 }])
  for (let turn = 0; turn < 20; turn++) await systemClock.yieldToEventLoop()
  fetcher.assign([{ ...place, offset: 0 }])
  await answered
  const [fetched] = await fetcher.poll({ timeoutMs: 1_000 })
  expect(fetched).toMatchObject({ ...place, nextOffset: 2 })
  await fetcher.close()
})
