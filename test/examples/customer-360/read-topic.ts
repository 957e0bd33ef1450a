import type { BrokerConnector } from '../../../src/broker/connector.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { systemRandom } from '../../../src/core/random.ts'

export interface TopicRecord {
  readonly value: Buffer | null
  readonly headers: Readonly<globalThis.Record<string, string>>
}

/** Every committed record of a topic, partition by partition. */
export async function readTopic(connector: BrokerConnector, topic: string): Promise<TopicRecord[]> {
  await using broker = connector.open({
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    clientId: 'reader',
  })
  const found = (await broker.describeTopics([topic])).get(topic)
  const partitions = Array.from({ length: found?.partitions ?? 0 }, (_, partition) => ({
    topic,
    partition,
  }))
  const starts = await broker.listOffsets(partitions, 'earliest', 'read_committed')
  const ends = await broker.listOffsets(partitions, 'latest', 'read_committed')
  const records: TopicRecord[] = []
  for (const start of starts) {
    const end = ends.find((each) => each.partition === start.partition)!.offset
    await using fetcher = broker.openFetcher({ isolation: 'read_committed' })
    fetcher.assign([start])
    let position = start.offset
    while (position < end) {
      for (const fetched of await fetcher.poll({ timeoutMs: 500 })) {
        const { records: cursor } = fetched
        while (cursor.next()) {
          const { buffer, valueStart, valueEnd } = cursor
          records.push({
            value: valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd),
            headers: Object.fromEntries(
              cursor.headers().map(({ key, value }) => [key, value?.toString() ?? '']),
            ),
          })
        }
        position = fetched.nextOffset
      }
    }
  }
  return records
}
