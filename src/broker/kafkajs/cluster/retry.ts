import type { Random } from '../../../core/random.ts'
import { BrokerError, BrokerTimeoutError, UnknownTopicError } from '../../../core/errors.ts'
import { Backoff, mendingBackoff, type BackoffRange } from './backoff.ts'
import type { Wait } from './wait.ts'

/** A topic that was just created is unknown to some brokers for a moment; after this it does not exist. */
export const unknownTopicGraceMs = 1000

/**
 * Runs an operation until it succeeds, fails for good, or the wait is over; then the last failure is thrown.
 * `what` names the operation in the error of one that hangs.
 */
export async function retry<T>(
  what: string,
  random: Random,
  wait: Wait,
  operation: () => Promise<T>,
  range: BackoffRange = mendingBackoff,
): Promise<T> {
  const backoff = new Backoff(random, range)
  let last: unknown
  const timedOut = (): Error =>
    last instanceof Error
      ? last
      : new BrokerTimeoutError(`${what} was not answered within ${wait.timeoutMs} ms.`)
  for (;;) {
    try {
      return await wait.bound(operation(), timedOut)
    } catch (error) {
      if (!mayRetry(error, wait)) throw error
      last = error
      const delayMs = backoff.next()
      if (wait.leftMs() <= delayMs) throw error
      await wait.sleep(delayMs)
    }
  }
}

function mayRetry(error: unknown, wait: Wait): boolean {
  if (error instanceof UnknownTopicError) {
    return wait.timeoutMs - wait.leftMs() < unknownTopicGraceMs
  }
  return error instanceof BrokerError && error.retriable
}
