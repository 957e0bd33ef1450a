import { systemClock, type Clock } from '../core/clock.ts'

/**
 * Times the calls that run beside processing in a test driver. What a call waits for is outside of the driver, so its time
 * limit is the machine's; another attempt is made at once, so that a test need not wait.
 */
export const clockForCalls: Clock = {
  ...systemClock,
  sleep: async (_delayMs, signal) => {
    signal?.throwIfAborted()
  },
}
