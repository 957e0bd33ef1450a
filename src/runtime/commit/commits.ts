import type { GroupMembership } from '../../broker/port.ts'
import type { BrokerRecordCollector } from '../broker-record-collector.ts'
import type { GroupSession } from '../group-session.ts'
import type { RepartitionPurge } from '../repartition-purge.ts'
import type { TaskManager } from '../task-manager.ts'
import type { WorkerMetrics } from '../worker-metrics.ts'
import type { WorkerOptions } from '../worker-options.ts'
import { AtLeastOnceCommitter } from './at-least-once-committer.ts'
import { CommitCycle } from './commit-cycle.ts'
import { ExactlyOnceCommitter } from './exactly-once-committer.ts'

/** What the commits of a worker touch. */
export interface CommitsParts {
  readonly collector: BrokerRecordCollector
  readonly membership: GroupMembership
  readonly session: GroupSession
  readonly tasks: TaskManager
  readonly purge: RepartitionPurge
  readonly metrics: WorkerMetrics
  /** Called when a commit that ran beside processing has ended. */
  readonly onEnded: () => void
}

/** The commits of a worker, under the guarantee that its configuration asks for. */
export function openCommits(options: WorkerOptions, parts: CommitsParts): CommitCycle {
  const { clock, config } = options
  const { collector, tasks, purge, metrics, onEnded } = parts
  return new CommitCycle({
    clock,
    intervalMs: config.commitIntervalMs,
    maxUncommittedBytes: config.maxUncommittedBytes,
    committer:
      config.processingGuarantee === 'exactly_once'
        ? new ExactlyOnceCommitter(parts)
        : new AtLeastOnceCommitter(parts, !logsEveryUpdate(options)),
    tasks: () => tasks.running,
    hasOutput: () => collector.inTransaction,
    onEnded,
    onCommitted: (offsets, seconds) => {
      metrics.commits.add()
      metrics.commitLatency.observe(seconds)
      purge.committed(offsets)
    },
  })
}

function logsEveryUpdate({ plan }: WorkerOptions): boolean {
  return plan.subTopologies.some(({ stores }) =>
    stores.some(({ logging }) => logging.enabled && logging.everyUpdate),
  )
}
