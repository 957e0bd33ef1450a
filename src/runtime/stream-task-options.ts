import type { Isolation } from '../broker/port.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { TaskId } from '../core/task-id.ts'
import type { TopicPartition } from '../core/topic-partition.ts'
import type { Metrics } from '../metrics/sensors.ts'
import type { SerdeEnvironment } from '../serdes/serde.ts'
import type { StateStore } from '../state/store.ts'
import type { StoreClock, TaskState } from '../state/task-state.ts'
import type { SubTopology, TimestampExtractor, TopologyPlan } from '../topology/topology-plan.ts'
import type { DeadRecord, ErrorHandlers } from './error-handlers.ts'
import type { HoldBackOptions } from './held-back/held-back.ts'
import type { RecordCollector } from './record-collector.ts'

/** All that a task needs of the worker, or of the test driver, that runs it. */
export interface StreamTaskOptions {
  readonly id: TaskId
  readonly applicationId: string
  readonly plan: TopologyPlan
  readonly subTopology: SubTopology
  /**
   * The partitions that the task reads, by the topics' names on the broker.
   *
   * @defaultValue the task's partition of each source topic
   */
  readonly inputPartitions?: readonly TopicPartition[]
  readonly collector: RecordCollector
  /** Opened with {@link StreamTaskOptions.storeClock}; the task does not close it. */
  readonly state: TaskState
  /** The clock that the state was opened with; the task keeps its fields up to date. */
  readonly storeClock: StoreClock
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly environment: SerdeEnvironment
  readonly handlers: ErrorHandlers
  /** Writes a failed record to the dead-letter topic, through the same collector. */
  readonly deadLetter: (dead: DeadRecord) => MaybePromise<void>
  /**
   * Has later records of a dead letter's key held back, on a plan that has the stores for it.
   *
   * @defaultValue they go on
   */
  readonly holdBack?: HoldBackOptions | undefined
  /**
   * How long to wait for records of an empty partition before records of others are processed, in milliseconds.
   * 0: only until it is known that the broker has none; −1: not at all. Source: `max.task.idle.ms`, KIP-695.
   */
  readonly maxTaskIdleMs: number
  /** How far the partitions are read, which decides what "the broker has no more" means. */
  readonly isolation: Isolation
  /** The global store of that name, for reading; undefined where there is none. */
  readonly globalStore: (name: string) => StateStore | undefined
  /**
   * Takes the event time where a source has no extractor of its own.
   *
   * @defaultValue the record's own timestamp
   */
  readonly timestampExtractor?: TimestampExtractor
  /**
   * Of how many records of a partition the state is read at once.
   *
   * @defaultValue 1000
   */
  readonly maxChunkRecords?: number
  /**
   * How many records are read at once, as the turn of the first comes.
   *
   * @defaultValue 64
   */
  readonly maxReadRecords?: number
  /** Called when a call has ended and its result may go on, while the task is perhaps asked nothing. */
  readonly wake?: () => void
  /**
   * Times calls and the waits between their attempts.
   *
   * @defaultValue the clock
   */
  readonly callClock?: Clock
  /** For the jitter of waits before records are tried again. @defaultValue no jitter */
  readonly random?: Random
  /**
   * How records that fail may be tried again: after the wait that the handler says, at once, or not at all.
   *
   * @defaultValue `'after-backoff'`
   */
  readonly retries?: 'after-backoff' | 'at-once' | 'never'
}
