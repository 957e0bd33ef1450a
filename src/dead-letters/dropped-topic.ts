import type { Broker } from '../broker/port.ts'

/** Where those who hold back later records are told which dead letters were given up; a worker makes it that does. */
export class DroppedTopic {
  readonly topic: string
  /** Whether any worker has held records back. */
  readonly exists: boolean
  /** Of what is there, also of what is being committed. */
  readonly endOffset: number

  private constructor(topic: string, exists: boolean, endOffset: number) {
    this.topic = topic
    this.exists = exists
    this.endOffset = endOffset
  }

  static async find(broker: Broker, deadLetterTopic: string): Promise<DroppedTopic> {
    const topic = `${deadLetterTopic}-dropped`
    const exists = (await broker.describeTopics([topic])).has(topic)
    if (!exists) return new DroppedTopic(topic, false, 0)
    const places = [{ topic, partition: 0 }]
    const [end] = await broker.listOffsets(places, 'latest', 'read_uncommitted')
    return new DroppedTopic(topic, true, end!.offset)
  }
}
