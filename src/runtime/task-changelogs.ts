import { decoratedTopicName } from '../topology/topology-plan.ts'
import type { StoreChangelog } from './restore/restorable-task.ts'
import type { TaskInputs } from './topic-layout.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What the stores of a task are restored from. */
export function changelogsOf(
  { applicationId, plan }: Pick<WorkerOptions, 'applicationId' | 'plan'>,
  { taskId, subTopology, partitions }: TaskInputs,
): StoreChangelog[] {
  const { partition } = taskId
  const changelogs = [...subTopology.changelogs].map(([storeName, logicalName]) => ({
    storeName,
    topic: decoratedTopicName(plan, applicationId, logicalName),
    partition,
    isSource: !plan.internalTopics.has(logicalName),
  }))
  // A source topic may have fewer partitions than the sub-topology has tasks.
  const isRead = (topic: string): boolean => partitions.some((each) => each.topic === topic)
  return changelogs.filter(({ isSource, topic }) => !isSource || isRead(topic))
}
