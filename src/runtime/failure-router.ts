import {
  HeldBackError,
  isStreamsError,
  messageOf,
  ProcessingError,
  type ErrorContext,
} from '../core/errors.ts'
import { noHeaders } from '../core/headers.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { taskIdName } from '../core/task-id.ts'
import type { Random } from '../core/random.ts'
import type {
  DeadRecord,
  ErrorHandlers,
  ErrorResponse,
  FailedRecord,
  FailureStage,
  RetryResponse,
} from './error-handlers.ts'
import { RecordRetry } from './record-retry.ts'
import { backoffAfter } from './retry-backoff.ts'
import type { TaskMetrics } from './task-metrics.ts'
import type { HeldTimer } from './timer-head.ts'
import type { InputRecord, TaskScope } from './task-scope.ts'

/** Where failed records go. */
export interface FailureRouterOptions {
  readonly scope: TaskScope
  readonly handlers: ErrorHandlers
  readonly deadLetter: (failed: DeadRecord) => MaybePromise<void>
  readonly metrics: TaskMetrics
  /** For the jitter of waits. @defaultValue none */
  readonly random?: Random | undefined
  /** Whether records may be tried again. @defaultValue true */
  readonly mayRetry?: boolean | undefined
}

/**
 * Asks the error handler of the stage what becomes of a failed record, and does it. Errors that are not about one
 * record (a fenced producer, a closed store) are no handler's business and end the task.
 */
export class FailureRouter {
  readonly #scope: TaskScope
  readonly #handlers: ErrorHandlers
  readonly #deadLetter: (failed: DeadRecord) => MaybePromise<void>
  readonly #metrics: TaskMetrics
  readonly #random: Random | undefined
  readonly #mayRetry: boolean
  /** How often the record in process was tried, this time included. */
  attempt = 1
  /** Set where the record in process is to be undone and tried again; every node lets it pass. */
  #retry: RecordRetry | undefined
  /** What ended the task; once it is set, every node lets its error pass. */
  fatal: Error | undefined

  constructor(options: FailureRouterOptions) {
    this.#scope = options.scope
    this.#handlers = options.handlers
    this.#deadLetter = options.deadLetter
    this.#metrics = options.metrics
    this.#random = options.random
    this.#mayRetry = options.mayRetry ?? true
  }

  /** Whether the record in process is to be undone and tried again; says so once. */
  takeRetry(): RecordRetry | undefined {
    const retry = this.#retry
    this.#retry = undefined
    return retry
  }

  /** Where the record in process was read, for an error's message. */
  place(cause?: unknown): ErrorContext {
    const { id, held } = this.#scope
    const input = held ? held.origin : this.#scope.input
    return { taskId: id, topicPartition: input, offset: input?.offset, cause }
  }

  /** Notes that the task cannot go on, and gives the error that says why: the first one. */
  end(error: unknown): Error {
    this.fatal ??= error instanceof Error ? error : new ProcessingError(messageOf(error))
    return this.fatal
  }

  /**
   * Deals with what was thrown at a node. `wrap` makes the error that names the place.
   *
   * @throws the error where the handler says `fail`, where the handler fails itself, and where it is not about a
   * record.
   */
  handle(
    stage: FailureStage,
    node: string | undefined,
    thrown: unknown,
    wrap: (thrown: unknown) => Error,
  ): MaybePromise<void> {
    if (this.fatal !== undefined) throw this.fatal
    if (this.#retry !== undefined) throw this.#retry
    if (isStreamsError(thrown) && thrown.scope !== 'record') throw this.end(thrown)
    const failed = this.#describe(stage, node, wrap(thrown))
    try {
      const response = this.#handlers[stage](failed)
      if (isPromise(response)) return this.#respondLater(response, failed)
      return this.#respond(response, failed)
    } catch (error) {
      throw error instanceof RecordRetry ? error : this.end(error)
    }
  }

  async #respondLater(pending: Promise<ErrorResponse>, failed: FailedRecord): Promise<void> {
    try {
      await this.#respond(await pending, failed)
    } catch (error) {
      throw error instanceof RecordRetry ? error : this.end(error)
    }
  }

  #respond(response: ErrorResponse, failed: FailedRecord): MaybePromise<void> {
    const facts = factsOf(failed)
    if (response === 'fail') {
      this.#scope.logger.error(failed.error.message, facts)
      throw this.end(failed.error)
    }
    if (typeof response === 'object' && response !== null) throw this.#retried(response, failed)
    if (response === 'dead-letter') return this.#bury(failed, facts)
    if (response !== 'continue') {
      throw new ProcessingError(
        `The ${failed.stage} handler answered ${String(response)}; ` +
          "it must answer 'continue', 'dead-letter', 'fail' or { retry }.",
        this.place(failed.error),
      )
    }
    this.#scope.logger.warn(`Dropped: ${failed.error.message}`, facts)
    const { undo } = this.#scope
    if (undo?.isOpen) void undo.later(() => this.#metrics.dropped[failed.stage].add())
    else this.#metrics.dropped[failed.stage].add()
    return undefined
  }

  /** Writes a record to the dead-letter topic since it has to stay behind one of its key that is there. */
  holdBack(node: string, behind: number): MaybePromise<void> {
    const { topicPartition } = this.place()
    const { topic, partition } = topicPartition!
    const error = new HeldBackError(
      `Held back behind ${topic}-${partition}@${behind}, of the same key, which is a dead letter that was neither ` +
        'redriven nor dropped',
      this.place(),
    )
    const dead: DeadRecord = { ...this.#facts(node, error), stage: 'held-back', holdsBack: true }
    this.#scope.logger.debug(error.message, factsOf(dead))
    return this.#keep(dead)
  }

  #bury(failed: FailedRecord, facts: object): MaybePromise<void> {
    const { undo, held, input, heldBack, logger } = this.#scope
    const fate = held || !input ? undefined : heldBack?.fate
    // One dead letter a record, since it is processed again as a whole.
    if (fate?.isDead) {
      logger.warn(`Failed also where it is a dead letter already: ${failed.error.message}`, facts)
      return undefined
    }
    if (fate) fate.isDead = true
    logger.warn(`Sent to the dead-letter topic: ${failed.error.message}`, facts)
    const dead: DeadRecord = { ...failed, holdsBack: fate !== undefined }
    return undo?.isOpen ? undo.later(() => this.#keep(dead)) : this.#keep(dead)
  }

  #retried({ retry }: RetryResponse, failed: FailedRecord): RecordRetry {
    if (!failed.canRetry) {
      throw new ProcessingError(
        `The ${failed.stage} handler answered with a retry, which is not possible here: let it look at canRetry, and ` +
          'for processing and production give it retries: true, as retrying() does.',
        this.place(failed.error),
      )
    }
    const { attempt, stage } = failed
    const waitMs = backoffAfter(attempt, retry, this.#random)
    this.#metrics.retries[stage].add()
    const facts = { ...factsOf(failed), attempt, waitMs }
    const level = attempt === 1 ? 'warn' : 'debug'
    this.#scope.logger[level](`Trying again: ${failed.error.message}`, facts)
    this.#retry = new RecordRetry(waitMs)
    return this.#retry
  }

  #keep(dead: DeadRecord): MaybePromise<void> {
    const written = this.#deadLetter(dead)
    if (isPromise(written)) return written.then(() => this.#metrics.deadLetters[dead.stage].add())
    this.#metrics.deadLetters[dead.stage].add()
  }

  get #canUndo(): boolean {
    return this.#scope.undo?.canUndo ?? false
  }

  #describe(stage: FailureStage, node: string | undefined, error: Error): FailedRecord {
    const canRetry = this.#mayRetry && (stage === 'deserialization' || this.#canUndo)
    return { ...this.#facts(node, error), stage, canRetry }
  }

  #facts(node: string | undefined, error: Error): Omit<FailedRecord, 'stage'> {
    const { id, input, punctuationMs, timer, held } = this.#scope
    const facts = { error, taskId: id, node, attempt: this.attempt, canRetry: false }
    // Of a record that an operator kept only its place is still known: the bytes at hand are those of another one.
    if (held)
      return { ...facts, ...noInput(punctuationMs ?? input?.timestampMs ?? -1), ...held.origin }
    return { ...facts, ...(input ? describeInput(input) : noInput(punctuationMs ?? -1, timer)) }
  }
}

type InputPart = Omit<FailedRecord, 'stage' | 'error' | 'taskId' | 'node' | 'attempt' | 'canRetry'>

function describeInput(input: InputRecord): InputPart {
  return {
    topic: input.topic,
    partition: input.partition,
    offset: input.offset,
    timestampMs: input.timestampMs,
    key: input.keyBytes(),
    value: input.valueBytes(),
    headers: input.headers,
  }
}

/** A punctuation has no record; of a timer its key and payload say which it was. */
function noInput(timestampMs: number, timer?: HeldTimer): InputPart {
  const payload = timer?.entry.type === 'payload' ? timer.entry.bytes : undefined
  return {
    topic: undefined,
    partition: undefined,
    offset: undefined,
    timestampMs,
    key: timer?.slot.keyBytes ?? null,
    value: payload ?? null,
    headers: noHeaders,
  }
}

function factsOf(failed: FailedRecord | DeadRecord): object {
  const { stage, node, topic, partition, offset, error } = failed
  const task = taskIdName(failed.taskId)
  return { stage, task, node, topic, partition, offset, error }
}
