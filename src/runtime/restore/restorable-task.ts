import type { TaskId } from '../../core/task-id.ts'
import type { TopicPartition } from '../../core/topic-partition.ts'
import type { TaskState } from '../../state/task-state.ts'
import type { RecordDecoder } from '../record-decoder.ts'

/** What a store of a task is restored from. */
export interface StoreChangelog extends TopicPartition {
  readonly storeName: string
  /** Whether it is no changelog but the topic that the store is filled from. */
  readonly isSource: boolean
}

/** A task whose state is brought to where its changelogs are: an active one or a standby. */
export interface RestorableTask {
  readonly id: TaskId
  readonly name: string
  readonly state: TaskState
  readonly changelogs: readonly StoreChangelog[]
  /** Changelog records restored so far. */
  restored: number
  /** Reads records of a topic that a store is filled from, as an active task would. */
  decoderOf(place: TopicPartition): RecordDecoder
}
