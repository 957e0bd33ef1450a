import type { AsyncCloseable } from '../../core/disposable.ts'
import { HeldTaskState } from '../held-task-state.ts'
import { changelogsOf } from '../task-changelogs.ts'
import { inputsOfTask, type TaskInputs } from '../topic-layout.ts'
import type { WorkerOptions } from '../worker-options.ts'
import type { StandbyStatus } from '../worker-status.ts'
import { StandbyFollower, type StandbyFollowerParts } from './standby-follower.ts'
import { StandbyTask } from './standby-task.ts'

/** What standbys need of the worker. */
export interface StandbyTasksParts extends Omit<StandbyFollowerParts, 'tasks'> {
  /** All tasks that there are now, by name. */
  readonly layout: () => ReadonlyMap<string, TaskInputs>
  /** Called for each standby that is opened or goes. */
  readonly onOpened: (task: StandbyTask) => void
  readonly onGone: (task: StandbyTask) => void
}

/**
 * The standbys of a worker: opens and closes them, and has them follow their changelogs beside the processing of active
 * tasks, with whom it exchanges states that are open.
 */
export class StandbyTasks implements AsyncCloseable {
  readonly #options: WorkerOptions
  readonly #parts: StandbyTasksParts
  readonly #tasks = new Map<string, StandbyTask>()
  readonly #follower: StandbyFollower

  constructor(options: WorkerOptions, parts: StandbyTasksParts) {
    this.#options = options
    this.#parts = parts
    const tasks = (): readonly StandbyTask[] => this.all
    this.#follower = new StandbyFollower(options, { ...parts, tasks })
  }

  get all(): readonly StandbyTask[] {
    return [...this.#tasks.values()]
  }

  has(name: string): boolean {
    return this.#tasks.has(name)
  }

  /** Has these tasks as standbys and no others. */
  async assign(names: readonly string[]): Promise<void> {
    const wanted = new Set(names)
    const isSame = names.length === this.#tasks.size && names.every((name) => this.has(name))
    if (!isSame) {
      await this.#follower.stop()
      for (const task of this.all) if (!wanted.has(task.name)) await this.#close(task)
      for (const name of wanted) {
        if (this.has(name)) continue
        const inputs = inputsOfTask(this.#parts.layout(), name, 'a standby of task')
        this.#add(inputs, await HeldTaskState.open(this.#options, inputs))
      }
    }
    this.#follower.start()
  }

  /**
   * Hands the open state of a standby over to the task that becomes active here, as far as it has come; undefined where
   * there is no such standby. {@link assign} is to be called after it.
   */
  async release(name: string): Promise<HeldTaskState | undefined> {
    const task = this.#tasks.get(name)
    if (!task) return undefined
    await this.#follower.stop()
    this.#remove(task)
    return task.held
  }

  /** Takes over the open state of a task that was active here. {@link assign} is to be called after it. */
  async takeOver(inputs: TaskInputs, held: HeldTaskState): Promise<void> {
    await this.#follower.stop()
    this.#add(inputs, held)
  }

  /** Throws what following a changelog failed with. */
  throwIfFailed(): void {
    this.#follower.throwIfFailed()
  }

  /** After a failure: lets go of all standbys where one of them had failed, to be opened anew. */
  async recover(): Promise<void> {
    if (this.#follower.hasFailed) await this.close()
  }

  status(): StandbyStatus[] {
    return this.all.map((task) => task.status())
  }

  /** Closes all; each is where it was at its last batch. */
  async close(): Promise<void> {
    await this.#follower.stop()
    const closing = this.all.map((task) => this.#close(task))
    await this.#follower.closeFetcher()
    await Promise.all(closing)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #add(inputs: TaskInputs, held: HeldTaskState): void {
    const changelogs = changelogsOf(this.#options, inputs)
    const task = new StandbyTask(this.#options, { inputs, held, changelogs })
    this.#tasks.set(task.name, task)
    this.#parts.onOpened(task)
  }

  #remove(task: StandbyTask): void {
    this.#tasks.delete(task.name)
    this.#follower.forget(task)
    this.#parts.onGone(task)
  }

  async #close(task: StandbyTask): Promise<void> {
    this.#remove(task)
    await task.state.close()
  }
}
