import type { PartitionOffset } from '../../broker/port.ts'
import { BrokerError } from '../../core/errors.ts'
import { topicPartitionName } from '../../core/topic-partition.ts'
import type { StoreChangelog } from '../restore/restorable-task.ts'
import { changelogsOf } from '../task-changelogs.ts'
import type { TaskInputs } from '../topic-layout.ts'
import type { WorkerOptions } from '../worker-options.ts'

/** Transactions that are under way are waited for, but the other members wait for the assignment. */
const processedTimeoutMs = 2_000

/**
 * By task, the sum of the end offsets of its changelogs; a task is absent that has no state to restore. Where the broker
 * does not say, all copies of a task's state count as equally far.
 */
export async function changelogEnds(
  options: WorkerOptions,
  tasks: ReadonlyMap<string, TaskInputs>,
): Promise<Map<string, number>> {
  const { logger } = options
  const changelogs = new Map([...tasks].map(([name, task]) => [name, changelogsOf(options, task)]))
  let ends: PartitionOffset[] = []
  try {
    ends = await endsOf(options, [...changelogs.values()].flat())
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

/** A store that a source topic fills ends where the group has processed it to; what comes after it is not lacking. */
async function endsOf(
  { broker, applicationId }: WorkerOptions,
  changelogs: readonly StoreChangelog[],
): Promise<PartitionOffset[]> {
  const own = changelogs.filter(({ isSource }) => !isSource)
  const sources = changelogs.filter(({ isSource }) => isSource)
  const ends = own.length === 0 ? [] : await broker.listOffsets(own, 'latest', 'read_uncommitted')
  if (sources.length === 0) return ends
  const timeoutMs = processedTimeoutMs
  return [...ends, ...(await broker.committedOffsets(applicationId, sources, { timeoutMs }))]
}
