import type { CommittedOffset, Fetcher, PartitionOffset } from '../broker/port.ts'
import { LifecycleError, TopologyError } from '../core/errors.ts'
import { topicPartitionName, type TopicPartition } from '../core/topic-partition.ts'
import type { OffsetReset } from '../topology/topology-plan.ts'
import { decoratedTopicName } from '../topology/topology-plan.ts'
import { isolationOf, type ActiveTask } from './active-task.ts'
import { decodeAssignmentData } from './assignor/member-data.ts'
import type { GroupSession } from './group-session.ts'
import type { ChangelogRestorer } from './restore/changelog-restorer.ts'
import type { TaskManager } from './task-manager.ts'
import type { TaskInputs } from './topic-layout.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What a rebalance works with. */
export interface RebalancerParts {
  readonly session: GroupSession
  readonly tasks: TaskManager
  readonly fetcher: Fetcher
  readonly restorer: ChangelogRestorer
  readonly layout: () => Promise<ReadonlyMap<string, TaskInputs>>
  /** Whether restoring should stop, since there is something else to do first. */
  readonly interrupted: () => boolean
  /** Brings up to date what this member says about itself. */
  readonly beforeJoin: () => Promise<void>
  readonly onOpened: (task: ActiveTask) => void
}

/** Takes part in a rebalance and makes this worker's tasks what the group says they are. */
export class Rebalancer {
  readonly #options: WorkerOptions
  readonly #parts: RebalancerParts

  constructor(options: WorkerOptions, parts: RebalancerParts) {
    this.#options = options
    this.#parts = parts
  }

  /**
   * Joins the group, closes the tasks that went to others, and opens and restores those that came. What the tasks had
   * done is committed before. Returns false where it was interrupted and has to be done again.
   */
  async rebalance(signal: AbortSignal): Promise<boolean> {
    const { session, tasks, restorer, interrupted } = this.#parts
    await this.#parts.beforeJoin()
    const { assignment, continuous } = await session.join({ signal })
    const { tasks: wanted, refused } = decodeAssignmentData(assignment.userData)
    if (refused !== undefined) throw new TopologyError(refused)
    // What another worker may have moved on meanwhile is opened anew, from what is committed now.
    await this.#closeOthers(new Set(continuous ? wanted : []))
    await this.#open(wanted)
    const arriving = tasks.all.filter((task) => task.phase !== 'running')
    const logger = this.#options.logger
    logger.info('Joined the group', { tasks: wanted, restoring: arriving.map((task) => task.name) })
    // The offsets come first: reading them waits for transactions of a former owner, whose changes are restored then.
    const committed = await this.#committedOffsets(arriving, signal)
    for (const task of arriving) task.phase = 'restoring'
    if (!(await restorer.restore(arriving, interrupted))) return false
    await this.#begin(arriving, committed)
    return true
  }

  /** Stops fetching for a task and lets it go. */
  async close(task: ActiveTask, dirty: boolean): Promise<void> {
    this.#parts.fetcher.unassign(task.inputs.partitions)
    await this.#parts.tasks.close(task, dirty)
  }

  async #closeOthers(wanted: ReadonlySet<string>): Promise<void> {
    for (const task of this.#parts.tasks.all) {
      if (!wanted.has(task.name)) await this.close(task, task.phase !== 'running')
    }
  }

  async #open(wanted: readonly string[]): Promise<void> {
    const layout = await this.#parts.layout()
    for (const name of wanted) {
      if (this.#parts.tasks.has(name)) continue
      const inputs = layout.get(name)
      if (!inputs) {
        throw new LifecycleError(
          `The group gave this worker task ${name}, which its topology does not have; the workers ` +
            'differ in their topology or see differing partition counts',
        )
      }
      this.#parts.onOpened(await this.#parts.tasks.open(inputs))
    }
  }

  async #committedOffsets(
    tasks: readonly ActiveTask[],
    signal: AbortSignal,
  ): Promise<CommittedOffset[]> {
    const partitions = tasks.flatMap((task) => task.inputs.partitions)
    if (partitions.length === 0) return []
    const { broker, applicationId } = this.#options
    return await broker.committedOffsets(applicationId, partitions, { signal })
  }

  async #begin(
    arriving: readonly ActiveTask[],
    committed: readonly CommittedOffset[],
  ): Promise<void> {
    const positions = await this.startPositions(
      arriving.flatMap((task) => task.inputs.partitions),
      committed,
    )
    const isolation = isolationOf(this.#options.config.processingGuarantee)
    const ends = await this.#options.broker.listOffsets(positions, 'latest', isolation)
    for (const task of arriving) {
      const own = new Set(task.inputs.partitions.map(nameOf))
      task.resumeFrom(committed.filter((each) => own.has(nameOf(each))))
      for (const position of positions.filter((each) => own.has(nameOf(each)))) {
        const { topic, partition, offset } = position
        const end = ends.find((each) => nameOf(each) === nameOf(position))?.offset ?? offset
        task.noteStart(topic, partition, offset)
        task.noteEnd(topic, partition, end)
        task.task.updateLag(topic, partition, Math.max(0, end - offset))
      }
      await task.task.initialize()
      task.phase = 'running'
    }
    this.#parts.fetcher.assign(positions)
  }

  /** Where reading begins: at the committed offset, else where the source, or the configuration, says. */
  async startPositions(
    partitions: readonly TopicPartition[],
    committed: readonly PartitionOffset[],
  ): Promise<PartitionOffset[]> {
    const known = new Map(committed.map((each) => [nameOf(each), each.offset]))
    const missing = partitions.filter((each) => !known.has(nameOf(each)))
    for (const at of ['earliest', 'latest'] as const) {
      const those = missing.filter((each) => this.#resetOf(each.topic) === at)
      if (those.length === 0) continue
      const isolation = isolationOf(this.#options.config.processingGuarantee)
      for (const found of await this.#options.broker.listOffsets(those, at, isolation)) {
        known.set(nameOf(found), found.offset)
      }
    }
    return partitions.map(({ topic, partition }) => ({
      topic,
      partition,
      offset: known.get(topicPartitionName(topic, partition))!,
    }))
  }

  #resetOf(brokerTopic: string): OffsetReset {
    const { plan, applicationId, config } = this.#options
    for (const [name, internal] of plan.internalTopics) {
      // What is in a repartition topic came from this application and is always read whole.
      const isThis = decoratedTopicName(plan, applicationId, name) === brokerTopic
      if (internal.kind === 'repartition' && isThis) return 'earliest'
    }
    for (const { nodes } of plan.subTopologies) {
      for (const node of nodes) {
        if (node.type === 'source' && node.topics.includes(brokerTopic) && node.offsetReset) {
          return node.offsetReset
        }
      }
    }
    return config.offsetReset
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return topicPartitionName(topic, partition)
}
