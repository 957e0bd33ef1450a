import type { Broker } from '../broker/port.ts'
import { UnknownTopicError } from '../core/errors.ts'
import { partitionForKey } from '../core/murmur2.ts'
import type { DeadLetter } from './dead-letter.ts'
import type { RedriveOptions, RedriveOutcome } from './redrive-options.ts'

/** Where dead letters go when they are redriven. */
export class RedriveTargets {
  readonly #broker: Broker
  readonly #partitionCounts = new Map<string, number>()

  constructor(broker: Broker) {
    this.#broker = broker
  }

  async of(letter: DeadLetter, options: RedriveOptions): Promise<RedriveOutcome> {
    const { origin, omitted } = letter
    if (omitted !== undefined) {
      return { kept: `the record was too large for the dead-letter topic (${omitted})` }
    }
    const topic = options.to ?? origin.topic
    if (topic === undefined) return { kept: 'it came from no topic; name one to write it to' }
    const partitions = await this.#partitionsOf(topic)
    const { toPartition = 'same' } = options
    const partition = toPartition === 'same' ? origin.partition : toPartition
    if (partition === undefined || partition === 'key') {
      return { to: { topic, partition: letter.key ? partitionForKey(letter.key, partitions) : 0 } }
    }
    if (partition < partitions) return { to: { topic, partition } }
    return { kept: `${topic} has no partition ${partition}; have the partition chosen by key` }
  }

  async #partitionsOf(topic: string): Promise<number> {
    const known = this.#partitionCounts.get(topic)
    if (known !== undefined) return known
    const description = (await this.#broker.describeTopics([topic])).get(topic)
    if (!description) {
      throw new UnknownTopicError(
        `The topic ${topic}, which a dead letter is to go back to, does not exist; name another to write to`,
      )
    }
    this.#partitionCounts.set(topic, description.partitions)
    return description.partitions
  }
}
