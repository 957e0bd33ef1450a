import type { Broker, PartitionOffset } from '../broker/port.ts'
import { UnknownTopicError } from '../core/errors.ts'
import type { TopicPartition } from '../core/topic-partition.ts'
import { deadLetterAt, type DeadLetter } from './dead-letter.ts'

const pollTimeoutMs = 500

/** A partition of a dead-letter topic, and where it begins and ends when this is asked. */
export interface LetterSpan extends TopicPartition {
  readonly startOffset: number
  /** After the last record of a transaction that has ended. */
  readonly endOffset: number
}

/** The partitions of a dead-letter topic. Throws `UnknownTopicError` where it does not exist. */
export async function spansOfTopic(broker: Broker, topic: string): Promise<LetterSpan[]> {
  const description = (await broker.describeTopics([topic])).get(topic)
  if (!description) {
    throw new UnknownTopicError(
      `There is no dead-letter topic ${topic}. It is made when a worker starts; check the application's id, or name the topic`,
    )
  }
  const partitions = Array.from({ length: description.partitions }, (_, partition) => ({
    topic,
    partition,
  }))
  const starts = await broker.listOffsets(partitions, 'earliest', 'read_committed')
  const ends = await broker.listOffsets(partitions, 'latest', 'read_committed')
  return partitions.map((place, i) => ({
    ...place,
    startOffset: starts[i]!.offset,
    endOffset: ends[i]!.offset,
  }))
}

/** The dead letters of a partition from an offset on, to where it ended when it was looked at; none of what was aborted. */
export async function* lettersOf(
  broker: Broker,
  { topic, partition, startOffset, endOffset }: LetterSpan,
  fromOffset: number,
): AsyncGenerator<DeadLetter> {
  const place: PartitionOffset = { topic, partition, offset: Math.max(startOffset, fromOffset) }
  if (place.offset >= endOffset) return
  const fetcher = broker.openFetcher({ isolation: 'read_committed' })
  try {
    fetcher.assign([place])
    for (let next = place.offset; next < endOffset;) {
      for (const { records, nextOffset } of await fetcher.poll({ timeoutMs: pollTimeoutMs })) {
        while (records.next() && records.offset < endOffset) yield deadLetterAt(place, records)
        next = nextOffset
      }
    }
  } finally {
    await fetcher.close()
  }
}
