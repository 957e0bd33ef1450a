/** One partition of one topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** `topic-partition`, the form in which Kafka names a partition; usable as a map key. */
export function topicPartitionName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** The same of a partition with whatever else is known of it. */
export function nameOfPartition({ topic, partition }: TopicPartition): string {
  return topicPartitionName(topic, partition)
}
