import type { TimerEntry } from '../state/timer-entry.ts'
import type { TimerSlot } from '../state/timer-slot.ts'

/** A timer in memory. */
export interface HeldTimer {
  readonly position: string
  readonly slot: TimerSlot<unknown>
  readonly entry: TimerEntry<unknown>
}

/** How many timers are read at once; twice as many are held at most. */
export const headTimers = 1024

/**
 * The timers of one clock that are due first, in their order. All timers up to a position are here; those behind it are
 * in the store only, so that the store is walked once in {@link headTimers} timers, however many there are.
 */
export class TimerHead {
  #timers: HeldTimer[] = []
  /** Timers at this position or before are here; undefined: all are. */
  #upTo: string | undefined = ''
  /** No timer that is in the store only is due before this. */
  #restDueMs = Number.NEGATIVE_INFINITY

  /** When the next timer is due, or may be as far as is known without the store; Infinity where there is none. */
  get nextDueMs(): number {
    const first = this.#timers[0]
    return first === undefined ? this.#restDueMs : first.slot.atMs
  }

  /** Whether the store must be asked for the next timer. */
  get isDrained(): boolean {
    return this.#timers.length === 0 && this.#upTo !== undefined
  }

  /** The position after which {@link refill} needs the timers of the store. */
  get upTo(): string {
    return this.#upTo ?? ''
  }

  first(): HeldTimer | undefined {
    return this.#timers[0]
  }

  add(timer: HeldTimer): void {
    if (this.#upTo !== undefined && timer.position > this.#upTo) {
      this.#restDueMs = Math.min(this.#restDueMs, timer.slot.atMs)
      return
    }
    this.#timers.splice(this.#indexOf(timer.position), 0, timer)
    if (this.#timers.length > 2 * headTimers) this.#forgetLast()
  }

  remove(position: string): void {
    const index = this.#indexOf(position)
    if (this.#timers[index]?.position === position) this.#timers.splice(index, 1)
  }

  /** Takes the next timers of the store; `complete` where there are none behind them. */
  refill(timers: readonly HeldTimer[], complete: boolean): void {
    this.#timers = [...timers]
    const last = timers.at(-1)
    if (complete || last === undefined) {
      this.#upTo = undefined
      this.#restDueMs = Number.POSITIVE_INFINITY
    } else {
      this.#upTo = last.position
      this.#restDueMs = last.slot.atMs
    }
  }

  #forgetLast(): void {
    this.#restDueMs = this.#timers[headTimers]!.slot.atMs
    this.#timers.length = headTimers
    this.#upTo = this.#timers[headTimers - 1]!.position
  }

  /** Where a position is, or would be. */
  #indexOf(position: string): number {
    let low = 0
    let high = this.#timers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#timers[middle]!.position < position) low = middle + 1
      else high = middle
    }
    return low
  }
}
