import { isStreamsError, messageOf, ProcessingError, type ErrorContext } from '../core/errors.ts'
import { noHeaders } from '../core/headers.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { taskIdName } from '../core/task-id.ts'
import type { ErrorHandlers, ErrorResponse, FailedRecord, FailureStage } from './error-handlers.ts'
import type { TaskMetrics } from './task-metrics.ts'
import type { HeldTimer } from './timer-head.ts'
import type { InputRecord, TaskScope } from './task-scope.ts'

/** Where failed records go. */
export interface FailureRouterOptions {
  readonly scope: TaskScope
  readonly handlers: ErrorHandlers
  readonly deadLetter: (failed: FailedRecord) => MaybePromise<void>
  readonly metrics: TaskMetrics
}

/**
 * Asks the error handler of the stage what becomes of a failed record, and does it. Errors that are not about one
 * record (a fenced producer, a closed store) are no handler's business and end the task.
 */
export class FailureRouter {
  readonly #scope: TaskScope
  readonly #handlers: ErrorHandlers
  readonly #deadLetter: (failed: FailedRecord) => MaybePromise<void>
  readonly #metrics: TaskMetrics
  /** What ended the task; once it is set, every node lets its error pass. */
  fatal: Error | undefined

  constructor(options: FailureRouterOptions) {
    this.#scope = options.scope
    this.#handlers = options.handlers
    this.#deadLetter = options.deadLetter
    this.#metrics = options.metrics
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
    if (isStreamsError(thrown) && thrown.scope !== 'record') throw this.end(thrown)
    const failed = this.#describe(stage, node, wrap(thrown))
    try {
      const response = this.#handlers[stage](failed)
      if (isPromise(response)) return this.#respondLater(response, failed)
      return this.#respond(response, failed)
    } catch (error) {
      throw this.end(error)
    }
  }

  async #respondLater(pending: Promise<ErrorResponse>, failed: FailedRecord): Promise<void> {
    try {
      await this.#respond(await pending, failed)
    } catch (error) {
      throw this.end(error)
    }
  }

  #respond(response: ErrorResponse, failed: FailedRecord): MaybePromise<void> {
    const facts = factsOf(failed)
    if (response === 'fail') {
      this.#scope.logger.error(failed.error.message, facts)
      throw this.end(failed.error)
    }
    if (response === 'dead-letter') {
      this.#scope.logger.warn(`Sent to the dead-letter topic: ${failed.error.message}`, facts)
      const written = this.#deadLetter(failed)
      if (isPromise(written)) return written.then(() => this.#count(failed, true))
      this.#count(failed, true)
      return undefined
    }
    if (response !== 'continue') {
      throw new ProcessingError(
        `The ${failed.stage} handler answered ${String(response)}; ` +
          "it must answer 'continue', 'dead-letter' or 'fail'.",
        this.place(failed.error),
      )
    }
    this.#scope.logger.warn(`Dropped: ${failed.error.message}`, facts)
    this.#count(failed, false)
    return undefined
  }

  #count(failed: FailedRecord, kept: boolean): void {
    if (kept) this.#metrics.deadLetters[failed.stage].add()
    else this.#metrics.dropped[failed.stage].add()
  }

  #describe(stage: FailureStage, node: string | undefined, error: Error): FailedRecord {
    const { id, input, punctuationMs, timer, held } = this.#scope
    const facts = { stage, error, taskId: id, node }
    // Of a record that was held back only its place is still known: the bytes at hand are those of another one.
    if (held)
      return { ...facts, ...noInput(punctuationMs ?? input?.timestampMs ?? -1), ...held.origin }
    return { ...facts, ...(input ? describeInput(input) : noInput(punctuationMs ?? -1, timer)) }
  }
}

type InputPart = Omit<FailedRecord, 'stage' | 'error' | 'taskId' | 'node'>

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

function factsOf(failed: FailedRecord): object {
  const { stage, node, topic, partition, offset, error } = failed
  const task = taskIdName(failed.taskId)
  return { stage, task, node, topic, partition, offset, error }
}
