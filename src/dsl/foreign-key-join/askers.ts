import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { TaskId } from '../../core/task-id.ts'

/** Subscribes a row anew, to be answered in any case. Answers whether it has a foreign key to ask for. */
export type Ask<K, V> = (row: V, record: Record<K, unknown>) => MaybePromise<boolean>

/**
 * How the step that takes answers reaches the one that subscribes: both are of one task, and no edge of the topology
 * leads from one to the other.
 */
export class Askers<K, V> {
  // A task has one object for its id, which its processors share and no other task does.
  readonly #byTask = new WeakMap<TaskId, Ask<K, V>>()

  set(taskId: TaskId, ask: Ask<K, V>): void {
    this.#byTask.set(taskId, ask)
  }

  get(taskId: TaskId): Ask<K, V> | undefined {
    return this.#byTask.get(taskId)
  }
}
