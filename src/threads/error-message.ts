import * as streamsErrors from '../core/errors.ts'
import { isStreamsError, messageOf, StreamsError } from '../core/errors.ts'
import type { TaskId } from '../core/task-id.ts'
import type { TopicPartition } from '../core/topic-partition.ts'

/** An error as data, to be sent from one thread to another. */
export interface ErrorMessage {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly cause: ErrorMessage | undefined
  /** What a Millrace error says beside its message; undefined for any other error. */
  readonly facts: ErrorFacts | undefined
}

interface ErrorFacts {
  readonly retriable: boolean
  readonly taskId: TaskId | undefined
  readonly topicPartition: TopicPartition | undefined
  readonly offset: number | undefined
  readonly field: string | undefined
  readonly brokerCode?: number | undefined
}

type ErrorClass = new (message: string, context?: { readonly cause?: unknown }) => StreamsError

const maxCauses = 8

/** Makes data of whatever was thrown. */
export function errorMessage(thrown: unknown, causes: number = maxCauses): ErrorMessage {
  const { name, message, stack, cause } =
    thrown instanceof Error
      ? thrown
      : { name: 'Error', message: messageOf(thrown), stack: undefined, cause: undefined }
  return {
    name,
    message,
    stack,
    cause: cause === undefined || causes === 0 ? undefined : errorMessage(cause, causes - 1),
    facts: isStreamsError(thrown) ? factsOf(thrown) : undefined,
  }
}

/** Makes an error of data again: a Millrace error of the class that it was of, any other one by its name, with its stack. */
export function errorOf(data: ErrorMessage): Error {
  const context = data.cause === undefined ? {} : { cause: errorOf(data.cause) }
  const error = data.facts
    ? Object.assign(new (classNamed(data.name))(data.message, context), data.facts)
    : new Error(data.message, context)
  error.name = data.name
  if (data.stack !== undefined) error.stack = data.stack
  return error
}

function factsOf(error: StreamsError): ErrorFacts {
  const { retriable, taskId: id, topicPartition: place, offset, field } = error
  const { brokerCode } = error as { brokerCode?: number }
  // What names a place may be more than that, with functions in it that cannot be sent.
  const taskId = id && { subTopology: id.subTopology, partition: id.partition }
  const topicPartition = place && { topic: place.topic, partition: place.partition }
  const known = { retriable, taskId, topicPartition, offset, field }
  return 'brokerCode' in error ? { ...known, brokerCode } : known
}

/** The root for a class that is not ours, such as one that a user made of it. */
function classNamed(name: string): ErrorClass {
  const found = (streamsErrors as globalThis.Record<string, unknown>)[name]
  const isClass = typeof found === 'function' && found.prototype instanceof StreamsError
  return isClass ? (found as ErrorClass) : StreamsError
}
