import type { Fetcher } from '../broker/port.ts'
import { nameOfPartition, type TopicPartition } from '../core/topic-partition.ts'
import type { ActiveTask } from './active-task.ts'
import { takeUp, type StartPositions } from './start-positions.ts'
import type { TaskManager } from './task-manager.ts'
import type { TaskInputs } from './topic-layout.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What a change of a task's inputs works with. */
export interface InputChangesParts {
  readonly tasks: TaskManager
  readonly fetcher: Fetcher
  readonly positions: StartPositions
}

/** Has tasks that stay read other partitions than before, where topics came or went, without closing them. */
export class InputChanges {
  readonly #options: WorkerOptions
  readonly #parts: InputChangesParts

  constructor(options: WorkerOptions, parts: InputChangesParts) {
    this.#options = options
    this.#parts = parts
  }

  /** The tasks of this worker whose inputs are others now. */
  pending(layout: ReadonlyMap<string, TaskInputs>): ActiveTask[] {
    return this.#parts.tasks.all.filter((task) => {
      const inputs = layout.get(task.name)
      return inputs !== undefined && !samePartitions(inputs.partitions, task.inputs.partitions)
    })
  }

  /** What the task has not processed of partitions that it loses is dropped: their topics are gone. */
  async change(task: ActiveTask, inputs: TaskInputs): Promise<void> {
    const { tasks, fetcher } = this.#parts
    const before = task.inputs.partitions
    const removed = without(before, inputs.partitions)
    const added = without(inputs.partitions, before)
    if (removed.length > 0) {
      fetcher.unassign(removed)
      await task.task.settle()
    }
    tasks.changeInputs(task, inputs)
    // One that does not run yet takes them up with all the others.
    if (task.phase === 'running' && added.length > 0) await this.#begin(task, added)
    this.#options.logger.info('A task reads other partitions now', {
      task: task.name,
      added: added.map(nameOfPartition),
      removed: removed.map(nameOfPartition),
    })
  }

  async #begin(task: ActiveTask, added: readonly TopicPartition[]): Promise<void> {
    const { positions: starts, fetcher } = this.#parts
    const { broker, applicationId } = this.#options
    const committed = await broker.committedOffsets(applicationId, added)
    const positions = await starts.find(added, committed)
    const ends = await starts.ends(positions)
    task.resumeFrom(committed)
    takeUp(task, positions, ends)
    fetcher.assign(positions)
  }
}

function samePartitions(one: readonly TopicPartition[], other: readonly TopicPartition[]): boolean {
  return one.length === other.length && without(one, other).length === 0
}

function without(
  partitions: readonly TopicPartition[],
  others: readonly TopicPartition[],
): TopicPartition[] {
  const names = new Set(others.map(nameOfPartition))
  return partitions.filter((each) => !names.has(nameOfPartition(each)))
}
