interface Held {
  readonly thread: number
  readonly waiting: { readonly thread: number; readonly resolve: () => void }[]
}

/**
 * Which thread of a process has which task's state folder open. A folder that moves is had by the thread that takes it
 * when the one that lets it go has closed it.
 */
export class TaskFolders {
  readonly #held = new Map<string, Held>()

  /** Resolves when the folder is this thread's. */
  acquire(thread: number, task: string): Promise<void> {
    const held = this.#held.get(task)
    if (!held) {
      this.#held.set(task, { thread, waiting: [] })
      return Promise.resolve()
    }
    return new Promise((resolve) => held.waiting.push({ thread, resolve }))
  }

  /** Gives the folder to who has waited longest; nothing where it is not this thread's. */
  release(thread: number, task: string): void {
    const held = this.#held.get(task)
    if (held?.thread !== thread) return
    const next = held.waiting.shift()
    if (!next) {
      this.#held.delete(task)
      return
    }
    this.#held.set(task, { thread: next.thread, waiting: held.waiting })
    next.resolve()
  }

  /** Releases all that a thread has, which has ended, and what it waits for. */
  releaseAll(thread: number): void {
    for (const [task, { waiting }] of [...this.#held]) {
      const kept = waiting.filter((each) => each.thread !== thread)
      waiting.splice(0, waiting.length, ...kept)
      this.release(thread, task)
    }
  }

  /** The thread that has a task's folder; undefined where none has. */
  holder(task: string): number | undefined {
    return this.#held.get(task)?.thread
  }
}
