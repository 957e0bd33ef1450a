import { unpacked } from '../core/byte-text.ts'
import type { TaskId } from '../core/task-id.ts'
import type { Change, WriteChange } from '../state/task-state.ts'
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
  readonly #written = new Map<string, string>()
  readonly #partition: number
  readonly #collector: RecordCollector

  constructor(options: ChangelogWriterOptions) {
    const { plan, applicationId, subTopology } = options
    for (const [store, logicalName] of subTopology.changelogs) {
      const topic = decoratedTopicName(plan, applicationId, logicalName)
      this.#topics.set(store, topic)
      // A source topic that a store is restored from has its records already.
      if (plan.internalTopics.has(logicalName)) this.#written.set(store, topic)
    }
    this.#partition = options.id.partition
    this.#collector = options.collector
  }

  /** The changelog topics on the broker that are written to. */
  get topics(): readonly string[] {
    return [...this.#written.values()]
  }

  /** The topic on the broker that a store is restored from; undefined where there is none. */
  topicOf(storeName: string): string | undefined {
    return this.#topics.get(storeName)
  }

  /** Appends one change; of a store that is not logged it is dropped. Bound, so that it can be passed on. */
  readonly write = ({ storeName, key, value, timestampMs, headers }: Change): void =>
    this.append(storeName, key, value, timestampMs, headers)

  /** The same with the change in parts. */
  readonly append: WriteChange = (storeName, key, value, timestampMs, headers) => {
    const topic = this.#written.get(storeName)
    if (topic === undefined) return
    const collector = this.#collector
    if (collector.takesText) {
      collector.send(topic, this.#partition, timestampMs, key, value, headers)
      return
    }
    const valueBytes = value === null ? null : unpacked(value)
    collector.send(topic, this.#partition, timestampMs, unpacked(key), valueBytes, headers)
  }
}
