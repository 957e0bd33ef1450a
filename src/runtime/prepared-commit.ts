import type { CommittedOffset } from '../broker/port.ts'
import type { SealedChanges } from '../state/task-state.ts'

/** What belongs to one commit of a task. */
export interface PreparedCommit {
  /** To be passed to `TaskState.apply` once the broker has said committed, or dropped with `discard`. */
  readonly sealed: SealedChanges
  /** The next offset to process of each partition that moved on, with the partition's time as metadata. */
  readonly offsets: readonly CommittedOffset[]
  /** The task's stream time as of this commit; −1 before the first record. */
  readonly streamTimeMs: number
}
