import { ConfigError } from '../core/errors.ts'
import type { Headers } from '../core/headers.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { TaskId } from '../core/task-id.ts'
import type { RetryBackoff } from './retry-backoff.ts'

/** Where a record failed. */
export type FailureStage = 'deserialization' | 'processing' | 'production'

/** That a record is to be processed once more, after a while. */
export interface RetryResponse {
  readonly retry: RetryBackoff
}

/**
 * What becomes of a record that failed: skip it, write it to the dead-letter topic and go on, stop the worker, or process
 * it again after a while.
 *
 * Whichever is chosen, the failure is counted and logged with its place.
 */
export type ErrorResponse = 'continue' | 'dead-letter' | 'fail' | RetryResponse

/** A record that failed, with its original bytes where it came from a topic. */
export interface FailedRecord {
  readonly stage: FailureStage
  readonly error: Error
  readonly taskId: TaskId
  /** The processor or sink at which it failed. */
  readonly node: string | undefined
  /** The source topic; in a punctuation undefined. For `production` the input record that the output came of. */
  readonly topic: string | undefined
  readonly partition: number | undefined
  readonly offset: number | undefined
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
  /** How often the record was tried, this time included, since the task came to this worker. */
  readonly attempt: number
  /**
   * Whether the handler may answer with a retry. Not in punctuations and timers, not for the result of a call that ran
   * beside processing, and not once such a call was made; for processing and production only where the handler
   * {@link ErrorHandler.retries}.
   */
  readonly canRetry: boolean
}

/**
 * A record as it goes to the dead-letter topic: one that failed, or with `held-back` one that waits behind an earlier dead
 * letter of its key.
 */
export interface DeadRecord extends Omit<FailedRecord, 'stage'> {
  readonly stage: FailureStage | 'held-back'
  /** Whether later records of its key are held back until it was redriven or dropped. */
  readonly holdsBack: boolean
}

/**
 * Decides about a failed record.
 *
 * @remarks Source: Kafka Streams' DeserializationExceptionHandler, ProcessingExceptionHandler (KIP-1033),
 * ProductionExceptionHandler (KIP-1065 for its retries) and dead-letter queues (KIP-1034).
 */
export interface ErrorHandler {
  (failed: FailedRecord): MaybePromise<ErrorResponse>
  /**
   * True where it may answer with a retry: tasks then keep apart what each record does until it is done, so that it can
   * be undone. {@link retrying} sets it.
   */
  readonly retries?: boolean
}

/** One handler a stage. */
export interface ErrorHandlers {
  readonly deserialization: ErrorHandler
  readonly processing: ErrorHandler
  readonly production: ErrorHandler
}

/** Skips the record; it is logged and counted. */
export const logAndContinue: ErrorHandler = () => 'continue'

/** Stops the worker at the record, which stays uncommitted. */
export const logAndFail: ErrorHandler = () => 'fail'

/** Writes the record to the dead-letter topic, with its cause in the headers, and goes on. */
export const deadLetter: ErrorHandler = () => 'dead-letter'

/** How {@link retrying} tries again. */
export interface RetryingOptions extends RetryBackoff {
  /** How often a record is tried in all; Infinity: until it works. @defaultValue 5 */
  readonly attempts?: number
  /** Which failures are worth another attempt. @defaultValue all */
  readonly when?: (failed: FailedRecord) => boolean
  /** Decides when the attempts are used up or another is not worth it. @defaultValue {@link deadLetter} */
  readonly otherwise?: ErrorHandler
}

/**
 * Has a failed record processed again after a while, which grows from attempt to attempt; when that does not help, asks
 * another handler.
 *
 * What the failed attempt did is undone: writes to stores, outputs, timers. The task waits, so that the order of its
 * partitions is kept; the worker's other tasks, commits and heartbeats go on.
 *
 * @throws ConfigError for numbers out of range
 */
export function retrying(options: RetryingOptions = {}): ErrorHandler {
  const { attempts = 5, when = () => true, otherwise = deadLetter, ...retry } = options
  check('attempts', attempts, attempts === Infinity || (Number.isInteger(attempts) && attempts > 0))
  const { backoffMs = 0, maxBackoffMs = 0, jitter = 0 } = retry
  check('backoffMs', backoffMs, Number.isFinite(backoffMs) && backoffMs >= 0)
  check('maxBackoffMs', maxBackoffMs, Number.isFinite(maxBackoffMs) && maxBackoffMs >= 0)
  check('jitter', jitter, jitter >= 0 && jitter <= 1)
  const handler = (failed: FailedRecord): MaybePromise<ErrorResponse> =>
    failed.canRetry && failed.attempt < attempts && when(failed) ? { retry } : otherwise(failed)
  return Object.assign(handler, { retries: true })
}

function check(field: string, value: number, isRight: boolean): void {
  if (isRight) return
  throw new ConfigError(`retrying has ${field} ${value}, which makes no sense`, { field })
}
