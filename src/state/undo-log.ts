import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'

/**
 * What a task did with one record, so that all of it can be undone and the record be processed again.
 *
 * What can be taken back is done at once, with a step that takes it back. What cannot, such as sending a record, is put
 * off until the record is done.
 */
export class UndoLog {
  #isOpen = false
  #canUndo = true
  #steps: (() => void)[] = []
  #later: (() => MaybePromise<void>)[] = []

  /** Whether a record is in process whose effects are kept apart. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Whether the record in process can be undone. */
  get canUndo(): boolean {
    return this.#isOpen && this.#canUndo
  }

  /** From here on effects belong to a record. */
  begin(): void {
    this.#isOpen = true
    this.#canUndo = true
  }

  /** Says how something that was done is taken back; the steps are taken last to first. */
  readonly onUndo = (step: () => void): void => {
    if (this.#isOpen) this.#steps.push(step)
  }

  /** Does something when the record is done; at once where none is in process. */
  later(step: () => MaybePromise<void>): MaybePromise<void> {
    if (!this.#isOpen) return step()
    this.#later.push(step)
  }

  /** Says that something was done which cannot be taken back. */
  giveUp(): void {
    this.#canUndo = false
  }

  /** The record is done: does what was put off, in its order. */
  end(): MaybePromise<void> {
    const later = this.#later
    this.#close()
    return run(later, 0)
  }

  /** Takes back what was done, and forgets what was put off. */
  undo(): void {
    const steps = this.#steps
    this.#close()
    for (let i = steps.length - 1; i >= 0; i--) steps[i]!()
  }

  #close(): void {
    this.#isOpen = false
    if (this.#steps.length > 0) this.#steps = []
    if (this.#later.length > 0) this.#later = []
  }
}

function run(steps: readonly (() => MaybePromise<void>)[], from: number): MaybePromise<void> {
  for (let i = from; i < steps.length; i++) {
    const pending = steps[i]!()
    if (isPromise(pending)) return pending.then(() => run(steps, i + 1))
  }
}
