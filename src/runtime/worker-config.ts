import type { Compression } from '../broker/port.ts'
import type { LostOffsetPolicy } from '../topology/topology-plan.ts'

/** How a worker runs. Times are in milliseconds. */
export interface WorkerConfig {
  readonly processingGuarantee: 'exactly_once' | 'at_least_once'
  readonly commitIntervalMs: number
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly rebalanceTimeoutMs: number
  /** How long the loop may not come around, before the worker gives its tasks up. */
  readonly maxPollIntervalMs: number
  /** Undefined: a member of the group that is new at each start. Source: KIP-345. */
  readonly groupInstanceId: string | undefined
  readonly transactionTimeoutMs: number
  /** How long a worker waits before it begins anew after a failure; doubled each time, up to 10 s. */
  readonly retryBackoffMs: number
  /** How long a task waits for an empty partition before it takes the next record of another. Source: KIP-353, KIP-695. */
  readonly maxTaskIdleMs: number
  /** Over all tasks; a commit is brought forward when it is passed. */
  readonly maxUncommittedBytes: number
  /** Of one partition; fetching pauses when it is passed. */
  readonly maxBufferedBytes: number
  /** Over all partitions; those of which something is buffered are paused when it is passed. Source: KIP-770. */
  readonly inputBufferMaxBytes: number
  /** Sent and not acknowledged; processing pauses when it is passed. Source: Kafka's `buffer.memory`. */
  readonly producerBufferBytes: number
  /** Of what the worker writes. Source: Kafka's `compression.type`. */
  readonly compression: Compression
  readonly offsetReset: 'earliest' | 'latest'
  /** Of sources that say nothing of their own. */
  readonly onLostOffset: LostOffsetPolicy
  /** False: internal topics and the dead-letter topic must be there, made as the error about a missing one says. */
  readonly autoCreateTopics: boolean
  /** Of topics that the worker creates; undefined: the broker's default. */
  readonly replicationFactor: number | undefined
  /** Undefined: `<applicationId>-dead-letters`. */
  readonly deadLetterTopic: string | undefined
  /** Whether later records of a dead letter's key are held back until that is redriven or dropped. */
  readonly holdBackLaterRecords: boolean
  /** Of one task: dead letters that are neither redriven nor dropped, and what is held back behind them. */
  readonly maxHeldBackRecords: number
  /** Whether a task stops where there would be more, or lets the later records of further dead letters go on. */
  readonly onHeldBackLimit: 'fail' | 'let-go'
  /** How often it is looked whether dead letters were dropped, while something is held back. */
  readonly droppedIntervalMs: number
  /** Source: `num.standby.replicas`. */
  readonly numStandbyReplicas: number
  /** In changelog records. Source: `acceptable.recovery.lag`. */
  readonly acceptableRecoveryLag: number
  /** Source: `max.warmup.replicas`. */
  readonly maxWarmupReplicas: number
  /** Source: `probing.rebalance.interval.ms`. */
  readonly probingRebalanceIntervalMs: number
  readonly onCorruptState: 'fail' | 'restore'
  /** How often it is looked whether input topics appeared, vanished or grew. Source: `metadata.max.age.ms`. */
  readonly metadataMaxAgeMs: number
  /** How often consumed records of repartition topics are deleted. Source: `repartition.purge.interval.ms`. */
  readonly repartitionPurgeIntervalMs: number
}

const mebibyte = 1_048_576

/** What a worker does where its configuration says nothing. */
const workerDefaults: Omit<WorkerConfig, 'commitIntervalMs'> = Object.freeze({
  processingGuarantee: 'exactly_once',
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 3_000,
  rebalanceTimeoutMs: 60_000,
  maxPollIntervalMs: 300_000,
  groupInstanceId: undefined,
  transactionTimeoutMs: 10_000,
  retryBackoffMs: 100,
  maxTaskIdleMs: 0,
  maxUncommittedBytes: 64 * mebibyte,
  maxBufferedBytes: 4 * mebibyte,
  inputBufferMaxBytes: 64 * mebibyte,
  producerBufferBytes: 32 * mebibyte,
  compression: 'none',
  offsetReset: 'earliest',
  onLostOffset: 'fail',
  autoCreateTopics: true,
  replicationFactor: undefined,
  deadLetterTopic: undefined,
  holdBackLaterRecords: false,
  maxHeldBackRecords: 100_000,
  onHeldBackLimit: 'fail',
  droppedIntervalMs: 1_000,
  numStandbyReplicas: 0,
  acceptableRecoveryLag: 10_000,
  maxWarmupReplicas: 2,
  probingRebalanceIntervalMs: 600_000,
  onCorruptState: 'fail',
  metadataMaxAgeMs: 300_000,
  repartitionPurgeIntervalMs: 30_000,
})

/**
 * A whole configuration of what is given and the defaults.
 *
 * Commits follow each other after 100 ms under `exactly_once`, as in Kafka Streams, since nothing is seen before them.
 * Under `at_least_once` outputs are seen at once and 1,000 ms bound what is done again after a crash; Kafka Streams'
 * 30 s would also leave queries, which show committed state, that far behind.
 */
export function workerConfig(given: Partial<WorkerConfig> = {}): WorkerConfig {
  const set = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Partial<WorkerConfig>
  const guarantee = set.processingGuarantee ?? workerDefaults.processingGuarantee
  const commitIntervalMs = guarantee === 'exactly_once' ? 100 : 1_000
  return { ...workerDefaults, commitIntervalMs, ...set }
}
