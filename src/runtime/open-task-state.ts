import { StateCorruptedError } from '../core/errors.ts'
import type { OpenTaskStateOptions, TaskState } from '../state/task-state.ts'
import type { WorkerOptions } from './worker-options.ts'

/**
 * Opens the state of a task. What cannot be opened is deleted, to be restored, where the configuration says so.
 *
 * @throws StateCorruptedError where it does not, saying how to have it restored
 */
export async function openTaskState(
  { state, config, logger }: WorkerOptions,
  options: OpenTaskStateOptions,
): Promise<TaskState> {
  try {
    return await state.openTask(options)
  } catch (error) {
    if (!(error instanceof StateCorruptedError)) throw error
    if (config.onCorruptState === 'fail') {
      throw new StateCorruptedError(
        `${error.message}. With onCorruptState: 'restore' the worker does that itself`,
        { cause: error },
      )
    }
    logger.warn('Deleting state that cannot be opened, to restore it from the changelogs', {
      state: state.name,
      reason: error.message,
    })
    await state.destroyTask(options.taskId)
    return await state.openTask(options)
  }
}
