import type { CommittedOffset, Isolation } from '../broker/port.ts'
import { taskIdName, type TaskId } from '../core/task-id.ts'
import { topicPartitionName, type TopicPartition } from '../core/topic-partition.ts'
import type { StateStore } from '../state/store.ts'
import type { TaskState } from '../state/task-state.ts'
import type { HeldTaskState } from './held-task-state.ts'
import type { RecordDecoder } from './record-decoder.ts'
import type { RestorableTask, StoreChangelog } from './restore/restorable-task.ts'
import type { PreparedCommit, StreamTask } from './stream-task.ts'
import type { TaskInputs } from './topic-layout.ts'
import type { PartitionProgress, StoreView, TaskStatus } from './worker-status.ts'

interface Progress {
  readonly partition: TopicPartition
  committed: CommittedOffset | undefined
  endOffset: number | undefined
}

/** A task that this worker has: what runs it, its state, and how far both are. */
export class ActiveTask implements RestorableTask {
  readonly id: TaskId
  readonly name: string
  readonly task: StreamTask
  readonly #held: HeldTaskState
  readonly changelogs: readonly StoreChangelog[]
  /** Whether some store writes each update to its changelog as it happens. */
  readonly logsEveryUpdate: boolean
  phase: TaskStatus['state'] = 'created'
  restored = 0
  restoreRemaining = 0
  /** As of the last commit. */
  streamTimeMs = -1
  #inputs: TaskInputs
  readonly #progress = new Map<string, Progress>()

  constructor(parts: {
    readonly inputs: TaskInputs
    readonly task: StreamTask
    readonly held: HeldTaskState
    readonly changelogs: readonly StoreChangelog[]
  }) {
    this.#inputs = parts.inputs
    this.id = parts.inputs.taskId
    this.name = taskIdName(this.id)
    this.task = parts.task
    this.#held = parts.held
    this.changelogs = parts.changelogs
    this.logsEveryUpdate = parts.inputs.subTopology.stores.some(
      ({ logging }) => logging.enabled && logging.everyUpdate,
    )
    this.#readPartitions(parts.inputs.partitions)
  }

  get inputs(): TaskInputs {
    return this.#inputs
  }

  /** Has the task read these partitions from now on, where topics came or went. */
  changeInputs(inputs: TaskInputs): void {
    this.task.changeInputs(inputs.subTopology, inputs.partitions)
    this.#inputs = inputs
    this.#readPartitions(inputs.partitions)
  }

  get state(): TaskState {
    return this.#held.state
  }

  decoderOf(place: TopicPartition): RecordDecoder {
    return this.task.decoderOf(place)
  }

  /** Takes over where the group had got to, when the task comes to this worker. */
  resumeFrom(committed: readonly CommittedOffset[]): void {
    this.task.restorePartitionTimes(committed)
    this.streamTimeMs = this.task.streamTimeMs
    this.#noteOffsets(committed)
  }

  /** Notes where a partition ends on the broker. */
  noteEnd(topic: string, partition: number, endOffset: number): void {
    const progress = this.#progress.get(topicPartitionName(topic, partition))
    if (progress) progress.endOffset = endOffset
  }

  /** Notes where reading begins of a partition that has no committed offset. */
  noteStart(topic: string, partition: number, offset: number): void {
    const progress = this.#progress.get(topicPartitionName(topic, partition))
    if (progress) progress.committed ??= { topic, partition, offset }
  }

  /** What was committed last of each partition; committing it again changes nothing. */
  get places(): CommittedOffset[] {
    return [...this.#progress.values()].flatMap(({ committed }) => (committed ? [committed] : []))
  }

  /**
   * Makes a commit that the broker has taken the task's state.
   *
   * What the producer wrote last may lie before what was restored, where the task was elsewhere in between.
   */
  async applyCommitted(
    prepared: PreparedCommit,
    lastOffset: (changelog: TopicPartition) => number | undefined,
  ): Promise<void> {
    const offsets = new Map<string, number>()
    for (const changelog of this.changelogs) {
      const known = this.state.changelogOffset(changelog.storeName)
      const last = lastOffset(changelog)
      const next = changelog.isSource
        ? (processedOffset(prepared, changelog) ?? known)
        : last === undefined
          ? known
          : Math.max(last + 1, known ?? 0)
      if (next !== undefined) offsets.set(changelog.storeName, next)
    }
    await this.state.apply(prepared.sealed, offsets)
    this.streamTimeMs = prepared.streamTimeMs
    this.#noteOffsets(prepared.offsets)
  }

  /** Drops what is not committed, and with it the task's place in its input. */
  async closeDirty(): Promise<void> {
    this.state.discard()
    await this.close()
  }

  /** Closes the task and gives its state away, open, at what is committed. */
  async retire(): Promise<HeldTaskState> {
    this.phase = 'closed'
    try {
      await this.task.close()
    } catch (error) {
      await this.state.close()
      throw error
    }
    this.#held.free()
    return this.#held
  }

  /** After a commit, or where nothing was to be committed. */
  async close(): Promise<void> {
    this.phase = 'closed'
    try {
      await this.task.close()
    } finally {
      await this.state.close()
    }
  }

  status(): TaskStatus {
    const { heldBack } = this.task
    return {
      taskId: this.id,
      state: this.phase,
      streamTimeMs: this.streamTimeMs,
      partitions: [...this.#progress.values()].map(progressOf),
      restored: this.restored,
      restoreRemaining: this.restoreRemaining,
      ...(heldBack && { heldBack }),
    }
  }

  /** A store of the task as queries see it; `store` throws until it is restored. */
  view(storeName: string, partitions: number, restored: () => StateStore): StoreView {
    const lags = [...this.#progress.values()].map((each) => progressOf(each).lagRecords)
    return {
      storeName,
      taskId: this.id,
      partition: this.id.partition,
      partitions,
      get store() {
        return restored()
      },
      asOfMs: this.streamTimeMs,
      lagRecords: lags.includes(undefined)
        ? undefined
        : lags.reduce<number>((sum, lag) => sum + lag!, 0),
    }
  }

  #readPartitions(partitions: readonly TopicPartition[]): void {
    const before = new Map(this.#progress)
    this.#progress.clear()
    for (const partition of partitions) {
      const name = topicPartitionName(partition.topic, partition.partition)
      const fresh = { partition, committed: undefined, endOffset: undefined }
      this.#progress.set(name, before.get(name) ?? fresh)
    }
  }

  #noteOffsets(offsets: readonly CommittedOffset[]): void {
    for (const each of offsets) {
      const progress = this.#progress.get(topicPartitionName(each.topic, each.partition))
      if (progress) progress.committed = each
    }
  }
}

/** Up to where a commit has processed a partition; undefined where it did not move. */
function processedOffset(
  { offsets }: PreparedCommit,
  { topic, partition }: TopicPartition,
): number | undefined {
  return offsets.find((each) => each.topic === topic && each.partition === partition)?.offset
}

function progressOf({ partition, committed, endOffset }: Progress): PartitionProgress {
  const committedOffset = committed?.offset
  const known = committedOffset !== undefined && endOffset !== undefined
  return {
    ...partition,
    committedOffset,
    endOffset,
    lagRecords: known ? Math.max(0, endOffset - committedOffset) : undefined,
  }
}

/** How far a guarantee lets a worker read. */
export function isolationOf(guarantee: 'exactly_once' | 'at_least_once'): Isolation {
  return guarantee === 'exactly_once' ? 'read_committed' : 'read_uncommitted'
}
