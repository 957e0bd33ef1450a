import type { Logger } from '../core/logger.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'

/**
 * What becomes of the process when one of its threads has ended with an error: another thread takes its place, or all
 * threads of this process stop.
 */
export type UncaughtExceptionResponse = 'replace-thread' | 'shutdown-client'

/** The thread that has ended. */
export interface FailedThread {
  /** Such as `thread-2`. */
  readonly name: string
  /** How many threads were replaced in the last ten minutes. */
  readonly replacements: number
}

/**
 * Decides what becomes of the process when one of its threads has ended with an error.
 *
 * @remarks Source: `org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler`, KIP-671.
 */
export type UncaughtExceptionHandler = (
  error: Error,
  thread: FailedThread,
) => MaybePromise<UncaughtExceptionResponse>

const windowMs = 600_000
const longestWaitMs = 10_000

/** How threads that end are dealt with. */
export interface ThreadFailuresOptions {
  readonly handler: UncaughtExceptionHandler
  readonly maxReplacements: number
  readonly retryBackoffMs: number
  readonly logger: Logger
}

/** Decides about each thread that ends, and counts how many were replaced. */
export class ThreadFailures {
  readonly #options: ThreadFailuresOptions
  /** When threads were replaced, in the last ten minutes. */
  #replacedMs: number[] = []

  constructor(options: ThreadFailuresOptions) {
    this.#options = options
  }

  /** Milliseconds to wait before the thread is replaced; undefined where the threads are to stop. */
  async decide(name: string, error: Error, nowMs: number): Promise<number | undefined> {
    const { handler, maxReplacements, retryBackoffMs, logger } = this.#options
    this.#replacedMs = this.#replacedMs.filter((at) => at > nowMs - windowMs)
    const replacements = this.#replacedMs.length
    const facts = { thread: name, reason: error.message, stack: error.stack }
    const response = await this.#ask(handler, error, { name, replacements })
    if (response !== 'replace-thread') {
      logger.error('A thread has ended with an error; the others of this process stop too', facts)
      return undefined
    }
    if (replacements >= maxReplacements) {
      logger.error(
        'A thread has ended with an error and is not replaced, since too many were in ten minutes; the ' +
          'others of this process stop too',
        { ...facts, maxThreadReplacements: maxReplacements },
      )
      return undefined
    }
    this.#replacedMs.push(nowMs)
    const waitMs = Math.min(longestWaitMs, retryBackoffMs * 2 ** replacements)
    logger.error('A thread has ended with an error; another takes its place', { ...facts, waitMs })
    return waitMs
  }

  async #ask(
    handler: UncaughtExceptionHandler,
    error: Error,
    thread: FailedThread,
  ): Promise<UncaughtExceptionResponse> {
    try {
      return await handler(error, thread)
    } catch (failure) {
      this.#options.logger.error('The uncaughtExceptionHandler failed', { error: failure })
      return 'shutdown-client'
    }
  }
}
