import { TopologyError } from '../core/errors.ts'
import type { Headers } from '../core/headers.ts'
import type { Logger } from '../core/logger.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { taskIdName, type TaskId } from '../core/task-id.ts'
import type { SerdeEnvironment } from '../serdes/serde.ts'
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
import type { ConcurrentCalls, ConcurrentCallsOptions } from '../topology/concurrent-calls.ts'
import type { TimerHandler, Timers } from '../topology/timers.ts'
import { deliver, type AnyRecord, type GraphNode } from './graph-node.ts'
import { storeFor } from './processor-stores.ts'
import type { TaskScope } from './task-scope.ts'
import type { HeldTimer } from './timer-head.ts'
import { TimerService, type TimerServiceOptions } from './timer-service.ts'

/** What the context must know of the node whose processor it serves. */
export interface ContextNode {
  readonly name: string
  readonly stores: readonly string[]
  readonly children: readonly GraphNode[]
  punctuate(punctuator: Punctuator, timestampMs: number): MaybePromise<void>
  fire(timer: HeldTimer, run: () => MaybePromise<void>): MaybePromise<void>
  keep(): (run: () => MaybePromise<void>) => MaybePromise<void>
}

/** The context of one processor in one task. */
export class TaskProcessorContext implements ProcessorContext {
  readonly applicationId: string
  readonly taskId: TaskId
  readonly logger: Logger
  readonly #scope: TaskScope
  readonly #node: ContextNode
  /** Whether user code may have changed a value between a write to a store and a forward. */
  readonly #mayChangeWritten: boolean
  readonly #stores = new Map<string, StateStore>()
  /** The event time of what this processor handles: a record's, or a punctuation's. */
  recordTimestampMs = -1
  /** The headers of the record that this processor handles. */
  recordHeaders: Headers | undefined
  /** The last of the forwards that have to wait; the processor is done when it is. */
  pending: Promise<void> | undefined

  constructor(scope: TaskScope, node: ContextNode, mayChangeWritten: boolean) {
    this.applicationId = scope.applicationId
    this.taskId = scope.id
    this.logger = scope.logger
    this.#scope = scope
    this.#node = node
    this.#mayChangeWritten = mayChangeWritten
  }

  get serdeEnvironment(): SerdeEnvironment {
    return this.#scope.environment
  }

  get metrics(): ProcessorMetrics {
    return this.#scope.metricsOf(this.#node.name)
  }

  get recordMetadata(): RecordMetadata | undefined {
    const { held } = this.#scope
    if (held) return held.origin
    const input = this.#scope.input
    if (!input) return undefined
    return { topic: input.topic, partition: input.partition, offset: input.offset }
  }

  currentStreamTimeMs(): number {
    return this.#scope.storeClock.streamTimeMs
  }

  currentSystemTimeMs(): number {
    return this.#scope.clock.now()
  }

  forward(record: AnyRecord, child?: string): MaybePromise<void> {
    if (this.#mayChangeWritten || this.pending !== undefined) {
      this.#scope.storeClock.lastWrite?.forget()
    }
    const children = child === undefined ? this.#node.children : [this.#child(child)]
    if (this.pending !== undefined) {
      return this.#hold(this.pending.then(() => deliver(children, record)))
    }
    const pending = deliver(children, record)
    return pending === undefined ? undefined : this.#hold(pending)
  }

  forwardHeld(record: AnyRecord, origin: RecordMetadata | undefined): MaybePromise<void> {
    if (this.pending !== undefined) {
      return this.#hold(this.pending.then(() => this.#deliverHeld(record, origin)))
    }
    const pending = this.#deliverHeld(record, origin)
    return isPromise(pending) ? this.#hold(pending) : undefined
  }

  store<S extends StateStore>(ref: StoreRef<S>): S
  store(name: string): StateStore
  store(ref: StoreRef | string): StateStore {
    const name = typeof ref === 'string' ? ref : ref.storeName
    let store = this.#stores.get(name)
    if (!store) {
      store = this.#open(name)
      this.#stores.set(name, store)
    }
    return store
  }

  schedule(type: PunctuationType, intervalMs: number, punctuator: Punctuator): Cancellable {
    if (!Number.isSafeInteger(intervalMs) || intervalMs < 1) {
      throw new TopologyError(
        `The processor ${this.#node.name} schedules a punctuation each ${intervalMs} ms; ` +
          'the interval must be a whole number of milliseconds, at least 1.',
      )
    }
    const run = (timestampMs: number): MaybePromise<void> =>
      this.#node.punctuate(punctuator, timestampMs)
    if (type === 'stream-time') {
      // The first one is due with the first record; those that follow lie on multiples of the interval, as in Java.
      return this.#undoable(this.#scope.streamPunctuations.schedule(0, intervalMs, run))
    }
    const firstMs = this.#scope.clock.now() + intervalMs
    return this.#undoable(this.#scope.wallClockPunctuations.schedule(firstMs, intervalMs, run))
  }

  get onUndo(): ((step: () => void) => void) | undefined {
    return this.#scope.undo?.onUndo
  }

  #undoable(scheduled: Cancellable): Cancellable {
    this.onUndo?.(() => scheduled.cancel())
    return scheduled
  }

  timers<K, P>(spec: TimerStoreSpec<K, P>, onTimer: TimerHandler<K, P>): Timers<K, P> {
    const { storeName } = spec
    if (!this.#node.stores.includes(storeName)) throw this.#notConnected(storeName)
    return this.#scope.timers.open(
      storeName,
      this.#node.name,
      () =>
        new TimerService({
          store: this.store(storeName) as TimerServiceOptions['store'],
          handler: onTimer as unknown as TimerServiceOptions['handler'],
          hold: (pending) => void this.#hold(pending.then(() => {})),
          fire: (timer, run) => this.#node.fire(timer, run),
          onUndo: (step) => this.onUndo?.(step),
        }),
    ) as unknown as Timers<K, P>
  }

  concurrentCalls(options: ConcurrentCallsOptions): ConcurrentCalls {
    return this.#scope.calls.open(this.#node.name, options, () => this.#node.keep())
  }

  commit(): void {
    this.#scope.commitRequested = true
  }

  get progress(): ProcessorProgress {
    return this.#scope.progress
  }

  recordDropped(reason: string, rule: DropRule = 'skipped'): void {
    this.#scope.dropped[rule].add()
    const place = { task: taskIdName(this.taskId), ...this.recordMetadata }
    // Duplicates are what a dedup is for, and stale answers come with each change of a row; neither is news.
    const level = rule === 'duplicate' || rule === 'stale' ? 'debug' : 'warn'
    this.logger[level](`The processor ${this.#node.name} skipped a record: ${reason}`, place)
  }

  #deliverHeld(record: AnyRecord, origin: RecordMetadata | undefined): MaybePromise<void> {
    const scope = this.#scope
    scope.storeClock.lastWrite?.forget()
    const before = scope.held
    const restore = (): void => {
      scope.held = before
    }
    scope.held = { origin }
    try {
      const pending = deliver(this.#node.children, record)
      if (isPromise(pending)) return pending.finally(restore)
    } catch (error) {
      restore()
      throw error
    }
    restore()
    return undefined
  }

  #hold(pending: Promise<void>): Promise<void> {
    this.pending = pending
    const release = (): void => {
      if (this.pending === pending) this.pending = undefined
    }
    // The node waits for `pending` and sees its error; this only keeps a processor's neglect from being an unhandled
    // rejection, and makes later forwards synchronous again.
    pending.then(release, () => {})
    return pending
  }

  #child(name: string): GraphNode {
    const child = this.#node.children.find((node) => node.name === name)
    if (child) return child
    const names = this.#node.children.map((node) => node.name)
    throw new TopologyError(
      `The processor ${this.#node.name} has no child ${name}; ` +
        (names.length === 0 ? 'it has none.' : `its children are ${names.join(', ')}.`),
    )
  }

  #open(name: string): StateStore {
    if (this.#node.stores.includes(name)) {
      return storeFor(this.#scope.taskStore(name), this, this.#scope.storeClock)
    }
    const global = this.#scope.globalStore(name)
    if (global) return global
    throw this.#notConnected(name)
  }

  #notConnected(name: string): TopologyError {
    const { name: node, stores } = this.#node
    return new TopologyError(
      `The store ${name} is not connected to the processor ${node}; ` +
        (stores.length === 0 ? 'no store is. ' : `connected are ${stores.join(', ')}. `) +
        'Name it in the stores of the processor.',
    )
  }
}
