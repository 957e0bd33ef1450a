import type { CommittedOffset } from '../../broker/port.ts'
import type { Clock } from '../../core/clock.ts'
import type { ActiveTask } from '../active-task.ts'
import type { Committer } from './committer.ts'

/** What the cycle needs of the worker. */
export interface CommitCycleOptions {
  readonly clock: Clock
  readonly intervalMs: number
  readonly maxUncommittedBytes: number
  readonly committer: Committer
  /** The tasks that process. */
  tasks(): readonly ActiveTask[]
  /** Whether the producer has something that no task accounts for, such as a dead letter. */
  hasOutput(): boolean
  onCommitted(offsets: readonly CommittedOffset[], seconds: number): void
  /** Called when a commit that ran beside processing has ended. */
  onEnded(): void
}

/** Decides when to commit, and has at most one commit in flight. */
export class CommitCycle {
  readonly #options: CommitCycleOptions
  #lastMs: number
  #inFlight: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(options: CommitCycleOptions) {
    this.#options = options
    this.#lastMs = options.clock.monotonicMs()
  }

  /** Whether tasks must not process now. */
  get holdsProcessing(): boolean {
    if (!this.#inFlight) return false
    return !this.#options.committer.overlapsProcessing || this.#isTooMuch()
  }

  /** Milliseconds until a commit is due; Infinity where there is nothing to commit or one is in flight. */
  dueInMs(): number {
    if (this.#inFlight || !this.#isNeeded()) return Infinity
    const { clock, intervalMs } = this.#options
    return Math.max(0, this.#lastMs + intervalMs - clock.monotonicMs())
  }

  /** Throws what a commit beside processing failed with. */
  throwIfFailed(): void {
    const failure = this.#failure
    this.#failure = undefined
    if (failure) throw failure.error
  }

  /** Begins a commit where one is due; waits for it where processing would have to wait too. */
  async commitIfDue(): Promise<void> {
    // The one before may have failed while a task was processing: its changes are still set aside.
    this.throwIfFailed()
    if (this.#inFlight || !this.#isNeeded()) return
    const requested = this.#options.tasks().some(({ task }) => task.commitRequested)
    if (!requested && !this.#isTooMuch() && this.dueInMs() > 0) return
    await this.#settleCalls()
    const commit = this.#commit()
    if (!this.#options.committer.overlapsProcessing) return await commit
    this.#inFlight = commit
      .catch((error: unknown) => {
        this.#failure = { error }
      })
      .finally(() => {
        this.#inFlight = undefined
        this.#options.onEnded()
      })
  }

  /** Waits for a commit in flight, then commits what is left. */
  async commitNow(): Promise<void> {
    await this.#inFlight
    this.throwIfFailed()
    await this.#settleCalls()
    if (this.#isNeeded()) await this.#commit()
  }

  /** Waits for a commit in flight, whatever comes of it. */
  async settle(): Promise<void> {
    await this.#inFlight
    this.#failure = undefined
  }

  /** Records whose calls have not ended are not done: offsets must not pass them. */
  async #settleCalls(): Promise<void> {
    for (const { task } of this.#options.tasks()) await task.settle()
  }

  async #commit(): Promise<void> {
    const { clock, committer, onCommitted } = this.#options
    const startedMs = clock.monotonicMs()
    const running = this.#options.tasks()
    const moved = running.filter(({ task }) => task.commitNeeded)
    // Where there is nothing but what tasks put out as they began, it is committed in the name of all.
    const offsets = await committer.commit(moved.length > 0 ? moved : running)
    this.#lastMs = clock.monotonicMs()
    onCommitted(offsets, (this.#lastMs - startedMs) / 1000)
  }

  #isNeeded(): boolean {
    return this.#options.hasOutput() || this.#options.tasks().some(({ task }) => task.commitNeeded)
  }

  #isTooMuch(): boolean {
    let bytes = 0
    for (const { state } of this.#options.tasks()) bytes += state.uncommittedBytes
    return bytes > this.#options.maxUncommittedBytes
  }
}
