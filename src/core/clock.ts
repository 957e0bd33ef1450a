/** Cancels what {@link Clock.schedule} scheduled. */
export interface Timer {
  cancel(): void
}

/**
 * The only way any room tells the time or waits, so that tests and the simulator can put a virtual clock in its place.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds from a fixed point, never going back; for measuring durations. Has fractions. */
  monotonicMs(): number
  /** Calls `run` once after `delayMs`. A timer does not keep the process alive when `background` is true. */
  schedule(delayMs: number, run: () => void, background?: boolean): Timer
  /** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
  /** Lets the event loop run once: timers, sockets, other tasks. */
  yieldToEventLoop(): Promise<void>
}

/** The machine's clock and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, run, background = false) {
    const timer = setTimeout(run, delayMs)
    if (background) timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
  yieldToEventLoop: () => new Promise((resolve) => setImmediate(resolve)),
}

/** What {@link Clock.sleep} does, with what a clock schedules. */
export function sleepOn(
  clock: Pick<Clock, 'schedule'>,
  delayMs: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error)
      return
    }
    const onAbort = (): void => {
      timer.cancel()
      reject(signal?.reason as Error)
    }
    const timer = clock.schedule(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
