import { FencedError, PollIntervalError } from '../core/errors.ts'
import type { WorkerConfig } from './worker-config.ts'
import type { WorkerOptions } from './worker-options.ts'

/** The error of a worker whose loop did not come around; `activity` says what it waits for. */
export function pollIntervalError(
  { maxPollIntervalMs }: WorkerConfig,
  activity: string,
): PollIntervalError {
  return new PollIntervalError(
    `The worker could not go on for ${maxPollIntervalMs} ms, its maxPollIntervalMs, and gives its tasks to the others. ` +
      `What it is at: ${activity}. It takes part again when that comes back`,
  )
}

/** The error of a worker that another one has thrown out, as the same static member. */
export class ReplacedError extends FencedError {
  constructor({ applicationId, config }: WorkerOptions, cause: FencedError) {
    super(
      `Another worker of ${applicationId} was started with the groupInstanceId of this one, ` +
        `${config.groupInstanceId}, and has taken its place; each worker that runs needs one of its own. This one ends`,
      { brokerCode: cause.brokerCode, cause },
    )
  }
}

/** Whether the group refused a join because another member has its instance id: Kafka's `FENCED_INSTANCE_ID`. */
export function isReplaced(error: unknown): error is FencedError {
  return error instanceof FencedError && error.brokerCode === fencedInstanceId
}

const fencedInstanceId = 82
