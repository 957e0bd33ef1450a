import { ProcessingError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { Record } from '../core/record.ts'
import type { TaskId } from '../core/task-id.ts'
import type { StateStore, StoreRef } from '../state/store.ts'
import type { TimerStoreSpec } from '../state/timer-store-spec.ts'
import type {
  Cancellable,
  DropRule,
  Processor,
  ProcessorContext,
  ProcessorMetrics,
  ProcessorProgress,
  PunctuationType,
  Punctuator,
  RecordMetadata,
} from '../topology/processor.ts'
import type { ConcurrentCalls, ConcurrentCallsOptions } from '../topology/concurrent-calls.ts'
import type { TimerHandler, Timers } from '../topology/timers.ts'

/**
 * A processor of the user that must keep the key of each record it handles, since what follows is not repartitioned.
 *
 * @remarks Source: Java's `FixedKeyProcessor`, whose types hold this; here it is checked as records are forwarded.
 */
export function fixedKeyProcessor<K, VIn, VOut>(
  inner: Processor<K, VIn, K, VOut>,
  name: string,
): Processor<K, VIn, K, VOut> {
  let fixed: FixedKeyContext<K, VOut> | undefined
  const contextOf = (context: ProcessorContext<K, VOut>): FixedKeyContext<K, VOut> => {
    fixed ??= new FixedKeyContext(context, name)
    return fixed
  }
  return {
    init: (context) => inner.init?.(contextOf(context)),
    process(record, context) {
      const own = contextOf(context)
      own.key = record.key
      return inner.process(record, own)
    },
    ...(inner.prefetch && {
      prefetch: (key, timestampMs, value) => inner.prefetch?.(key, timestampMs, value),
    }),
    ...(inner.prefetchesByValue && { prefetchesByValue: true }),
    close: () => inner.close?.(),
  }
}

class FixedKeyContext<K, V> implements ProcessorContext<K, V> {
  /** The key of the record in process. */
  key: K | undefined
  private readonly inner: ProcessorContext<K, V>
  private readonly name: string

  constructor(inner: ProcessorContext<K, V>, name: string) {
    this.inner = inner
    this.name = name
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

  get metrics(): ProcessorMetrics | undefined {
    return this.inner.metrics
  }

  get recordMetadata(): RecordMetadata | undefined {
    return this.inner.recordMetadata
  }

  get onUndo(): ((step: () => void) => void) | undefined {
    return this.inner.onUndo
  }

  currentStreamTimeMs(): number {
    return this.inner.currentStreamTimeMs()
  }

  currentSystemTimeMs(): number {
    return this.inner.currentSystemTimeMs()
  }

  forward<KOut extends K, VOut extends V>(
    record: Record<KOut, VOut>,
    child?: string,
  ): MaybePromise<void> {
    if (record.key !== this.key) {
      throw new ProcessingError(
        `The processor ${this.name} was added with processValues, yet it forwards a record under ` +
          'another key than that of the record in process. Use process, which repartitions after it.',
      )
    }
    return this.inner.forward(record, child)
  }

  store<S extends StateStore>(ref: StoreRef<S>): S
  store(name: string): StateStore
  store(store: StoreRef | string): StateStore {
    return typeof store === 'string' ? this.inner.store(store) : this.inner.store(store)
  }

  schedule(type: PunctuationType, intervalMs: number, punctuator: Punctuator): Cancellable {
    return this.inner.schedule(type, intervalMs, punctuator)
  }

  /** A timer's key is the one that is in process while it fires. */
  timers<TimerK, P>(
    store: TimerStoreSpec<TimerK, P>,
    onTimer: TimerHandler<TimerK, P>,
  ): Timers<TimerK, P> {
    return this.inner.timers(store, (timer) => {
      this.key = timer.key as unknown as K
      return onTimer(timer)
    })
  }

  /** A call's record is the one in process while its result goes on. */
  concurrentCalls(options: ConcurrentCallsOptions): ConcurrentCalls {
    const calls = this.inner.concurrentCalls(options)
    return {
      start: (key, call, finish) => {
        const own = this.key
        return calls.start(key, call, (result) => {
          this.key = own
          return finish(result)
        })
      },
    }
  }

  commit(): void {
    this.inner.commit()
  }

  recordDropped(reason: string, rule?: DropRule): void {
    this.inner.recordDropped?.(reason, rule)
  }

  get progress(): ProcessorProgress | undefined {
    return this.inner.progress
  }
}
