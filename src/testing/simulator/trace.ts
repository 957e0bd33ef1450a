import type { Scheduler } from './scheduler.ts'

interface Traced {
  readonly atMs: number
  readonly who: string
  readonly what: string
  readonly detail: string | undefined
}

/** What happened in a simulation, in order. */
export class Trace {
  readonly #scheduler: Scheduler
  readonly #events: Traced[] = []

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  add(who: string, what: string, detail?: string): void {
    this.#events.push({ atMs: this.#scheduler.nowMs, who, what, detail })
  }

  /** One line an event: its virtual time in milliseconds, who, and what. */
  lines(): string[] {
    return this.#events.map(({ atMs, who, what, detail }) => {
      const line = `${atMs.toFixed(3).padStart(10)} ${who} ${what}`
      return detail === undefined ? line : `${line}: ${detail}`
    })
  }
}
