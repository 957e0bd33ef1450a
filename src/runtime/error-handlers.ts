import type { Headers } from '../core/headers.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { TaskId } from '../core/task-id.ts'

/** Where a record failed. */
export type FailureStage = 'deserialization' | 'processing' | 'production'

/**
 * What becomes of a record that failed: skip it, write it to the dead-letter topic and go on, or stop the worker.
 *
 * Whichever is chosen, the failure is counted and logged with its place.
 */
export type ErrorResponse = 'continue' | 'dead-letter' | 'fail'

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
}

/**
 * Decides about a failed record.
 *
 * @remarks Source: Kafka Streams' DeserializationExceptionHandler, ProcessingExceptionHandler (KIP-1033),
 * ProductionExceptionHandler and dead-letter queues (KIP-1034).
 */
export type ErrorHandler = (failed: FailedRecord) => MaybePromise<ErrorResponse>

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
