import { isStreamsError, messageOf, ProcessingError, type StreamsError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { shown } from '../serdes/serde-errors.ts'
import type { Processor, Punctuator } from '../topology/processor.ts'
import type { ProcessorNode } from '../topology/topology-plan.ts'
import { valueReachOf } from '../topology/value-reach.ts'
import type { FailureRouter } from './failure-router.ts'
import type { AnyRecord, GraphNode } from './graph-node.ts'
import { ScopeState } from './held-scope.ts'
import { TaskProcessorContext, type ContextNode } from './task-processor-context.ts'
import type { TaskScope } from './task-scope.ts'
import type { HeldTimer } from './timer-head.ts'
import type { WriteTime } from './write-time.ts'

/** A processor in a task. Its errors are dealt with here, so that one node's failure leaves its siblings alone. */
export class TaskProcessorNode implements GraphNode, ContextNode {
  readonly name: string
  readonly stores: readonly string[]
  readonly keepsKey: boolean
  /** Filled in once all nodes are made. */
  readonly children: GraphNode[] = []
  readonly processor: Processor<unknown, unknown, unknown, unknown>
  readonly #context: TaskProcessorContext
  readonly #scope: TaskScope
  readonly #failures: FailureRouter
  /** Whether user code may see the values that are processed here. */
  readonly #showsValues: boolean

  constructor(node: ProcessorNode, scope: TaskScope, failures: FailureRouter) {
    this.name = node.name
    this.stores = node.stores
    this.keepsKey = node.keepsKey
    this.processor = node.supplier()
    const reach = valueReachOf(this.processor)
    this.#showsValues = reach !== 'never'
    this.#context = new TaskProcessorContext(scope, this, reach === undefined)
    this.#scope = scope
    this.#failures = failures
  }

  async init(): Promise<void> {
    try {
      await this.processor.init?.(this.#context)
      const failure = await this.#drain()
      if (failure) throw failure.error
    } catch (error) {
      throw this.#wrap('could not be initialized', error)
    }
  }

  async close(): Promise<void> {
    try {
      await this.processor.close?.()
    } catch (error) {
      throw this.#wrap('could not be closed', error)
    }
  }

  process(record: AnyRecord): MaybePromise<void> {
    const context = this.#context
    if (this.#showsValues) this.#scope.storeClock.lastWrite?.forget()
    context.recordTimestampMs = record.timestampMs
    context.recordHeaders = record.headers
    let result: MaybePromise<void>
    try {
      result = this.processor.process(record, context)
    } catch (error) {
      return this.#failed(error)
    }
    if (result === undefined && context.pending === undefined) return undefined
    return this.#settle(result)
  }

  #run(run: () => MaybePromise<void>): MaybePromise<void> {
    try {
      return this.#settle(run())
    } catch (error) {
      return this.#failed(error)
    }
  }

  punctuate(punctuator: Punctuator, timestampMs: number): MaybePromise<void> {
    return this.#runAt(timestampMs, () => punctuator(timestampMs))
  }

  /** Runs the handler of a timer, with the timer for what fails. */
  fire(timer: HeldTimer, run: () => MaybePromise<void>): MaybePromise<void> {
    this.#scope.timer = timer
    const fired = this.#runAt(timer.slot.atMs, run)
    if (fired === undefined) {
      this.#scope.timer = undefined
      return undefined
    }
    return fired.finally(() => {
      this.#scope.timer = undefined
    })
  }

  /**
   * Notes the record in process, or what else is the cause of things; gives what runs something later as if it were in
   * process again.
   */
  keep(): (run: () => MaybePromise<void>) => MaybePromise<void> {
    // What runs beside processing goes on when the record is undone, and would be begun once more.
    this.#scope.undo?.giveUp()
    this.#scope.heldBack?.called()
    const kept = ScopeState.kept(this.#scope)
    const { recordTimestampMs, recordHeaders } = this.#context
    return (run) => this.#runKept(kept, { recordTimestampMs, recordHeaders }, run)
  }

  #runKept(kept: ScopeState, writes: WriteTime, run: () => MaybePromise<void>): MaybePromise<void> {
    this.#scope.undo?.giveUp()
    const context = this.#context
    const current = ScopeState.of(this.#scope)
    const { recordTimestampMs, recordHeaders } = context
    const goBack = (): void => {
      this.#scope.heldBack?.answered()
      current.putBack(this.#scope)
      Object.assign(context, { recordTimestampMs, recordHeaders })
    }
    kept.putBack(this.#scope)
    Object.assign(context, writes)
    let settled: MaybePromise<void>
    try {
      settled = this.#run(run)
    } catch (error) {
      goBack()
      throw error
    }
    if (isPromise(settled)) return settled.finally(goBack)
    goBack()
    return undefined
  }

  /** Runs what no record is the cause of. */
  #runAt(timestampMs: number, run: () => MaybePromise<void>): MaybePromise<void> {
    const context = this.#context
    context.recordTimestampMs = timestampMs
    context.recordHeaders = undefined
    this.#scope.punctuationMs = timestampMs
    const settled = this.#run(run)
    if (settled === undefined) {
      this.#scope.punctuationMs = undefined
      return undefined
    }
    return settled.finally(() => {
      this.#scope.punctuationMs = undefined
    })
  }

  #settle(result: MaybePromise<void>): MaybePromise<void> {
    if (this.#context.pending === undefined && !isPromise(result)) return undefined
    return this.#wait(result)
  }

  /** Waits for the processor and for all that it forwarded, also where it did not wait itself. */
  async #wait(result: MaybePromise<void>): Promise<void> {
    const { waiting } = this.#scope
    waiting.push(this.name)
    try {
      await this.#waitFor(result)
    } finally {
      waiting.splice(waiting.indexOf(this.name), 1)
    }
  }

  async #waitFor(result: MaybePromise<void>): Promise<void> {
    let failure: { readonly error: unknown } | undefined
    try {
      await result
    } catch (error) {
      failure = { error }
    }
    const forwards = await this.#drain()
    failure = failure ?? forwards
    if (failure) await this.#handle(failure.error)
  }

  async #drain(): Promise<{ readonly error: unknown } | undefined> {
    const context = this.#context
    while (context.pending !== undefined) {
      const pending = context.pending
      try {
        await pending
      } catch (error) {
        context.pending = undefined
        return { error }
      }
      if (context.pending === pending) context.pending = undefined
    }
    return undefined
  }

  #failed(error: unknown): MaybePromise<void> {
    if (this.#context.pending === undefined) return this.#handle(error)
    return this.#wait(Promise.reject(error as Error))
  }

  #handle(error: unknown): MaybePromise<void> {
    return this.#failures.handle('processing', this.name, error, (thrown) =>
      this.#wrap(this.#whatFailed(), thrown),
    )
  }

  #whatFailed(): string {
    const { punctuationMs, timer } = this.#scope
    if (timer) {
      const { key, name, atMs } = timer.slot
      return `failed in the timer '${name}' of ${shown(key)}, due at ${atMs}`
    }
    return punctuationMs === undefined ? 'failed' : 'failed in a punctuation'
  }

  /** Errors about the topology or a store say themselves what is wrong. */
  #wrap(what: string, thrown: unknown): StreamsError {
    if (isStreamsError(thrown) && thrown.scope !== 'record') return thrown
    return new ProcessingError(
      `The processor ${this.name} ${what}: ${messageOf(thrown)}`,
      this.#failures.place(thrown),
    )
  }
}
