import type { MaybePromise } from '../core/maybe-promise.ts'

/** How a call that fails is made again. */
export interface CallRetry {
  /** How often a call is made at most, the first time included; at least 1. */
  readonly attempts: number
  /** Milliseconds before the second attempt; doubled before each that follows. @defaultValue 100 */
  readonly backoffMs?: number
  /** The most that is waited between two attempts, in milliseconds. @defaultValue 10,000 */
  readonly maxBackoffMs?: number
  /** Whether an error is worth another attempt. @defaultValue any is */
  readonly when?: (error: unknown) => boolean
}

/** How calls are made beside each other. */
export interface ConcurrentCallsOptions {
  /** How many calls are in flight in a task at most; at least 1. */
  readonly concurrency: number
  /**
   * In which order results go on: `'partition'`, that of the records; `'key'`, that in which the calls end, but for those of
   * one key, which keep theirs. Calls of one key are made one after the other in either case.
   *
   * @defaultValue `'partition'`
   */
  readonly orderedBy?: 'partition' | 'key'
  /** How long an attempt may take, in milliseconds; its signal is aborted then. @defaultValue no limit */
  readonly timeoutMs?: number
  /** @defaultValue a call is made once */
  readonly retry?: CallRetry
}

/** What a call is told. */
export interface CallAttempt {
  /** Aborted when the time for the attempt is up, and when the task is closed or leaves this worker. */
  readonly signal: AbortSignal
  /** 1 the first time. */
  readonly attempt: number
}

/**
 * Asynchronous calls that run beside the processing of the records that follow. A record whose call has not ended is not
 * committed: before each commit, and before anything of event time fires, all calls are waited for.
 */
export interface ConcurrentCalls {
  /**
   * Makes a call for the record in process. What it gives is handed to `finish` later, as if that record were in process
   * then; what it throws goes to the error handler with that record. Returns a promise where there are calls enough in
   * flight, to be returned by `process`.
   *
   * @param key - calls of equal keys are made one after the other; null: it is in no order with others
   */
  start<T>(
    key: unknown,
    call: (attempt: CallAttempt) => MaybePromise<T>,
    finish: (result: T) => MaybePromise<void>,
  ): MaybePromise<void>
}
