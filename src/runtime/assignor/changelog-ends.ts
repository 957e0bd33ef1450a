import type { PartitionOffset } from '../../broker/port.ts'
import { BrokerError } from '../../core/errors.ts'
import { topicPartitionName } from '../../core/topic-partition.ts'
import { changelogsOf } from '../task-changelogs.ts'
import type { TaskInputs } from '../topic-layout.ts'
import type { WorkerOptions } from '../worker-options.ts'

/**
 * By task, the sum of the end offsets of its changelogs; a task is absent that has no state to restore. Where the broker
 * does not say, all copies of a task's state count as equally far.
 */
export async function changelogEnds(
  options: WorkerOptions,
  tasks: ReadonlyMap<string, TaskInputs>,
): Promise<Map<string, number>> {
  const { broker, logger } = options
  const changelogs = new Map([...tasks].map(([name, task]) => [name, changelogsOf(options, task)]))
  const all = [...changelogs.values()].flat()
  let ends: PartitionOffset[] = []
  try {
    if (all.length > 0) ends = await broker.listOffsets(all, 'latest', 'read_uncommitted')
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error
    const reason = error.message
    logger.warn('How much the copies of state lack is unknown at this assignment', { reason })
  }
  const endOf = new Map(
    ends.map(({ topic, partition, offset }) => [topicPartitionName(topic, partition), offset]),
  )
  const sums = new Map<string, number>()
  for (const [name, partitions] of changelogs) {
    if (partitions.length === 0) continue
    const offsets = partitions.map(
      ({ topic, partition }) => endOf.get(topicPartitionName(topic, partition)) ?? 0,
    )
    sums.set(
      name,
      offsets.reduce((sum, offset) => sum + offset, 0),
    )
  }
  return sums
}
