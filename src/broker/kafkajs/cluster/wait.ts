import type { Clock, Timer } from '../../../core/clock.ts'
import type { WaitOptions } from '../../port.ts'

/** A bound on a call: its deadline and its signal. */
export class Wait {
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number
  readonly #clock: Clock
  readonly #endsAtMs: number

  constructor(clock: Clock, options: WaitOptions | undefined, defaultTimeoutMs: number) {
    this.#clock = clock
    this.signal = options?.signal
    this.timeoutMs = options?.timeoutMs ?? defaultTimeoutMs
    this.#endsAtMs = clock.monotonicMs() + this.timeoutMs
  }

  /** Milliseconds that are left; 0 when the deadline has passed. */
  leftMs(): number {
    return Math.max(0, this.#endsAtMs - this.#clock.monotonicMs())
  }

  /** Sleeps, at most until the deadline. Rejects with the signal's reason when it is aborted. */
  async sleep(delayMs: number): Promise<void> {
    await this.#clock.sleep(Math.min(delayMs, this.leftMs()), this.signal)
  }

  /**
   * The promise's outcome, or the error of `onTimeout` at the deadline, or the signal's reason. The work behind the
   * promise goes on; its late outcome is dropped.
   */
  async bound<T>(work: Promise<T>, onTimeout: () => Error): Promise<T> {
    if (this.signal?.aborted) {
      work.catch(() => undefined)
      throw this.signal.reason
    }
    let timer: Timer | undefined
    let onAbort: (() => void) | undefined
    const limit = new Promise<never>((_, reject) => {
      timer = this.#clock.schedule(this.leftMs(), () => reject(onTimeout()))
      onAbort = () => reject(this.signal?.reason as Error)
      this.signal?.addEventListener('abort', onAbort, { once: true })
    })
    try {
      return await Promise.race([work, limit])
    } finally {
      timer?.cancel()
      if (onAbort !== undefined) this.signal?.removeEventListener('abort', onAbort)
    }
  }
}
