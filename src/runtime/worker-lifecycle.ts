import type { WorkerState } from './worker-status.ts'

/** Told of each change of state. */
export type WorkerStateListener = (state: WorkerState, before: WorkerState) => void

/** The state that a worker is in, and who wants to know. */
export class WorkerLifecycle {
  #state: WorkerState = 'created'
  #error: Error | undefined
  readonly #listeners = new Set<WorkerStateListener>()

  get state(): WorkerState {
    return this.#state
  }

  /** What ended the worker; undefined unless the state is `error`. */
  get error(): Error | undefined {
    return this.#error
  }

  /** Whether the worker will do no more, or is about to. */
  get isEnding(): boolean {
    return this.#state === 'pending-shutdown' || this.#state === 'closed' || this.#state === 'error'
  }

  onChange(listener: WorkerStateListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  move(state: WorkerState): void {
    const before = this.#state
    if (before === state || before === 'error') return
    this.#state = state
    for (const listener of [...this.#listeners]) listener(state, before)
  }

  fail(error: Error): void {
    if (this.#error || this.#state === 'closed') return
    this.#error = error
    this.move('error')
  }
}
