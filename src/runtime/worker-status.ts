import type { TaskId } from '../core/task-id.ts'
import type { TopicPartition } from '../core/topic-partition.ts'
import type { StateStore } from '../state/store.ts'

/** The life of a worker. Source: `KafkaStreams.State`. */
export type WorkerState =
  'created' | 'starting' | 'rebalancing' | 'running' | 'pending-shutdown' | 'closed' | 'error'

export interface PartitionProgress extends TopicPartition {
  /** The next offset to be processed, as last committed. */
  readonly committedOffset: number | undefined
  readonly endOffset: number | undefined
  /** Records between the two; undefined until both are known. */
  readonly lagRecords: number | undefined
}

export interface TaskStatus {
  readonly taskId: TaskId
  /** The thread that runs it, such as `thread-2`; undefined where the process has one only. */
  readonly thread?: string
  readonly state: 'created' | 'restoring' | 'running' | 'closed'
  /** The highest event time processed and committed; −1 before the first record. */
  readonly streamTimeMs: number
  readonly partitions: readonly PartitionProgress[]
  /** Changelog records restored and still to restore. */
  readonly restored: number
  readonly restoreRemaining: number
  /** What is held back behind dead letters; undefined where `holdBackLaterRecords` is not set. */
  readonly heldBack?: HeldBackStatus
}

/** What a task holds back behind dead letters. */
export interface HeldBackStatus {
  /** Keys with a dead letter behind which their later records are held back. */
  readonly keys: number
  /** Those dead letters that were neither redriven nor dropped, and the records held back behind them. */
  readonly records: number
}

/** A standby of a task: a copy of its state that follows its changelogs, so that the task can move here at once. */
export interface StandbyStatus {
  readonly taskId: TaskId
  /** Changelog records that the copy lacks; undefined until that is known. */
  readonly lagRecords: number | undefined
  /** Changelog records restored since the standby came here. */
  readonly restored: number
  readonly stores: readonly StandbyStoreStatus[]
}

/** How far a standby's copy of one store is. */
export interface StandbyStoreStatus extends TopicPartition {
  readonly storeName: string
  /** The offset of the next changelog record that the copy lacks. */
  readonly offset: number
  readonly endOffset: number
  readonly lagRecords: number
}

/** One of several threads of a process, each of which is a worker. Source: Java's `ThreadMetadata`. */
export interface ThreadStatus {
  /** Such as `thread-2`. */
  readonly name: string
  readonly state: WorkerState
  readonly error: Error | undefined
  /** Milliseconds since the thread said something; more than a second means that code in it blocks it. */
  readonly silentMs: number
}

/** Whether the broker answers, as far as the worker sees. */
export interface BrokerStatus {
  /** Such as `kafkajs localhost:9092`. */
  readonly name: string
  readonly connected: boolean
  /** Since when it does not answer, in milliseconds since the epoch; undefined while it does. */
  readonly awaySinceMs: number | undefined
  /** When it last answered; undefined before the first time. */
  readonly lastAnswerMs: number | undefined
  /** What the last attempt failed with while it is away. */
  readonly reason: string | undefined
}

export interface WorkerStatus {
  readonly state: WorkerState
  readonly applicationId: string
  readonly error: Error | undefined
  readonly tasks: readonly TaskStatus[]
  /** Tasks that run elsewhere, of which this worker keeps a copy of the state. */
  readonly standbys: readonly StandbyStatus[]
  /** The threads, where the process has several. */
  readonly threads?: readonly ThreadStatus[]
  /** Undefined before the worker is started. */
  readonly broker?: BrokerStatus | undefined
}

/** A partition of a store as it can be read here. */
export interface StoreView {
  readonly storeName: string
  readonly taskId: TaskId | 'global'
  /** The input partition whose keys are here; undefined for a global store, which has all. */
  readonly partition: number | undefined
  /** How many partitions the store has over all workers. */
  readonly partitions: number
  /** As of the last commit. Throws `StateStoreNotAvailableError` while it is being restored. */
  readonly store: StateStore
  /** The highest event time that the committed state includes; −1 before the first record. */
  readonly asOfMs: number
  /** Input records not yet in the committed state; undefined until it is known. */
  readonly lagRecords: number | undefined
}
