import type { Logger } from '../core/logger.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { TaskId } from '../core/task-id.ts'
import type { StateStore, StoreRef } from '../state/store.ts'
import type { TimerStoreSpec } from '../state/timer-store-spec.ts'
import type {
  Cancellable,
  DropRule,
  ProcessorContext,
  ProcessorMetrics,
  ProcessorProgress,
  PunctuationType,
  Punctuator,
  RecordMetadata,
} from '../topology/processor.ts'
import type { TimerHandler, Timers } from '../topology/timers.ts'
import { CurrentRecord, type RecordContext } from './record-context.ts'

/**
 * What a {@link ValueTransformer} may do: all that a processor may, but forward.
 *
 * @remarks Source: Java's `ForwardingDisabledProcessorContext`.
 */
export type TransformContext<Stores extends StateStore = StateStore> = RecordContext &
  Omit<ProcessorContext<never, never, Stores>, 'forward' | 'forwardHeld' | 'concurrentCalls'>

/**
 * Gives each row of a table another value, with the help of stores and timers. It must give the same value for the same
 * row where the table is not held in a store of its own: then the value is computed again as it is needed.
 *
 * @remarks Source: `org.apache.kafka.streams.kstream.ValueTransformerWithKey`.
 */
export interface ValueTransformer<K, V, Out, Stores extends StateStore = StateStore> {
  init?(context: TransformContext<Stores>): MaybePromise<void>
  /** The row's new value; null where it has none. `value` is null where the row is deleted. */
  transform(value: V | null, key: K, context: TransformContext<Stores>): MaybePromise<Out | null>
  close?(): MaybePromise<void>
}

/** Makes a transformer; called once a task, and once more for each operator that reads the table without a store. */
export type ValueTransformerSupplier<
  K,
  V,
  Out,
  Stores extends StateStore = StateStore,
> = () => ValueTransformer<K, V, Out, Stores>

/** The context of one transformer in one task, pointed at each row's record in turn. */
export class TransformedRecord extends CurrentRecord implements TransformContext {
  private readonly inner: ProcessorContext<never, never>

  constructor(inner: ProcessorContext<never, never>) {
    super()
    this.inner = inner
  }

  get applicationId(): string {
    return this.inner.applicationId
  }

  get taskId(): TaskId {
    return this.inner.taskId
  }

  get logger(): Logger {
    return this.inner.logger
  }

  get recordMetadata(): RecordMetadata | undefined {
    return this.inner.recordMetadata
  }

  get metrics(): ProcessorMetrics | undefined {
    return this.inner.metrics
  }

  get progress(): ProcessorProgress | undefined {
    return this.inner.progress
  }

  currentStreamTimeMs(): number {
    return this.inner.currentStreamTimeMs()
  }

  currentSystemTimeMs(): number {
    return this.inner.currentSystemTimeMs()
  }

  store<S extends StateStore>(ref: StoreRef<S>): S
  store(name: string): StateStore
  store(store: StoreRef | string): StateStore {
    return typeof store === 'string' ? this.inner.store(store) : this.inner.store(store)
  }

  schedule(type: PunctuationType, intervalMs: number, punctuator: Punctuator): Cancellable {
    return this.inner.schedule(type, intervalMs, punctuator)
  }

  timers<TimerK, P>(
    store: TimerStoreSpec<TimerK, P>,
    onTimer: TimerHandler<TimerK, P>,
  ): Timers<TimerK, P> {
    return this.inner.timers(store, onTimer)
  }

  commit(): void {
    this.inner.commit()
  }

  recordDropped(reason: string, rule?: DropRule): void {
    this.inner.recordDropped?.(reason, rule)
  }
}
