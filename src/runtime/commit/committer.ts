import type { CommittedOffset, GroupMembership } from '../../broker/port.ts'
import type { TopicPartition } from '../../core/topic-partition.ts'
import type { ActiveTask } from '../active-task.ts'
import type { BrokerRecordCollector } from '../broker-record-collector.ts'
import type { GroupSession } from '../group-session.ts'
import type { PreparedCommit } from '../stream-task.ts'

/** Makes what tasks have done since the last commit last. */
export interface Committer {
  /** Whether tasks may process while a commit is in flight. */
  readonly overlapsProcessing: boolean
  /**
   * Commits these tasks together. Everything that belongs to the commit is set aside before the first await, so that
   * where {@link overlapsProcessing} holds, what is processed meanwhile belongs to the next.
   *
   * Rejects with `FencedError` where the tasks are another worker's by now, with `BrokerTimeoutError` where the outcome
   * is unknown; the tasks are then to be closed dirty.
   */
  commit(tasks: readonly ActiveTask[]): Promise<CommittedOffset[]>
}

/** A task with what it has set aside for a commit. */
export interface PreparedTask {
  readonly task: ActiveTask
  readonly prepared: PreparedCommit
}

/** Has each task set aside what it has done; its changelog records are with the producer then. */
export function prepareTasks(tasks: readonly ActiveTask[]): PreparedTask[] {
  return tasks.map((task) => ({ task, prepared: task.task.prepareCommit() }))
}

/** Where the producer's last record in a changelog partition lies. */
export function lastOffsetOf(
  collector: BrokerRecordCollector,
): (changelog: TopicPartition) => number | undefined {
  const { producer } = collector
  return ({ topic, partition }) => producer.lastOffset(topic, partition)
}

/** The parts of a worker that commits go through. */
export interface CommitterParts {
  readonly collector: BrokerRecordCollector
  readonly membership: GroupMembership
  readonly session: GroupSession
}
