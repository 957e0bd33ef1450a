import { taskIdName, type TaskId } from '../../core/task-id.ts'
import type { TopicPartition } from '../../core/topic-partition.ts'
import type { TaskState } from '../../state/task-state.ts'
import { decoratedTopicName } from '../../topology/topology-plan.ts'
import type { HeldTaskState } from '../held-task-state.ts'
import { RecordDecoder } from '../record-decoder.ts'
import type { ChangelogReading } from '../restore/changelog-reading.ts'
import type { RestorableTask, StoreChangelog } from '../restore/restorable-task.ts'
import { TaskSourceNode } from '../task-source-node.ts'
import type { TaskInputs } from '../topic-layout.ts'
import type { WorkerOptions } from '../worker-options.ts'
import type { StandbyStatus } from '../worker-status.ts'

/**
 * A copy of a task's state that is kept near the end of its changelogs, so that the task can move here without restoring
 * all of it. It runs no code of the user's but the serdes and extractors of topics that stores are filled from.
 *
 * @remarks Source: `org.apache.kafka.streams.processor.internals.StandbyTask`.
 */
export class StandbyTask implements RestorableTask {
  readonly id: TaskId
  readonly name: string
  readonly inputs: TaskInputs
  readonly held: HeldTaskState
  readonly changelogs: readonly StoreChangelog[]
  restored = 0
  /** Empty until it is known where the changelogs are. */
  readings: readonly ChangelogReading[] = []
  readonly #options: WorkerOptions

  constructor(
    options: WorkerOptions,
    parts: {
      readonly inputs: TaskInputs
      readonly held: HeldTaskState
      readonly changelogs: readonly StoreChangelog[]
    },
  ) {
    this.#options = options
    this.inputs = parts.inputs
    this.id = parts.inputs.taskId
    this.name = taskIdName(this.id)
    this.held = parts.held
    this.changelogs = parts.changelogs
  }

  get state(): TaskState {
    return this.held.state
  }

  decoderOf(place: TopicPartition): RecordDecoder {
    const { applicationId, plan, environment, timestampExtractor, clock } = this.#options
    for (const node of this.inputs.subTopology.nodes) {
      if (node.type !== 'source') continue
      const topics = node.topics.map((topic) => decoratedTopicName(plan, applicationId, topic))
      if (!topics.includes(place.topic)) continue
      const source = new TaskSourceNode(node, environment, timestampExtractor)
      return new RecordDecoder(place, { taskId: this.id, source, clock, onNegativeTimestamp() {} })
    }
    throw new Error(`No source of task ${this.name} reads ${place.topic}`)
  }

  /** Changelog records that the copy lacks; undefined until that is known. */
  get lagRecords(): number | undefined {
    if (this.readings.length < this.changelogs.length) return undefined
    return this.readings.reduce((sum, { lag }) => sum + lag, 0)
  }

  status(): StandbyStatus {
    const { id: taskId, restored, lagRecords } = this
    const stores = this.readings.map(({ changelog, position, endOffset, lag }) => ({
      storeName: changelog.storeName,
      topic: changelog.topic,
      partition: changelog.partition,
      offset: position,
      endOffset,
      lagRecords: lag,
    }))
    return { taskId, restored, lagRecords, stores }
  }
}
