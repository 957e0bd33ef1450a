import type { Clock } from '../core/clock.ts'
import { ProcessingError } from '../core/errors.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { CallAttempt, ConcurrentCallsOptions } from '../topology/concurrent-calls.ts'

/** Makes calls: each within its time, again where it fails, and not after the task is closed. */
export class CallRunner {
  readonly #clock: Clock
  readonly #options: ConcurrentCallsOptions
  readonly #closing = new AbortController()

  constructor(clock: Clock, options: ConcurrentCallsOptions) {
    this.#clock = clock
    this.#options = options
  }

  /** Aborts the calls in flight. */
  close(reason: Error): void {
    this.#closing.abort(reason)
  }

  async run<T>(call: (attempt: CallAttempt) => MaybePromise<T>): Promise<T> {
    const { attempts = 1, backoffMs = 100, maxBackoffMs = 10_000, when } = this.#options.retry ?? {}
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(call, attempt)
      } catch (error) {
        const worthIt = attempt < attempts && (when?.(error) ?? true)
        if (!worthIt || this.#closing.signal.aborted) throw error
      }
      const waitMs = Math.min(maxBackoffMs, backoffMs * 2 ** (attempt - 1))
      await this.#clock.sleep(waitMs, this.#closing.signal)
    }
  }

  /** Ends when the signal is aborted, also where the call does not listen to it. */
  #attempt<T>(call: (attempt: CallAttempt) => MaybePromise<T>, attempt: number): Promise<T> {
    const { timeoutMs } = this.#options
    return new Promise((resolve, reject) => {
      const own = new AbortController()
      const { signal: closing } = this.#closing
      const abort = (reason: Error): void => {
        own.abort(reason)
        reject(reason)
      }
      const onClosing = (): void => abort(closing.reason as Error)
      if (closing.aborted) {
        onClosing()
        return
      }
      closing.addEventListener('abort', onClosing, { once: true })
      const timer =
        timeoutMs === undefined
          ? undefined
          : this.#clock.schedule(timeoutMs, () =>
              abort(new ProcessingError(`a call did not end within ${timeoutMs} ms`)),
            )
      const called = (async () => await call({ signal: own.signal, attempt }))()
      void called.then(resolve, reject).finally(() => {
        timer?.cancel()
        closing.removeEventListener('abort', onClosing)
      })
    })
  }
}
