import { LifecycleError } from '../../core/errors.ts'
import { taskIdName, type TaskId } from '../../core/task-id.ts'
import { LayeredTaskState } from '../layered-task-state.ts'
import { prepareStores } from '../store-shape.ts'
import type { OpenTaskStateOptions, StateProvider, StoredTask, TaskState } from '../task-state.ts'
import { MemoryEngine } from './memory-engine.ts'

/**
 * Keeps all state in this process's memory, whatever engine the stores are declared with.
 *
 * A task's state is gone when the task is closed and is restored from the changelog when it is opened again. Reads,
 * walks and `loadPrefetched` never answer with a promise.
 */
export function memoryState(): StateProvider {
  return new MemoryState()
}

interface Opened {
  readonly taskId: TaskId | 'global'
  /** Undefined while it is opened. */
  state: LayeredTaskState | undefined
}

class MemoryState implements StateProvider {
  readonly name = 'memory'
  readonly #open = new Map<string, Opened>()
  #closed = false

  async openTask(options: OpenTaskStateOptions): Promise<TaskState> {
    const name = options.taskId === 'global' ? 'global' : taskIdName(options.taskId)
    if (this.#closed)
      throw new LifecycleError(`Memory state is closed; task ${name} cannot open it`)
    if (this.#open.has(name)) throw new LifecycleError(`The state of task ${name} is open already`)
    const opened: Opened = { taskId: options.taskId, state: undefined }
    this.#open.set(name, opened)
    try {
      const stores = await prepareStores(options)
      const engine = new MemoryEngine(stores.map(({ shape }) => shape))
      const placed = stores.map((store) => ({ ...store, engine }))
      opened.state = new LayeredTaskState(options, placed, [engine], () => this.#open.delete(name))
      return opened.state
    } catch (error) {
      this.#open.delete(name)
      throw error
    }
  }

  storedTasks(): Promise<StoredTask[]> {
    const tasks: StoredTask[] = []
    for (const { taskId, state } of this.#open.values()) {
      if (taskId === 'global') continue
      tasks.push({ ...taskId, changelogOffsetSum: state?.changelogOffsetSum ?? 0 })
    }
    return Promise.resolve(tasks)
  }

  async destroyTask(taskId: TaskId | 'global'): Promise<void> {
    const name = taskId === 'global' ? 'global' : taskIdName(taskId)
    if (this.#open.has(name)) {
      throw new LifecycleError(
        `The state of task ${name} is open; close the task before deleting it`,
      )
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#open.values()].map(({ state }) => state?.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
