import { LifecycleError, TopologyError, UnknownTopicError } from '../core/errors.ts'
import { taskIdName, type TaskId } from '../core/task-id.ts'
import type { TopicPartition } from '../core/topic-partition.ts'
import {
  decoratedTopicName,
  type SubTopology,
  type TopologyPlan,
} from '../topology/topology-plan.ts'

/** A task and what it reads, by the topics' names on the broker. */
export interface TaskInputs {
  readonly taskId: TaskId
  readonly subTopology: SubTopology
  readonly partitions: readonly TopicPartition[]
}

/** An internal topic as it has to be on the broker. */
export interface InternalTopicNeed {
  readonly name: string
  readonly partitions: number
  readonly config: Readonly<globalThis.Record<string, string>>
}

/** How many partitions each topic of an application has, and which tasks follow from it. */
export interface TopicLayout {
  readonly tasks: ReadonlyMap<string, TaskInputs>
  readonly internalTopics: readonly InternalTopicNeed[]
  /** How many tasks, and so partitions, each sub-topology has. */
  readonly taskCounts: ReadonlyMap<number, number>
}

/**
 * What a task reads that the group gave this worker.
 *
 * @param given - what was given: the task itself, or a standby of it
 * @throws LifecycleError where there is no such task
 */
export function inputsOfTask(
  tasks: ReadonlyMap<string, TaskInputs>,
  name: string,
  given: 'task' | 'a standby of task',
): TaskInputs {
  const inputs = tasks.get(name)
  if (inputs) return inputs
  throw new LifecycleError(
    `The group gave this worker ${given} ${name}, which its topology does not have; the workers differ in their ` +
      'topology or see differing partition counts. Run all workers of the application with the same topology',
  )
}

/**
 * Settles the partition counts of internal topics and the tasks, from the counts of the topics that the user made.
 *
 * @param found - partition counts of the user's source topics, by name
 * @throws UnknownTopicError for a source topic that does not exist; TopologyError for topics that are read together and
 * have differing partition counts
 * @remarks Source: Java's `RepartitionTopics` and `CopartitionedTopicsEnforcer`.
 */
export function layOutTopics(
  plan: TopologyPlan,
  applicationId: string,
  found: ReadonlyMap<string, number>,
): TopicLayout {
  const counts = countPartitions(plan, found)
  const tasks = new Map<string, TaskInputs>()
  const taskCounts = new Map<number, number>()
  const internalTopics: InternalTopicNeed[] = []
  const brokerName = (name: string): string => decoratedTopicName(plan, applicationId, name)
  for (const subTopology of plan.subTopologies) {
    // Where no topic matches a pattern yet there is nothing to do, and nothing to keep.
    const taskCount = Math.max(0, ...subTopology.sourceTopics.map((topic) => counts.get(topic)!))
    taskCounts.set(subTopology.id, taskCount)
    for (let partition = 0; partition < taskCount; partition++) {
      const taskId = { subTopology: subTopology.id, partition }
      const partitions = subTopology.sourceTopics
        .filter((topic) => partition < counts.get(topic)!)
        .map((topic) => ({ topic: brokerName(topic), partition }))
      tasks.set(taskIdName(taskId), { taskId, subTopology, partitions })
    }
    for (const changelog of subTopology.changelogs.values()) {
      const internal = plan.internalTopics.get(changelog)
      // A store that is restored from its source topic has no changelog topic of its own.
      if (internal?.kind !== 'changelog' || taskCount === 0) continue
      const { config } = internal
      internalTopics.push({ name: brokerName(changelog), partitions: taskCount, config })
    }
  }
  for (const topic of plan.internalTopics.values()) {
    if (topic.kind !== 'repartition') continue
    const partitions = counts.get(topic.name)!
    if (partitions === 0) continue
    internalTopics.push({ name: brokerName(topic.name), partitions, config: topic.config })
  }
  return { tasks, internalTopics, taskCounts }
}

/** The names of the topics that must be there before the application starts. */
export function externalSourceTopics(plan: TopologyPlan): string[] {
  const names = plan.subTopologies.flatMap((subTopology) => subTopology.sourceTopics)
  names.push(...plan.globalStores.map((global) => global.topic))
  return [...new Set(names)].filter((name) => !plan.internalTopics.has(name))
}

/** Partition counts by logical name, of all topics that any sub-topology reads. */
function countPartitions(
  plan: TopologyPlan,
  found: ReadonlyMap<string, number>,
): Map<string, number> {
  const counts = new Map<string, number>()
  for (const subTopology of plan.subTopologies) {
    for (const topic of subTopology.sourceTopics) {
      const internal = plan.internalTopics.get(topic)
      const partitions = internal ? internal.partitions : found.get(topic)
      if (partitions !== undefined) counts.set(topic, partitions)
      else if (!internal) throw missingTopic(topic, subTopology)
    }
  }
  for (const global of plan.globalStores) {
    if (!found.has(global.topic)) {
      throw new UnknownTopicError(
        `The topic ${global.topic} of global store ${global.store.storeName} does not exist; create it first`,
      )
    }
  }
  deriveRepartitionCounts(plan, counts)
  for (const subTopology of plan.subTopologies) {
    for (const group of subTopology.copartitionGroups) copartition(plan, group, counts)
  }
  return counts
}

/**
 * A repartition topic without a count of its own has as many partitions as the widest input of what writes to it. Where
 * what writes to it also reads it, as in a table's join with itself, the other inputs count.
 */
function deriveRepartitionCounts(plan: TopologyPlan, counts: Map<string, number>): void {
  const open = new Set(
    [...plan.internalTopics.values()]
      .filter((topic) => topic.kind === 'repartition' && !counts.has(topic.name))
      .map((topic) => topic.name),
  )
  const inputsOf = (topic: string): (number | undefined)[] => {
    const writer = plan.subTopologies.find((each) => writesTo(each, topic))
    if (!writer) return []
    const inputs = writer.sourceTopics.map((source) => counts.get(source))
    return inputs.length === 0 ? [0] : inputs
  }
  const settle = (topic: string): void => {
    const known = inputsOf(topic).filter((count) => count !== undefined)
    counts.set(topic, Math.max(...known))
    open.delete(topic)
  }
  while (open.size > 0) {
    const certain = [...open].filter((topic) => {
      const inputs = inputsOf(topic)
      return inputs.length > 0 && !inputs.includes(undefined)
    })
    const partly = [...open].find((topic) => inputsOf(topic).some((count) => count))
    if (certain.length > 0) certain.forEach(settle)
    else if (partly !== undefined) settle(partly)
    else {
      throw new TopologyError(
        `The partition counts of ${[...open].join(', ')} follow from nothing but each other; ` +
          'give one of them a partition count',
      )
    }
  }
}

function writesTo(subTopology: SubTopology, topic: string): boolean {
  return subTopology.nodes.some((node) => node.type === 'sink' && node.topic === topic)
}

function copartition(
  plan: TopologyPlan,
  group: readonly string[],
  counts: Map<string, number>,
): void {
  const adjustable = (topic: string): boolean => {
    const internal = plan.internalTopics.get(topic)
    return internal !== undefined && internal.partitions === undefined
  }
  const fixed = group.filter((topic) => !adjustable(topic))
  const wanted = Math.max(...(fixed.length > 0 ? fixed : group).map((topic) => counts.get(topic)!))
  if (fixed.some((topic) => counts.get(topic) !== wanted)) {
    const listed = fixed.map((topic) => `${topic} has ${counts.get(topic)}`).join(', ')
    throw new TopologyError(
      `Topics that are joined or read together must have the same number of partitions: ${listed}. ` +
        'Make the topics alike, or put repartition({ partitions }) before the join',
    )
  }
  for (const topic of group) if (adjustable(topic)) counts.set(topic, wanted)
}

function missingTopic(topic: string, subTopology: SubTopology): UnknownTopicError {
  return new UnknownTopicError(
    `The source topic ${topic} of sub-topology ${subTopology.id} does not exist; create it first, ` +
      'with as many partitions as the application is to have tasks',
  )
}
