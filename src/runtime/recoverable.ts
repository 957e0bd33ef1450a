import {
  BrokerError,
  BrokerTimeoutError,
  BrokerUnavailableError,
  FencedError,
  SchemaRegistryError,
  TaskMigratedError,
} from '../core/errors.ts'
import { ReplacedError } from './worker-errors.ts'

/**
 * Whether a worker can begin anew from what was committed after this failure: the broker or the registry is away for a
 * while, or the tasks have gone to another worker. Whatever else failed would fail again.
 */
export function isRecoverable(error: unknown): boolean {
  // To join again would only throw the other one out.
  if (error instanceof ReplacedError) return false
  return (
    error instanceof FencedError ||
    error instanceof TaskMigratedError ||
    error instanceof BrokerTimeoutError ||
    (error instanceof SchemaRegistryError && error.retriable) ||
    (error instanceof BrokerError && error.retriable)
  )
}

/**
 * Whether a worker that is only starting should end with this failure: an address at which nobody answers is as a rule a
 * wrong one, and whoever started the worker is there to be told.
 */
export function isHopelessAtStart(error: unknown): boolean {
  return error instanceof SchemaRegistryError || error instanceof BrokerUnavailableError
}
