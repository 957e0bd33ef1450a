import { LifecycleError } from '../../core/errors.ts'
import { taskIdName, type TaskId } from '../../core/task-id.ts'
import { LayeredTaskState } from '../../state/layered-task-state.ts'
import { MemoryEngine } from '../../state/memory/memory-engine.ts'
import { prepareStores, type PreparedStore } from '../../state/store-shape.ts'
import type {
  OpenTaskStateOptions,
  StateProvider,
  StoredTask as ListedTask,
  TaskState,
} from '../../state/task-state.ts'
import { DiskEngine, type DiskPort } from './disk-engine.ts'

/** What is on a disk of one task. */
export interface StoredTask {
  readonly taskId: TaskId | 'global'
  readonly engine: MemoryEngine
  /** What the task was opened with last. */
  options: OpenTaskStateOptions
}

/** What a machine keeps of its tasks whatever becomes of its processes: what was written, up to the last whole batch. */
export class SimulatedDisk {
  readonly processId: string
  readonly tasks: Map<string, StoredTask> = new Map()

  constructor(processId: string) {
    this.processId = processId
  }
}

/** The state of one process, on the disk of its machine. */
export class SimulatedState implements StateProvider {
  readonly name = 'simulated disk'
  readonly #disk: SimulatedDisk
  readonly #port: DiskPort
  readonly #open = new Map<string, TaskState | undefined>()
  #closed = false

  constructor(disk: SimulatedDisk, port: DiskPort) {
    this.#disk = disk
    this.#port = port
  }

  async openTask(options: OpenTaskStateOptions): Promise<TaskState> {
    const name = nameOf(options.taskId)
    if (this.#closed) throw new LifecycleError(`The simulated disk is closed to task ${name}`)
    if (this.#open.has(name)) throw new LifecycleError(`The state of task ${name} is open already`)
    this.#open.set(name, undefined)
    try {
      const stores = await prepareStores(options)
      await this.#port.turn()
      const inMemory = stores.filter(({ spec }) => spec.engine === 'memory')
      const onDisk = stores.filter(({ spec }) => spec.engine !== 'memory')
      const memory = new MemoryEngine(inMemory.map(({ shape }) => shape))
      const stored = this.#stored(name, options, onDisk)
      const disk = new DiskEngine(stored.engine, this.#port)
      const placed = stores.map((store) => ({
        ...store,
        engine: store.spec.engine === 'memory' ? memory : disk,
      }))
      const close = (): void => void this.#open.delete(name)
      const state = new LayeredTaskState(options, placed, [disk, memory], close)
      this.#open.set(name, state)
      return state
    } catch (error) {
      this.#open.delete(name)
      throw error
    }
  }

  async storedTasks(): Promise<ListedTask[]> {
    await this.#port.turn()
    return [...this.#disk.tasks.values()].flatMap(({ taskId, engine: { offsetSum } }) =>
      taskId === 'global' ? [] : [{ ...taskId, changelogOffsetSum: offsetSum }],
    )
  }

  async processId(): Promise<string> {
    await this.#port.turn()
    return this.#disk.processId
  }

  async destroyTask(taskId: TaskId | 'global'): Promise<void> {
    await this.#port.turn()
    const name = nameOf(taskId)
    if (this.#open.has(name)) throw new LifecycleError(`The state of task ${name} is open`)
    this.#disk.tasks.delete(name)
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#open.values()].map((state) => state?.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #stored(
    name: string,
    options: OpenTaskStateOptions,
    stores: readonly PreparedStore[],
  ): StoredTask {
    const { tasks } = this.#disk
    const stored = tasks.get(name)
    if (stored) {
      stored.options = options
      return stored
    }
    const engine = new MemoryEngine(stores.map(({ shape }) => shape))
    const made = { taskId: options.taskId, engine, options }
    tasks.set(name, made)
    return made
  }
}

function nameOf(taskId: TaskId | 'global'): string {
  return taskId === 'global' ? 'global' : taskIdName(taskId)
}
