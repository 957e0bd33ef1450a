import type { TaskId } from '../core/task-id.ts'
import type { Change } from '../state/task-state.ts'
import {
  decoratedTopicName,
  type SubTopology,
  type TopologyPlan,
} from '../topology/topology-plan.ts'
import type { RecordCollector } from './record-collector.ts'

/** What a {@link ChangelogWriter} needs to know of its task. */
export interface ChangelogWriterOptions {
  readonly id: TaskId
  readonly applicationId: string
  readonly plan: TopologyPlan
  readonly subTopology: SubTopology
  readonly collector: RecordCollector
}

/** Writes the changes of a task's stores to their changelog topics, at the task's own partition. */
export class ChangelogWriter {
  readonly #topics = new Map<string, string>()
  readonly #partition: number
  readonly #collector: RecordCollector

  constructor(options: ChangelogWriterOptions) {
    const { plan, applicationId, subTopology } = options
    for (const [store, logicalName] of subTopology.changelogs) {
      this.#topics.set(store, decoratedTopicName(plan, applicationId, logicalName))
    }
    this.#partition = options.id.partition
    this.#collector = options.collector
  }

  /** The changelog topics on the broker of all stores that are logged. */
  get topics(): readonly string[] {
    return [...this.#topics.values()]
  }

  /** The changelog topic on the broker of a store; undefined where the store is not logged. */
  topicOf(storeName: string): string | undefined {
    return this.#topics.get(storeName)
  }

  /** Appends one change; of a store that is not logged it is dropped. Bound, so that it can be passed on. */
  readonly write = (change: Change): void => {
    const topic = this.#topics.get(change.storeName)
    if (topic === undefined) return
    this.#collector.send(
      topic,
      this.#partition,
      change.timestampMs,
      change.key,
      change.value,
      change.headers,
    )
  }
}
