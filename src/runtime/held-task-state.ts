import type { SerdeEnvironment } from '../serdes/serde.ts'
import { LastWrite } from '../state/last-write.ts'
import type { Change, StoreClock, TaskState } from '../state/task-state.ts'
import { decoratedTopicName } from '../topology/topology-plan.ts'
import { openTaskState } from './open-task-state.ts'
import type { TaskInputs } from './topic-layout.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What the state tells the task that writes to it. */
export interface StateUser {
  onChange(change: Change): void
  onExpired(storeName: string, windowStartMs: number): void
}

/**
 * The open state of a task, which is a standby's at one time and an active task's at another: it is handed over as it
 * is, open, and only who uses it changes.
 */
export class HeldTaskState {
  readonly state: TaskState
  readonly storeClock: StoreClock
  readonly #users: { user: StateUser | undefined }

  private constructor(
    state: TaskState,
    storeClock: StoreClock,
    users: { user: StateUser | undefined },
  ) {
    this.state = state
    this.storeClock = storeClock
    this.#users = users
  }

  /** Opens the state of a task, which nobody uses yet. */
  static async open(options: WorkerOptions, inputs: TaskInputs): Promise<HeldTaskState> {
    const { applicationId, plan, config } = options
    const { taskId, subTopology } = inputs
    const environment: SerdeEnvironment = options.environment
    const clock: StoreClock = {
      recordTimestampMs: -1,
      streamTimeMs: -1,
      lastWrite: new LastWrite(),
    }
    const users: { user: StateUser | undefined } = { user: undefined }
    const state = await openTaskState(options, {
      taskId,
      specs: subTopology.stores,
      clock,
      environment,
      onChange: (change) => users.user?.onChange(change),
      logsAtOnce: config.processingGuarantee === 'exactly_once',
      onExpired: (storeName, windowStartMs) => users.user?.onExpired(storeName, windowStartMs),
      isRestorable: (storeName) => subTopology.changelogs.has(storeName),
      changelogTopic: (storeName) => {
        const logicalName = subTopology.changelogs.get(storeName) ?? `${storeName}-changelog`
        return decoratedTopicName(plan, applicationId, logicalName)
      },
    })
    return new HeldTaskState(state, clock, users)
  }

  /** Makes the state a task's, which takes it as it was last committed. */
  use(user: StateUser): void {
    this.#users.user = user
  }

  /** Ends a task's use: what it has not committed is dropped, and with it the times that it had come to. */
  free(): void {
    this.state.discard()
    this.#users.user = undefined
    this.storeClock.recordTimestampMs = -1
    this.storeClock.streamTimeMs = -1
    this.storeClock.recordHeaders = undefined
  }
}
