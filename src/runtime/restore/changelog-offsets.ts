import type { Broker, PartitionOffset } from '../../broker/port.ts'
import type { TopicPartition } from '../../core/topic-partition.ts'

/** The offset of a partition among others; undefined where it is not among them. */
export function findOffset(
  offsets: readonly PartitionOffset[],
  { topic, partition }: TopicPartition,
): number | undefined {
  return offsets.find((each) => each.topic === topic && each.partition === partition)?.offset
}

/** Where a changelog begins now. */
export async function earliestOffset(broker: Broker, changelog: TopicPartition): Promise<number> {
  const [earliest] = await broker.listOffsets([changelog], 'earliest', 'read_uncommitted')
  return earliest!.offset
}
