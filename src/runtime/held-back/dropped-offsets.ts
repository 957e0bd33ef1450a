import { topicPartitionName, type TopicPartition } from '../../core/topic-partition.ts'

const none: ReadonlySet<number> = new Set()

/** The offsets of dead letters that operators gave up, by the input partition in which they were read first. */
export class DroppedOffsets {
  readonly #offsets = new Map<string, Set<number>>()

  add({ topic, partition, offset }: TopicPartition & { readonly offset: number }): void {
    const name = topicPartitionName(topic, partition)
    const offsets = this.#offsets.get(name)
    if (offsets) offsets.add(offset)
    else this.#offsets.set(name, new Set([offset]))
  }

  of(topic: string, partition: number): ReadonlySet<number> {
    return this.#offsets.get(topicPartitionName(topic, partition)) ?? none
  }
}
