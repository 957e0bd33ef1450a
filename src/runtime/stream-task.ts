import type { CommittedOffset, FetchedPartition } from '../broker/port.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { TaskId } from '../core/task-id.ts'
import type { TopicPartition } from '../core/topic-partition.ts'
import type { SealedChanges } from '../state/task-state.ts'
import type { StreamTaskOptions } from './stream-task-options.ts'

/** What belongs to one commit of a task. */
export interface PreparedCommit {
  /** To be passed to `TaskState.apply` once the broker has said committed, or dropped with `discard`. */
  readonly sealed: SealedChanges
  /** The next offset to process of each partition that moved on, with the partition's time as metadata. */
  readonly offsets: readonly CommittedOffset[]
  /** The task's stream time as of this commit; −1 before the first record. */
  readonly streamTimeMs: number
}

/**
 * Runs one sub-topology on one partition: buffers what was fetched, chooses the record with the lowest timestamp, and
 * sends it depth first through the graph.
 *
 * The owner calls it from one place at a time: no method may be called while a promise that another one returned is
 * pending, except {@link addFetched}, {@link updateLag}, the getters and {@link close}.
 *
 * @remarks Source: `org.apache.kafka.streams.processor.internals.StreamTask`.
 */
export class StreamTask {
  readonly id: TaskId
  /** What the task reads, by the topics' names on the broker. */
  readonly inputPartitions: readonly TopicPartition[]

  /**
   * Builds the graph; runs no user code but the processor suppliers.
   *
   * @throws TopologyError where a store that a processor names is missing.
   */
  static create(options: StreamTaskOptions): StreamTask {
    return new StreamTask(options)
  }

  private constructor(options: StreamTaskOptions) {
    this.id = options.id
    this.inputPartitions = options.inputPartitions ?? []
  }

  /**
   * Makes serdes ready to write and initializes the processors. Call it once, after the state was restored and
   * partition times were set.
   *
   * @throws ProcessingError naming the processor whose `init` failed.
   */
  async initialize(): Promise<void> {}

  /** Sets partition times and stream time from the metadata of committed offsets. */
  restorePartitionTimes(_committed: readonly CommittedOffset[]): void {}

  /** Buffers fetched records, undecoded, and notes from it how many more the broker has. */
  addFetched(_fetched: FetchedPartition): void {}

  /**
   * Says how many records the broker has of a partition beyond those that were fetched. Must be called after
   * assignment where nothing is fetched yet (end offset − position), since a task does not choose between
   * partitions of which it knows nothing, unless `maxTaskIdleMs` is −1.
   */
  updateLag(_topic: string, _partition: number, _lagRecords: number): void {}

  /** Bytes of a partition that were fetched and are not wholly processed; the owner pauses fetching by them. */
  bufferedBytes(_topic: string, _partition: number): number {
    return 0
  }

  get totalBufferedBytes(): number {
    return 0
  }

  /** Whether {@link processFor} would find something to do at this wall-clock time. */
  isProcessable(_nowMs: number): boolean {
    return false
  }

  /**
   * The wall-clock time at which the task has something to do though nothing arrives: the end of waiting for an empty
   * partition, or a wall-clock punctuation. Infinity where there is no such time.
   */
  nextWakeUpMs(): number {
    return Number.POSITIVE_INFINITY
  }

  /**
   * Processes records until `deadlineMs` (of `Clock.monotonicMs`), until the collector is not ready, or until nothing
   * is left to do; then gives how many it has processed. The caller gives slices of about 20 ms, yields to the event
   * loop in between, and awaits `collector.ready()` where that is pending. Returns a promise only where something had
   * to wait. Stream-time punctuations run in here.
   *
   * @throws ProcessingError, ProductionError, DeserializationError where a handler said `fail`; the task is then
   * unusable and its state is to be discarded.
   */
  processFor(_deadlineMs: number): MaybePromise<number> {
    return 0
  }

  /** Runs the punctuations that are due, on wall-clock time as of `nowMs` and on stream time; gives how many ran. */
  punctuate(_nowMs: number): MaybePromise<number> {
    return 0
  }

  /** Whether anything was processed or punctuated, or an offset moved on, since the last {@link prepareCommit}. */
  get commitNeeded(): boolean {
    return false
  }

  /** Whether a processor asked for a commit since the last {@link prepareCommit}. */
  get commitRequested(): boolean {
    return false
  }

  /** The highest event time of the records processed; −1 before the first. */
  get streamTimeMs(): number {
    return -1
  }

  /**
   * Seals the state, writes the last change of each key to the changelogs through the collector, and gives the
   * offsets to commit. Synchronous: processing may go on while the commit is in flight.
   *
   * @throws LifecycleError while a record is in process, or while the commit before is not applied.
   */
  prepareCommit(): PreparedCommit {
    throw new Error('unfinished')
  }

  /** Closes the processors, all of them even if one fails, and drops what is buffered. The state stays open. */
  async close(): Promise<void> {}
}
