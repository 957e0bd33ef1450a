import type { Broker } from '../broker/port.ts'
import { droppedTopicOf } from '../runtime/redriven-from.ts'

/** Where those who hold back later records are told which dead letters were given up; a worker makes it that does. */
export interface DroppedTopic {
  readonly topic: string
  /** Whether any worker has held records back. */
  readonly exists: boolean
  /** Of what is there, also of what is being committed. */
  readonly endOffset: number
}

export async function findDroppedTopic(
  broker: Broker,
  deadLetterTopic: string,
): Promise<DroppedTopic> {
  const topic = droppedTopicOf(deadLetterTopic)
  const exists = (await broker.describeTopics([topic])).has(topic)
  if (!exists) return { topic, exists, endOffset: 0 }
  const places = [{ topic, partition: 0 }]
  const [end] = await broker.listOffsets(places, 'latest', 'read_uncommitted')
  return { topic, exists, endOffset: end!.offset }
}
