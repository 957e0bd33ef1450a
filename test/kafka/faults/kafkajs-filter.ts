import { createRequire } from 'node:module'
import { kafkajsSettings } from '../../../src/broker/kafkajs/check-options.ts'
import { Cluster } from '../../../src/broker/kafkajs/cluster/cluster.ts'
import { RecordBatchCursor } from '../../../src/broker/kafkajs/codec/record-batch-cursor.ts'
import { fetch, type FetchResponsePartition } from '../../../src/broker/kafkajs/protocol/fetch.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { systemRandom } from '../../../src/core/random.ts'

interface KafkajsMessage {
  readonly offset: string
  readonly isControlRecord: boolean
}

const require = createRequire(import.meta.url)
const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object
const decodeMessages = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages') as (
  decoder: object,
) => Promise<KafkajsMessage[]>
const filterAborted = require('kafkajs/src/consumer/filterAbortedMessages') as (fetched: {
  readonly messages: readonly KafkajsMessage[]
  readonly abortedTransactions: readonly { producerId: string; firstOffset: string }[]
}) => KafkajsMessage[]

/** One answer of the broker to a read_committed fetch: the bytes, and the aborted transactions it lists. */
export async function fetchOnce(
  bootstrap: string,
  position: { readonly topic: string; readonly partition: number; readonly offset: number },
): Promise<FetchResponsePartition> {
  const cluster = new Cluster({
    settings: kafkajsSettings({ brokers: [bootstrap] }, 'millrace-test'),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  })
  try {
    const [leader] = [...(await cluster.byLeader([position])).keys()]
    const response = await cluster.sharedChannel(leader!).send(
      fetch({
        isolation: 'read_committed',
        maxWaitMs: 1000,
        maxBytes: 1 << 20,
        positions: [{ ...position, maxBytes: 1 << 20 }],
      }),
    )
    return response.partitions[0]!
  } finally {
    cluster.close()
  }
}

/** The offsets that kafkajs 2.2.4 hands to its user of these bytes: its own decoder, and its own filter. */
export async function offsetsSeenByKafkajs(
  fetched: FetchResponsePartition,
  fromOffset: number,
): Promise<number[]> {
  const { buffer, start, end, aborted } = fetched
  const sized = Buffer.alloc(4 + end - start)
  sized.writeInt32BE(end - start)
  buffer.copy(sized, 4, start, end)
  const messages = await decodeMessages(new Decoder(sized))
  const visible = filterAborted({
    messages: messages.filter(({ offset }) => Number(offset) >= fromOffset),
    abortedTransactions: aborted.map(({ producerId, firstOffset }) => ({
      producerId: String(producerId),
      firstOffset: String(firstOffset),
    })),
  })
  return visible
    .filter(({ isControlRecord }) => !isControlRecord)
    .map(({ offset }) => Number(offset))
}

/** The offsets that this client hands out of the same bytes. */
export function offsetsSeenByMillrace(
  fetched: FetchResponsePartition,
  fromOffset: number,
): number[] {
  const cursor = new RecordBatchCursor({ ...fetched, fromOffset })
  const offsets: number[] = []
  while (cursor.next()) offsets.push(cursor.offset)
  return offsets
}
