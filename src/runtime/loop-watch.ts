import type { Clock, Timer } from '../core/clock.ts'

/** What a watch needs. */
export interface LoopWatchOptions {
  readonly clock: Clock
  readonly maxPollIntervalMs: number
  /** Called once for each turn that takes too long. */
  onOverdue(): void
}

/**
 * Notices when the loop of a worker does not come around: user code that it waits for may never come back.
 *
 * @remarks Source: the heartbeat thread's check of `max.poll.interval.ms` in Java's `AbstractCoordinator`, KIP-62.
 */
export class LoopWatch {
  readonly #options: LoopWatchOptions
  #turnedMs: number
  #timer: Timer | undefined
  #stopped = false

  constructor(options: LoopWatchOptions) {
    this.#options = options
    this.#turnedMs = options.clock.monotonicMs()
  }

  /** The loop has come around. */
  turned(): void {
    this.#turnedMs = this.#options.clock.monotonicMs()
    // The timer looks by itself whether the loop has turned since, so that a turn costs next to nothing.
    if (this.#timer === undefined && !this.#stopped) this.#look()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #look(): void {
    const { clock, maxPollIntervalMs, onOverdue } = this.#options
    const leftMs = this.#turnedMs + maxPollIntervalMs - clock.monotonicMs()
    if (leftMs > 0) {
      this.#timer = clock.schedule(leftMs, () => this.#look(), true)
      return
    }
    this.#timer = undefined
    onOverdue()
  }
}
