import { systemClock, type Timer } from '../../core/clock.ts'

interface Scheduled {
  readonly atMs: number
  readonly sequence: number
  run: (() => void) | undefined
}

/**
 * The one place where anything of a simulation begins: events by their virtual time, in the order of scheduling where
 * times are equal. All promises that an event makes ready run before the next event does, so that the same events give
 * the same run.
 */
export class Scheduler {
  #nowMs = 0
  #sequence = 0
  #events = 0
  readonly #heap: Scheduled[] = []

  /** Virtual milliseconds since the beginning. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** How many events have run. */
  get events(): number {
    return this.#events
  }

  after(delayMs: number, run: () => void): Timer {
    const scheduled: Scheduled = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      sequence: this.#sequence++,
      run,
    }
    this.#offer(scheduled)
    return {
      cancel: () => {
        scheduled.run = undefined
      },
    }
  }

  /** Resolves after so many virtual milliseconds. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve)
    })
  }

  /** Runs events until this is so; gives false where `untilMs` came before, or nothing was left to run. */
  async runUntil(isDone: () => boolean, untilMs: number): Promise<boolean> {
    await systemClock.yieldToEventLoop()
    for (;;) {
      if (isDone()) return true
      const next = this.#take()
      if (next === undefined) return false
      if (next.atMs > untilMs) {
        this.#offer(next)
        this.#nowMs = Math.max(this.#nowMs, untilMs)
        return false
      }
      this.#nowMs = next.atMs
      const { run } = next
      next.run = undefined
      this.#events++
      run!()
      // Nothing of a simulation waits for the machine, so one turn of its event loop has run all that was ready.
      await systemClock.yieldToEventLoop()
    }
  }

  /** The next event that was not cancelled. */
  #take(): Scheduled | undefined {
    for (;;) {
      const next = this.#poll()
      if (next === undefined || next.run !== undefined) return next
    }
  }

  #offer(scheduled: Scheduled): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(scheduled)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!isBefore(scheduled, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = scheduled
  }

  #poll(): Scheduled | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}

function isBefore(one: Scheduled, other: Scheduled): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.sequence < other.sequence)
}
