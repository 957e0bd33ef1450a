import type { Timer } from '../../core/clock.ts'
import type { ClockOwner } from './scheduler-clock.ts'
import type { Scheduler } from './scheduler.ts'
import type { SeededRandom } from './seeded-random.ts'

const turnMaxMs = 1

/**
 * A process of a simulation: nothing of it goes on but by {@link SimulatedProcess.run}, so that it can be stopped and
 * killed between any two steps.
 */
export class SimulatedProcess implements ClockOwner {
  readonly name: string
  readonly random: SeededRandom
  readonly #scheduler: Scheduler
  readonly #onKilled: () => void
  #state: 'running' | 'frozen' | 'dead' = 'running'
  #held: (() => void)[] = []

  constructor(name: string, scheduler: Scheduler, random: SeededRandom, onKilled: () => void) {
    this.name = name
    this.random = random
    this.#scheduler = scheduler
    this.#onKilled = onKilled
  }

  get isDead(): boolean {
    return this.#state === 'dead'
  }

  get isFrozen(): boolean {
    return this.#state === 'frozen'
  }

  /** Runs now, when the process is woken, or never. */
  run(run: () => void): void {
    if (this.#state === 'running') run()
    else if (this.#state === 'frozen') this.#held.push(run)
  }

  /** Has the process answer, when it runs. */
  ask<T>(answer: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.run(() => {
        answer().then(
          (value) => this.run(() => resolve(value)),
          (error: Error) => this.run(() => reject(error)),
        )
      })
    })
  }

  post(delayMs: number, run: () => void): Timer {
    return this.#scheduler.after(delayMs, () => this.run(run))
  }

  turnMs(): number {
    return this.random.next() * turnMaxMs
  }

  /** As SIGKILL: what it had in memory is gone. */
  kill(): void {
    if (this.#state === 'dead') return
    this.#state = 'dead'
    this.#held = []
    this.#onKilled()
  }

  /** As SIGSTOP. */
  freeze(): void {
    if (this.#state === 'running') this.#state = 'frozen'
  }

  /** As SIGCONT: what it was waiting for has happened by now. */
  wake(): void {
    if (this.#state !== 'frozen') return
    this.#state = 'running'
    const held = this.#held
    this.#held = []
    for (const run of held) this.post(0, run)
  }
}

/** What a process that is dead waits for. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => {})
}
