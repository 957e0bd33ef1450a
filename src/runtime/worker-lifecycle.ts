import type { Logger } from '../core/logger.ts'
import type { WorkerState } from './worker-status.ts'

/** Told of each change of state. */
export type WorkerStateListener = (state: WorkerState, before: WorkerState) => void

/** The state that a worker is in, and who wants to know. */
export class WorkerLifecycle {
  #state: WorkerState = 'created'
  #error: Error | undefined
  readonly #listeners = new Set<WorkerStateListener>()
  readonly #logger: Logger
  readonly #waiting = new Set<() => void>()
  #ended = false

  constructor(logger: Logger) {
    this.#logger = logger
  }

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
    if (this.isEnding && state !== 'closed' && state !== 'error') return
    this.#state = state
    for (const listener of [...this.#listeners]) this.#tell(listener, state, before)
  }

  /** A listener is told, not asked: what it throws changes nothing of what the worker does. */
  #tell(listener: WorkerStateListener, state: WorkerState, before: WorkerState): void {
    try {
      listener(state, before)
    } catch (error) {
      this.#logger.error('A listener of onStateChange failed', { state, before, error })
    }
  }

  /** Nothing more happens from here; the state is `closed`, or stays `error`. */
  end(): void {
    this.#ended = true
    this.move('closed')
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  /** Resolves at {@link end}; rejects then with what ended the worker. */
  async ended(): Promise<void> {
    if (!this.#ended) await new Promise<void>((resolve) => this.#waiting.add(resolve))
    if (this.#error) throw this.#error
  }

  fail(error: Error): void {
    if (this.#error || this.#state === 'closed') return
    this.#error = error
    this.move('error')
  }
}
