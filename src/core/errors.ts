import { taskIdName, type TaskId } from './task-id.ts'
import type { TopicPartition } from './topic-partition.ts'

/** What an error ends: one record, one task, one worker, or the application. */
export type ErrorScope = 'record' | 'task' | 'worker' | 'application'

/** Where an error happened; every part is optional and is printed when it is known. */
export interface ErrorContext {
  readonly taskId?: TaskId | undefined
  readonly topicPartition?: TopicPartition | undefined
  readonly offset?: number | undefined
  readonly field?: string | undefined
  readonly cause?: unknown
}

const brand = Symbol.for('millrace.StreamsError')

/**
 * The root of all errors that Millrace throws.
 *
 * `code` is stable and documented in docs/reference/errors.md; a test holds the two equal. `isStreamsError` works
 * across duplicate copies of the package.
 */
export class StreamsError extends Error {
  readonly code: string = 'MILLRACE_ERROR'
  readonly scope: ErrorScope = 'application'
  /** Whether the same attempt may succeed later with nothing changed. */
  readonly retriable: boolean = false
  readonly taskId: TaskId | undefined
  readonly topicPartition: TopicPartition | undefined
  readonly offset: number | undefined
  readonly field: string | undefined

  constructor(message: string, context: ErrorContext = {}) {
    super(message + place(context), context.cause === undefined ? {} : { cause: context.cause })
    this.name = new.target.name
    this.taskId = context.taskId
    this.topicPartition = context.topicPartition
    this.offset = context.offset
    this.field = context.field
    Object.defineProperty(this, brand, { value: true })
  }
}

/** Whether a value is a Millrace error, also one from another copy of the package. */
export function isStreamsError(value: unknown): value is StreamsError {
  return typeof value === 'object' && value !== null && brand in value
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

function place(context: ErrorContext): string {
  const parts: string[] = []
  if (context.taskId) parts.push(`task ${taskIdName(context.taskId)}`)
  if (context.topicPartition) {
    parts.push(
      `topic ${context.topicPartition.topic}, partition ${context.topicPartition.partition}`,
    )
  }
  if (context.offset !== undefined) parts.push(`offset ${context.offset}`)
  if (context.field !== undefined) parts.push(`field ${context.field}`)
  return parts.length === 0 ? '' : ` [${parts.join(', ')}]`
}

/** A topology that cannot run: a name used twice, a missing parent, topics that are not co-partitioned. */
export class TopologyError extends StreamsError {
  override readonly code: string = 'MILLRACE_TOPOLOGY'
}

/** A configuration that cannot be used; the message names the key and what to write instead. */
export class ConfigError extends StreamsError {
  override readonly code: string = 'MILLRACE_CONFIG'
}

/** Bytes that are no value of the serde: truncated, of an unknown schema id, failing validation. */
export class DeserializationError extends StreamsError {
  override readonly code: string = 'MILLRACE_DESERIALIZATION'
  override readonly scope: ErrorScope = 'record'
}

/** A value that its serde cannot write; the message names the field. */
export class SerializationError extends StreamsError {
  override readonly code: string = 'MILLRACE_SERIALIZATION'
  override readonly scope: ErrorScope = 'record'
}

/** A schema that breaks the subject's compatibility, or that may not be registered. */
export class SchemaIncompatibleError extends StreamsError {
  override readonly code: string = 'MILLRACE_SCHEMA_INCOMPATIBLE'
}

/** The schema registry cannot be reached or refused the request. */
export class SchemaRegistryError extends StreamsError {
  override readonly code: string = 'MILLRACE_SCHEMA_REGISTRY'
  /** True where the registry could not be reached or failed, false where it answered with a refusal. */
  override readonly retriable: boolean

  constructor(message: string, context: ErrorContext & { retriable?: boolean } = {}) {
    super(message, context)
    this.retriable = context.retriable ?? false
  }
}

/** A record is held back behind a dead letter of its key; it is the cause in a dead letter, and is not thrown. */
export class HeldBackError extends StreamsError {
  override readonly code: string = 'MILLRACE_HELD_BACK'
  override readonly scope: ErrorScope = 'record'
}

/** More records would be held back than `maxHeldBackRecords` lets be. */
export class HeldBackLimitError extends StreamsError {
  override readonly code: string = 'MILLRACE_HELD_BACK_LIMIT'
  override readonly scope: ErrorScope = 'task'
}

/** User code threw while it processed a record. */
export class ProcessingError extends StreamsError {
  override readonly code: string = 'MILLRACE_PROCESSING'
  override readonly scope: ErrorScope = 'record'
}

/** A record could not be written to its topic. */
export class ProductionError extends StreamsError {
  override readonly code: string = 'MILLRACE_PRODUCTION'
  override readonly scope: ErrorScope = 'record'
}

/** A state store cannot do what was asked. */
export class StateStoreError extends StreamsError {
  override readonly code: string = 'MILLRACE_STATE_STORE'
  override readonly scope: ErrorScope = 'task'
}

/** The store is not open here, or is still being restored. */
export class StateStoreNotAvailableError extends StateStoreError {
  override readonly code: string = 'MILLRACE_STATE_STORE_NOT_AVAILABLE'
  override readonly retriable: boolean = true
}

/** Another worker holds the state folder. */
export class StateLockedError extends StateStoreError {
  override readonly code: string = 'MILLRACE_STATE_LOCKED'
  override readonly scope: ErrorScope = 'worker'
}

/** The state folder is damaged or was written by something this process cannot read. */
export class StateCorruptedError extends StateStoreError {
  override readonly code: string = 'MILLRACE_STATE_CORRUPTED'
}

/** The task now belongs to another worker; what it had not committed is dropped here and redone there. */
export class TaskMigratedError extends StreamsError {
  override readonly code: string = 'MILLRACE_TASK_MIGRATED'
  override readonly scope: ErrorScope = 'task'
  override readonly retriable: boolean = true
}

/** The loop of a worker did not come around for `maxPollIntervalMs`, so that it gave its tasks up. */
export class PollIntervalError extends TaskMigratedError {
  override readonly code: string = 'MILLRACE_POLL_INTERVAL'
  override readonly scope: ErrorScope = 'worker'
}

/** The broker refused or failed a request. `brokerCode` is Kafka's error code where there is one. */
export class BrokerError extends StreamsError {
  override readonly code: string = 'MILLRACE_BROKER'
  override readonly scope: ErrorScope = 'worker'
  readonly brokerCode: number | undefined
  override readonly retriable: boolean

  constructor(
    message: string,
    context: ErrorContext & { brokerCode?: number | undefined; retriable?: boolean } = {},
  ) {
    super(message, context)
    this.brokerCode = context.brokerCode
    this.retriable = context.retriable ?? false
  }
}

/** The broker cannot be reached. */
export class BrokerUnavailableError extends BrokerError {
  override readonly code: string = 'MILLRACE_BROKER_UNAVAILABLE'
}

/** A request was not answered in time; whether it took effect is unknown. */
export class BrokerTimeoutError extends BrokerError {
  override readonly code: string = 'MILLRACE_BROKER_TIMEOUT'
}

/**
 * The broker takes nothing more from this producer or group member: a newer one has taken its place, or the broker no
 * longer knows it as it is.
 */
export class FencedError extends BrokerError {
  override readonly code: string = 'MILLRACE_FENCED'
  override readonly scope: ErrorScope = 'task'
}

/** A topic that must exist does not. */
export class UnknownTopicError extends BrokerError {
  override readonly code: string = 'MILLRACE_UNKNOWN_TOPIC'
  override readonly scope: ErrorScope = 'application'
}

/** The wanted offset is no longer (or not yet) in the partition. */
export class OffsetOutOfRangeError extends BrokerError {
  override readonly code: string = 'MILLRACE_OFFSET_OUT_OF_RANGE'
  override readonly scope: ErrorScope = 'task'
}

/** Bytes from the broker that are no record batch: a wrong checksum, an unknown version, a cut-off body. */
export class CorruptBatchError extends BrokerError {
  override readonly code: string = 'MILLRACE_CORRUPT_BATCH'
}

/** A call in a state that does not allow it: started twice, used after close. */
export class LifecycleError extends StreamsError {
  override readonly code: string = 'MILLRACE_LIFECYCLE'
}

/** A query that cannot be answered. */
export class QueryError extends StreamsError {
  override readonly code: string = 'MILLRACE_QUERY'
  override readonly scope: ErrorScope = 'worker'
}

/** No store of the topology has that name; the message lists those there are. */
export class ViewNotFoundError extends QueryError {
  override readonly code: string = 'MILLRACE_VIEW_NOT_FOUND'
}

/** The key belongs to a partition that another worker has. */
export class KeyElsewhereError extends QueryError {
  override readonly code: string = 'MILLRACE_KEY_ELSEWHERE'
  override readonly retriable: boolean = true
}
