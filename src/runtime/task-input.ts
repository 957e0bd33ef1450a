import type { CommittedOffset, FetchedPartition, Isolation } from '../broker/port.ts'
import { TopologyError } from '../core/errors.ts'
import { taskIdName, type TaskId } from '../core/task-id.ts'
import { topicPartitionName, type TopicPartition } from '../core/topic-partition.ts'
import { PartitionGroup } from './partition-group.ts'
import { decodeOffsetMetadata, encodeOffsetMetadata } from './offset-metadata.ts'
import { RecordQueue, type RecordQueueOptions } from './record-queue.ts'
import type { TaskProgress } from './task-progress.ts'
import type { TaskSourceNode } from './task-source-node.ts'

/** What the input of a task is made of. */
export interface TaskInputOptions {
  readonly id: TaskId
  readonly partitions: readonly TopicPartition[]
  readonly isolation: Isolation
  readonly maxTaskIdleMs: number
  readonly maxChunkRecords: number
  readonly maxReadRecords: number | undefined
  readonly clock: RecordQueueOptions['clock']
  readonly onNegativeTimestamp: RecordQueueOptions['onNegativeTimestamp']
  /** What the processors of the task keep with the offsets. */
  readonly progress: TaskProgress
  sourceOf(topic: string): TaskSourceNode
}

/** The queues of a task's partitions: what was fetched, how far it was processed, and how far that was committed. */
export class TaskInput {
  readonly group: PartitionGroup
  readonly #options: TaskInputOptions
  readonly #id: TaskId
  readonly #isolation: Isolation
  readonly #progress: TaskProgress
  readonly #queues = new Map<string, RecordQueue>()
  readonly #committed = new Map<RecordQueue, number>()

  constructor(options: TaskInputOptions) {
    this.#options = options
    this.#id = options.id
    this.#isolation = options.isolation
    this.#progress = options.progress
    this.group = new PartitionGroup([], options.maxTaskIdleMs)
    this.read(options.partitions)
  }

  /** Reads these partitions from now on; what is buffered of others is dropped. */
  read(partitions: readonly TopicPartition[]): void {
    const before = new Map(this.#queues)
    this.#queues.clear()
    for (const { topic, partition } of partitions) {
      const name = topicPartitionName(topic, partition)
      this.#queues.set(name, before.get(name) ?? this.#newQueue(topic, partition))
    }
    for (const [name, queue] of before) {
      if (this.#queues.has(name)) continue
      queue.clear()
      this.#committed.delete(queue)
    }
    this.group.queues = [...this.#queues.values()]
  }

  get partitions(): readonly TopicPartition[] {
    return this.group.queues
  }

  get bufferedBytes(): number {
    let bytes = 0
    for (const queue of this.group.queues) bytes += queue.bufferedBytes
    return bytes
  }

  /** Throws `TopologyError` for a partition that the task does not read. */
  queue(topic: string, partition: number): RecordQueue {
    const queue = this.#queues.get(topicPartitionName(topic, partition))
    if (queue) return queue
    throw new TopologyError(
      `Task ${taskIdName(this.#id)} does not read partition ${partition} of ${topic}; ` +
        `it reads ${[...this.#queues.keys()].join(', ')}.`,
    )
  }

  add(fetched: FetchedPartition): void {
    const queue = this.queue(fetched.topic, fetched.partition)
    const readCommitted = this.#isolation === 'read_committed'
    const endOffset = readCommitted ? fetched.lastStableOffset : fetched.highWatermark
    queue.lagRecords = Math.max(0, endOffset - fetched.nextOffset)
    queue.add(fetched)
  }

  /** Takes over what the group had committed; gives the highest partition time in it. */
  restore(committed: readonly CommittedOffset[]): number {
    let highestMs = -1
    for (const { topic, partition, offset, metadata } of committed) {
      const queue = this.#queues.get(topicPartitionName(topic, partition))
      if (!queue) continue
      const { partitionTimeMs, progress } = decodeOffsetMetadata(metadata)
      queue.restoreTime(partitionTimeMs)
      this.#progress.restore(progress)
      this.#committed.set(queue, offset)
      highestMs = Math.max(highestMs, queue.partitionTimeMs)
    }
    return highestMs
  }

  /** Whether any partition was processed further than it was committed. */
  get moved(): boolean {
    return this.group.queues.some((queue) => this.#moved(queue))
  }

  /** The offsets of the partitions that moved on, which from here count as committed. */
  takeOffsets(): CommittedOffset[] {
    const offsets: CommittedOffset[] = []
    for (const queue of this.group.queues) {
      if (!this.#moved(queue)) continue
      const { topic, partition, partitionTimeMs } = queue
      const offset = queue.position!
      const progress = this.#progress.values
      const metadata = encodeOffsetMetadata({ partitionTimeMs, progress })
      offsets.push({ topic, partition, offset, metadata })
      this.#committed.set(queue, offset)
    }
    return offsets
  }

  clear(): void {
    for (const queue of this.group.queues) queue.clear()
  }

  #newQueue(topic: string, partition: number): RecordQueue {
    const {
      id: taskId,
      maxChunkRecords,
      maxReadRecords,
      clock,
      onNegativeTimestamp,
    } = this.#options
    const source = this.#options.sourceOf(topic)
    const shared = { taskId, source, maxChunkRecords, maxReadRecords, clock, onNegativeTimestamp }
    return new RecordQueue(topic, partition, shared)
  }

  #moved(queue: RecordQueue): boolean {
    return queue.position !== undefined && queue.position !== this.#committed.get(queue)
  }
}
