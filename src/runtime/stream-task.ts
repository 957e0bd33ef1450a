import type { CommittedOffset, FetchedPartition } from '../broker/port.ts'
import { LifecycleError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { taskIdName, type TaskId } from '../core/task-id.ts'
import type { TopicPartition } from '../core/topic-partition.ts'
import { decoratedTopicName, type SubTopology } from '../topology/topology-plan.ts'
import { ChangelogWriter } from './changelog-writer.ts'
import { FailureRouter } from './failure-router.ts'
import { scopeOf, undoLogOf } from './open-task-scope.ts'
import type { PreparedCommit } from './prepared-commit.ts'
import { ProcessorGraph } from './processor-graph.ts'
import type { StreamTaskOptions } from './stream-task-options.ts'
import { RecordDecoder } from './record-decoder.ts'
import { activityOf } from './task-activity.ts'
import { TaskInput } from './task-input.ts'
import { TaskLoop } from './task-loop.ts'
import { TaskMetrics } from './task-metrics.ts'
import { TaskProgress } from './task-progress.ts'
import { TaskPunctuation } from './task-punctuation.ts'
import { TaskTimers } from './task-timers.ts'
import type { TaskScope } from './task-scope.ts'
import { TimeSlice } from './time-slice.ts'
import type { HeldBackStatus } from './worker-status.ts'

export type { PreparedCommit } from './prepared-commit.ts'

const defaultChunkRecords = 1000

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
  readonly #options: StreamTaskOptions
  readonly #scope: TaskScope
  readonly #failures: FailureRouter
  readonly #metrics: TaskMetrics
  readonly #punctuation: TaskPunctuation
  readonly #graph: ProcessorGraph
  readonly #input: TaskInput
  readonly #loop: TaskLoop
  readonly #changelogs: ChangelogWriter
  #state: 'created' | 'running' | 'closed' = 'created'

  /**
   * Builds the graph; runs no user code but the processor suppliers.
   *
   * @throws TopologyError where a partition belongs to no source of the sub-topology.
   */
  static create(options: StreamTaskOptions): StreamTask {
    return new StreamTask(options)
  }

  private constructor(options: StreamTaskOptions) {
    const { id, clock, plan, applicationId, handlers, deadLetter } = options
    this.id = id
    this.#options = options
    const metrics = new TaskMetrics(options.metrics, id, {
      streamTimeMs: () => this.streamTimeMs,
      bufferedBytes: () => this.totalBufferedBytes,
      uncommittedBytes: () => options.state.uncommittedBytes,
    })
    this.#metrics = metrics
    const timers = new TaskTimers()
    this.#punctuation = new TaskPunctuation(clock, metrics, timers)
    const undo = undoLogOf(options)
    const progress = new TaskProgress(undo)
    const scope = scopeOf(options, {
      punctuation: this.#punctuation,
      timers,
      metrics,
      progress,
      undo,
    })
    this.#scope = scope
    const { random, retries } = options
    const mayRetry = retries !== 'never'
    this.#failures = new FailureRouter({ scope, handlers, deadLetter, metrics, random, mayRetry })
    this.#graph = new ProcessorGraph({
      subTopology: options.subTopology,
      scope,
      failures: this.#failures,
      environment: options.environment,
      timestampExtractor: options.timestampExtractor,
      brokerName: (logicalName) => decoratedTopicName(plan, applicationId, logicalName),
    })
    const { partition } = id
    this.#input = new TaskInput({
      id,
      partitions:
        options.inputPartitions ?? this.#graph.sourceTopics.map((topic) => ({ topic, partition })),
      isolation: options.isolation,
      maxTaskIdleMs: options.maxTaskIdleMs,
      maxChunkRecords: options.maxChunkRecords ?? defaultChunkRecords,
      maxReadRecords: options.maxReadRecords,
      progress,
      clock,
      onNegativeTimestamp: (place, offset, timestampMs) =>
        this.#dropNegative(place, offset, timestampMs),
      sourceOf: (topic) => this.#graph.sourceOf(topic),
    })
    this.#loop = new TaskLoop({
      scope,
      group: this.#input.group,
      state: options.state,
      failures: this.#failures,
      punctuation: this.#punctuation,
      metrics,
      retriesAtOnce: retries === 'at-once',
    })
    this.#changelogs = new ChangelogWriter(options)
  }

  /** What the task reads, by the topics' names on the broker. */
  get inputPartitions(): readonly TopicPartition[] {
    return this.#input.partitions
  }

  /** Reads these partitions from now on. What is buffered of those that went is dropped, so commit before. */
  changeInputs(subTopology: SubTopology, partitions: readonly TopicPartition[]): void {
    this.#graph.readTopics(subTopology)
    this.#scope.heldBack?.readTopics(subTopology)
    this.#input.read(partitions)
  }

  /**
   * Makes serdes ready to write and initializes the processors. Call it once, after the state was restored and
   * partition times were set.
   *
   * @throws ProcessingError naming the processor whose `init` failed.
   */
  async initialize(): Promise<void> {
    if (this.#state !== 'created') throw this.#misused('be initialized')
    await this.#options.collector.prepare([...this.#graph.sinkTopics, ...this.#changelogs.topics])
    await this.#scope.heldBack?.load()
    await this.#graph.initialize()
    this.#state = 'running'
  }

  /** Reads records of a partition as the task would, without processing them; before the task is initialized. */
  decoderOf(place: TopicPartition): RecordDecoder {
    const source = this.#graph.sourceOf(place.topic)
    const { clock } = this.#options
    return new RecordDecoder(place, { taskId: this.id, source, clock, onNegativeTimestamp() {} })
  }

  /** Sets partition times and stream time from the metadata of committed offsets. */
  restorePartitionTimes(committed: readonly CommittedOffset[]): void {
    const { storeClock } = this.#options
    storeClock.streamTimeMs = Math.max(storeClock.streamTimeMs, this.#input.restore(committed))
  }

  /** Buffers fetched records, undecoded, and notes from it how many more the broker has. */
  addFetched(fetched: FetchedPartition): void {
    if (this.#state === 'closed') throw this.#misused('take records')
    this.#input.add(fetched)
  }

  /**
   * Says how many records the broker has of a partition beyond those that were fetched. Must be called after
   * assignment where nothing is fetched yet (end offset − position), since a task does not choose between
   * partitions of which it knows nothing, unless `maxTaskIdleMs` is −1.
   */
  updateLag(topic: string, partition: number, lagRecords: number): void {
    this.#input.queue(topic, partition).lagRecords = lagRecords
  }

  /** Bytes of a partition that were fetched and are not wholly processed; the owner pauses fetching by them. */
  bufferedBytes(topic: string, partition: number): number {
    return this.#input.queue(topic, partition).bufferedBytes
  }

  get totalBufferedBytes(): number {
    return this.#input.bufferedBytes
  }

  /** Whether {@link processFor} would find something to do at this wall-clock time. */
  isProcessable(nowMs: number): boolean {
    if (this.#state !== 'running') return false
    if (this.#scope.calls.ready) return true
    if (this.#loop.waitsUntilMs > nowMs) return false
    const { group } = this.#input
    return this.#loop.timersDue || group.fillable || group.choose(() => nowMs) !== undefined
  }

  /**
   * The wall-clock time at which the task has something to do though nothing arrives: the end of waiting for an empty
   * partition, or before a record is tried again, a punctuation or a timer. Infinity where there is no such time.
   */
  nextWakeUpMs(): number {
    const { waitsUntilMs } = this.#loop
    const inputMs = waitsUntilMs > 0 ? waitsUntilMs : this.#input.group.nextWakeUpMs()
    return Math.min(inputMs, this.#punctuation.nextWallClockMs)
  }

  /**
   * Processes records until `deadlineMs` (of `Clock.monotonicMs`), until the collector is not ready, or until nothing
   * is left to do; then gives how many it has processed. The caller gives slices of about 20 ms, yields to the event
   * loop in between, and awaits `collector.ready()` where that is pending. Returns a promise only where something had
   * to wait. Stream-time punctuations run, and timers of event time fire, in here.
   *
   * @throws ProcessingError, ProductionError, DeserializationError where a handler said `fail`; the task is then
   * unusable and its state is to be discarded. SchemaRegistryError where a schema cannot be had; no record is lost and
   * the next call tries again.
   */
  processFor(deadlineMs: number): MaybePromise<number> {
    this.#checkUsable()
    return this.#loop.run(new TimeSlice(this.#options.clock, deadlineMs))
  }

  /**
   * Runs the punctuations that are due, on stream time and on wall-clock time as of `nowMs`, and fires timers of the
   * wall clock for a while; gives how many ran.
   */
  punctuate(nowMs: number): MaybePromise<number> {
    this.#checkUsable()
    if (this.#scope.heldBack?.takeDropped()) this.#loop.ran = true
    const ran = this.#punctuation.runBoth(this.streamTimeMs, nowMs)
    if (isPromise(ran)) return ran.then(async (count) => (await this.expire(), count))
    const expiring = this.expire()
    return isPromise(expiring) ? expiring.then(() => ran) : ran
  }

  /** Deletes values of stores that have expired by stream time; part of {@link punctuate}. */
  expire(): MaybePromise<void> {
    return this.#options.state.expire()
  }

  /** Counts a write to a window that has expired; to be called by `OpenTaskStateOptions.onExpired`. */
  countExpired(storeName: string, windowStartMs: number): void {
    this.#metrics.dropped['expired-window'].add()
    const task = taskIdName(this.id)
    this.#options.logger.debug('Dropped a write to an expired window', {
      task,
      storeName,
      windowStartMs,
    })
  }

  /**
   * Waits for the calls that run beside processing and hands their results on; undefined where there are none. To be
   * called before {@link prepareCommit}, since a record whose call has not ended must not be committed.
   *
   * @throws as {@link processFor} does.
   */
  settle(): Promise<void> | undefined {
    if (this.#scope.calls.held === 0) return undefined
    this.#checkUsable()
    return this.#scope.calls.settle()
  }

  /** Whether there are calls whose results have not gone on. */
  get isCalling(): boolean {
    return this.#scope.calls.held > 0
  }

  /** What is held back behind dead letters; undefined where nobody asked for that. */
  get heldBack(): HeldBackStatus | undefined {
    return this.#scope.heldBack?.counts
  }

  /** What the task is at, for the error of user code that does not come back. */
  get activity(): string {
    return activityOf(this.#scope)
  }

  /** Whether anything was processed or punctuated, or an offset moved on, since the last {@link prepareCommit}. */
  get commitNeeded(): boolean {
    return this.#loop.ran || this.#punctuation.ran || this.#input.moved
  }

  /** Whether a processor asked for a commit since the last {@link prepareCommit}. */
  get commitRequested(): boolean {
    return this.#scope.commitRequested
  }

  /** The highest event time of the records processed; −1 before the first. */
  get streamTimeMs(): number {
    return this.#options.storeClock.streamTimeMs
  }

  /**
   * Seals the state, writes the last change of each key to the changelogs through the collector, and gives the
   * offsets to commit. Synchronous: processing may go on while the commit is in flight.
   *
   * @throws LifecycleError while a record is in process, or while the commit before is not applied.
   */
  prepareCommit(): PreparedCommit {
    this.#checkUsable()
    const { input, punctuationMs, calls } = this.#scope
    if (input !== undefined || punctuationMs !== undefined || calls.held > 0) {
      throw this.#misused('be committed while a record is in process')
    }
    const sealed = this.#options.state.seal()
    sealed.writeChangelog(this.#changelogs.append)
    const offsets = this.#input.takeOffsets()
    this.#loop.ran = false
    this.#punctuation.ran = false
    this.#scope.commitRequested = false
    return { sealed, offsets, streamTimeMs: this.streamTimeMs }
  }

  /** Closes the processors, all of them even if one fails, and drops what is buffered. The state stays open. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#loop.stop()
    this.#scope.calls.close()
    this.#input.clear()
    this.#metrics.remove()
    await this.#graph.close()
  }

  #dropNegative({ topic, partition }: TopicPartition, offset: number, timestampMs: number): void {
    this.#metrics.dropped['negative-timestamp'].add()
    this.#options.logger.warn('Dropped a record with a negative timestamp', {
      task: taskIdName(this.id),
      topic,
      partition,
      offset,
      timestampMs,
    })
  }

  #checkUsable(): void {
    if (this.#failures.fatal !== undefined) throw this.#failures.fatal
    if (this.#state !== 'running') throw this.#misused('do that')
  }

  #misused(what: string): LifecycleError {
    const state = this.#state === 'created' ? 'not initialized' : this.#state
    return new LifecycleError(`The task cannot ${what}: it is ${state}.`, { taskId: this.id })
  }
}
