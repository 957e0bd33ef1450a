import type { Logger } from '../core/logger.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { Record } from '../core/record.ts'
import type { TaskId } from '../core/task-id.ts'
import type { SerdeEnvironment } from '../serdes/serde.ts'
import type { StateStore, StoreRef } from '../state/store.ts'
import type { TimerStoreSpec } from '../state/timer-store-spec.ts'
import type { ConcurrentCalls, ConcurrentCallsOptions } from './concurrent-calls.ts'
import type { TimerHandler, Timers } from './timers.ts'

/**
 * Handles records one by one and forwards what comes of them.
 *
 * `process` may be synchronous or return a promise; a promise is awaited before the next record of the task.
 *
 * @remarks Source: `org.apache.kafka.streams.processor.api.Processor`.
 */
export interface Processor<
  KIn,
  VIn,
  KOut = never,
  VOut = never,
  Stores extends StateStore = StateStore,
> {
  init?(context: ProcessorContext<KOut, VOut, Stores>): MaybePromise<void>
  process(
    record: Record<KIn, VIn>,
    context: ProcessorContext<KOut, VOut, Stores>,
  ): MaybePromise<void>
  /**
   * Called for each record of a batch before any is processed, with the key and the time that the record will have
   * here: call `store.prefetch` for the entries that `process` will read, and they are read together. Not called
   * where a step between the source and this processor changes the key. Where {@link prefetchesByValue} asks for it, the
   * value is given too; null is a tombstone, undefined is not known.
   */
  prefetch?(key: KIn, timestampMs: number, value?: VIn): void
  /**
   * Whether {@link prefetch} is to be given values, which it is directly behind a source. They are read a batch ahead then
   * instead of a few at a time, which takes more memory. Asked for once, before `init`.
   *
   * @default false
   */
  readonly prefetchesByValue?: boolean
  close?(): MaybePromise<void>
}

/** Makes a processor; called once a task. */
export type ProcessorSupplier<
  KIn,
  VIn,
  KOut = never,
  VOut = never,
  Stores extends StateStore = StateStore,
> = () => Processor<KIn, VIn, KOut, VOut, Stores>

/** Where the record in process was read; absent in punctuations. Source: Java's `RecordMetadata`. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Which clock a punctuation follows. Source: Java's `PunctuationType`. */
export type PunctuationType = 'stream-time' | 'wall-clock-time'

/** Called at intervals, with the stream time or wall-clock time at which it is called. */
export type Punctuator = (timestampMs: number) => MaybePromise<void>

export interface Cancellable {
  cancel(): void
}

/**
 * By which rule an operator drops a record; the `reason` of the metric of dropped records. What is stale is the answer to
 * a row of a foreign-key join that has changed since.
 */
export type DropRule = 'skipped' | 'late' | 'duplicate' | 'stale'

/** Makes instruments of a processor's own, which carry its name and task. Source: Java's `StreamsMetrics`. */
export interface ProcessorMetrics {
  /** A number that only grows; its name ends with `_total`, as Prometheus has it. */
  counter(name: string, help: string): { add(amount?: number): void }
  /** A number that is asked for when the metrics are scraped. */
  gauge(name: string, help: string, read: () => number): void
}

/**
 * What a processor may do. `Stores` are the types of the stores that were connected, where they are known.
 *
 * @remarks Source: Java's `ProcessorContext`.
 */
export interface ProcessorContext<
  KForward = unknown,
  VForward = unknown,
  Stores extends StateStore = StateStore,
> {
  readonly applicationId: string
  readonly taskId: TaskId
  readonly logger: Logger
  /** Undefined in punctuations and in `init`. */
  readonly recordMetadata: RecordMetadata | undefined
  /** The highest event time the task has seen; −1 before the first record. */
  currentStreamTimeMs(): number
  currentSystemTimeMs(): number
  /**
   * Hands a record to all children, or to the named one, depth first. Returns a promise only where something
   * downstream had to wait; calls that follow are queued behind it and the task waits for it even where the processor
   * does not.
   */
  forward<K extends KForward, V extends VForward>(
    record: Record<K, V>,
    child?: string,
  ): MaybePromise<void>
  /** A store that was connected to this processor. Throws `TopologyError` for any other. */
  store<S extends Stores>(ref: StoreRef<S>): S
  /** The same by name, untyped. */
  store(name: string): StateStore
  /** Calls back each `intervalMs` of stream time or wall-clock time, until cancelled. */
  schedule(type: PunctuationType, intervalMs: number, punctuator: Punctuator): Cancellable
  /**
   * The timers that are kept in this store, which fire from here on: to be called in `init`, once a store.
   *
   * @throws TopologyError where the store is not connected to this processor, or its timers are open already.
   */
  timers<K, P>(store: TimerStoreSpec<K, P>, onTimer: TimerHandler<K, P>): Timers<K, P>
  /**
   * Has asynchronous calls run beside the processing of the records that follow: to be called in `init`.
   *
   * @throws TopologyError for options that make no sense.
   */
  concurrentCalls(options: ConcurrentCallsOptions): ConcurrentCalls
  /**
   * Says how a change that this processor made in memory is taken back, as where the record in process is to be processed
   * again; stores, timers and outputs are taken care of. Undefined where no error handler retries, and without effect
   * where no record is in process.
   */
  readonly onUndo?: ((step: () => void) => void) | undefined
  /** Asks for a commit soon. */
  commit(): void
  /**
   * Counts a record that is skipped by the rules of an operator, such as one without a key or a late one, and logs
   * why. What is a duplicate or stale is counted apart, and logged for debugging only. Absent: the caller logs it itself.
   */
  recordDropped?(reason: string, rule?: DropRule): void
  /**
   * Forwards a record that was held back, as if what it was made of were in process: downstream, `recordMetadata` says
   * where that was read. Absent: `forward` does, under the record in process.
   */
  forwardHeld?<K extends KForward, V extends VForward>(
    record: Record<K, V>,
    origin: RecordMetadata | undefined,
  ): MaybePromise<void>
  /** The services that serdes which a processor uses itself are to be bound to. Absent: there are none. */
  readonly serdeEnvironment?: SerdeEnvironment | undefined
  /** Instruments for what this processor measures; look them up in `init`. Absent: nothing is measured. */
  readonly metrics?: ProcessorMetrics | undefined
  /** What the processor keeps over restarts. Absent: nothing is kept. */
  readonly progress?: ProcessorProgress | undefined
}

/**
 * Numbers that only grow and that are committed with the offsets, atomically with state and output: how far results
 * were sent, how far stream time has come. Names are unique among the processors of a task.
 *
 * @remarks Source: Java's `ProcessorMetadata`.
 */
export interface ProcessorProgress {
  get(name: string): number | undefined
  set(name: string, value: number): void
}
