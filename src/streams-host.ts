import type { WaitOptions } from './broker/port.ts'
import type { QueryHost } from './query/query-host.ts'
import type { WorkerStateListener } from './runtime/worker-lifecycle.ts'

/** What runs an application's tasks in this process: one worker in this thread, or one in each of several. */
export interface StreamsHost extends QueryHost {
  /** Reaches the broker. */
  connect(options?: WaitOptions): Promise<void>
  /** Resolves when the tasks are restored and running. */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Resolves when all was stopped; rejects with what ended it. */
  readonly closed: Promise<void>
  onStateChange(listener: WorkerStateListener): () => void
  /** Finishes what is in hand, commits and leaves the group. */
  stop(options?: { readonly timeoutMs?: number }): Promise<void>
  /** Closes state and connections, after {@link stop}. */
  close(): Promise<void>
}
