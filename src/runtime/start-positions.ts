import type { Broker, PartitionOffset } from '../broker/port.ts'
import {
  nameOfPartition,
  topicPartitionName,
  type TopicPartition,
} from '../core/topic-partition.ts'
import { readsTopic } from '../topology/matched-topics.ts'
import { decoratedTopicName, type OffsetReset } from '../topology/topology-plan.ts'
import { isolationOf, type ActiveTask } from './active-task.ts'
import type { WorkerOptions } from './worker-options.ts'

/** Says where reading of input partitions begins. */
export class StartPositions {
  readonly #options: WorkerOptions
  readonly #repartitionTopics: ReadonlySet<string>

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#repartitionTopics = repartitionTopicsOf(options)
  }

  /** At the committed offset, else where the source, or the configuration, says. */
  async find(
    partitions: readonly TopicPartition[],
    committed: readonly PartitionOffset[],
  ): Promise<PartitionOffset[]> {
    const known = new Map(committed.map((each) => [nameOfPartition(each), each.offset]))
    const missing = partitions.filter((each) => !known.has(nameOfPartition(each)))
    for (const at of ['earliest', 'latest'] as const) {
      const those = missing.filter((each) => this.#resetOf(each.topic) === at)
      if (those.length === 0) continue
      for (const found of await this.#listOffsets(those, at))
        known.set(nameOfPartition(found), found.offset)
    }
    return partitions.map(({ topic, partition }) => ({
      topic,
      partition,
      offset: known.get(topicPartitionName(topic, partition))!,
    }))
  }

  /** Where partitions end now, as far as the guarantee lets this worker read. */
  ends(partitions: readonly TopicPartition[]): Promise<PartitionOffset[]> {
    return this.#listOffsets(partitions, 'latest')
  }

  #listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest',
  ): ReturnType<Broker['listOffsets']> {
    const { broker, config } = this.#options
    return broker.listOffsets(partitions, at, isolationOf(config.processingGuarantee))
  }

  #resetOf(brokerTopic: string): OffsetReset {
    // What is in a repartition topic came from this application and is always read whole.
    if (this.#repartitionTopics.has(brokerTopic)) return 'earliest'
    const { plan, config } = this.#options
    for (const { nodes } of plan.subTopologies) {
      for (const node of nodes) {
        if (node.type === 'source' && node.offsetReset && readsTopic(node, brokerTopic)) {
          return node.offsetReset
        }
      }
    }
    return config.offsetReset
  }
}

/** Notes of a task's partitions where reading begins and where they end, by which it chooses between them. */
export function takeUp(
  task: ActiveTask,
  positions: readonly PartitionOffset[],
  ends: readonly PartitionOffset[],
): void {
  const endOf = new Map(ends.map((each) => [nameOfPartition(each), each.offset]))
  for (const { topic, partition, offset } of positions) {
    const end = endOf.get(topicPartitionName(topic, partition)) ?? offset
    task.noteStart(topic, partition, offset)
    task.noteEnd(topic, partition, end)
    task.task.updateLag(topic, partition, Math.max(0, end - offset))
  }
}

/** The repartition topics of an application, by their names on the broker. */
export function repartitionTopicsOf({ plan, applicationId }: WorkerOptions): ReadonlySet<string> {
  const repartition = [...plan.internalTopics.values()].filter(
    (topic) => topic.kind === 'repartition',
  )
  return new Set(repartition.map(({ name }) => decoratedTopicName(plan, applicationId, name)))
}
