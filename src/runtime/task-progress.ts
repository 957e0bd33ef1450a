import type { UndoLog } from '../state/undo-log.ts'
import type { ProcessorProgress } from '../topology/processor.ts'

/** The progress of a task's processors: committed with each of its offsets, so the highest of all of them holds. */
export class TaskProgress implements ProcessorProgress {
  readonly #values = new Map<string, number>()

  readonly #undo: UndoLog | undefined

  constructor(undo?: UndoLog) {
    this.#undo = undo
  }

  get values(): ReadonlyMap<string, number> {
    return this.#values
  }

  get(name: string): number | undefined {
    return this.#values.get(name)
  }

  set(name: string, value: number): void {
    if (this.#undo?.isOpen) {
      const before = this.#values.get(name)
      this.#undo.onUndo(() => {
        if (before === undefined) this.#values.delete(name)
        else this.#values.set(name, before)
      })
    }
    this.#values.set(name, value)
  }

  /** Takes over what was committed with one offset. */
  restore(committed: ReadonlyMap<string, number>): void {
    for (const [name, value] of committed) {
      this.#values.set(name, Math.max(value, this.#values.get(name) ?? value))
    }
  }
}
