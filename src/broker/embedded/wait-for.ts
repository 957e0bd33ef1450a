import type { Clock } from '../../core/clock.ts'
import { BrokerTimeoutError } from '../../core/errors.ts'
import type { WaitOptions } from '../port.ts'

/** What {@link waitFor} waits for. */
export interface Waiting extends WaitOptions {
  readonly clock: Clock
  /** For the error of a wait that took too long. */
  readonly what: string
  readonly timeoutMs: number
  isDone(): boolean
  /** Has `changed` called when it is worth looking again; returns what ends that. */
  onChange(changed: () => void): () => void
}

/** Waits for a state of the broker, woken by its changes. Rejects with `BrokerTimeoutError` or the signal's reason. */
export async function waitFor(waiting: Waiting): Promise<void> {
  const { clock, what, timeoutMs, signal } = waiting
  signal?.throwIfAborted()
  if (waiting.isDone()) return
  await new Promise<void>((resolve, reject) => {
    const end = (finish: () => void): void => {
      timer.cancel()
      stop()
      signal?.removeEventListener('abort', onAbort)
      finish()
    }
    const onAbort = (): void => end(() => reject(signal?.reason as Error))
    const stop = waiting.onChange(() => {
      if (waiting.isDone()) end(resolve)
    })
    const timer = clock.schedule(timeoutMs, () => end(() => reject(timedOut(what, timeoutMs))))
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** The error of a wait that took too long. */
export function timedOut(what: string, timeoutMs: number): BrokerTimeoutError {
  return new BrokerTimeoutError(`${what} took longer than ${timeoutMs} ms`, { retriable: true })
}
