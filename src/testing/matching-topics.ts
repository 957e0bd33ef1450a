import { patternSourceOf, withMatchedTopics } from '../topology/matched-topics.ts'
import type { TopologyPlan } from '../topology/topology-plan.ts'
import { topicsOf, type TestTask } from './test-tasks.ts'

/**
 * Has the task whose pattern matches a topic read it; gives whether there is one.
 *
 * @throws TopologyError where two patterns match it
 */
export function readMatchingTopic(
  plan: TopologyPlan,
  applicationId: string,
  tasks: readonly TestTask[],
  topic: string,
): boolean {
  const source = patternSourceOf(plan, applicationId, topic)
  const reader = plan.subTopologies.find(({ nodes }) => source && nodes.includes(source))
  const found = tasks.find(({ task }) => task.id.subTopology === reader?.id)
  if (!found) return false
  const { task, topics } = found
  const matched = withMatchedTopics(plan, applicationId, [...topics, topic])
  const subTopology = matched.subTopologies.find(({ id }) => id === task.id.subTopology)!
  const { partition } = task.id
  task.changeInputs(subTopology, [...task.inputPartitions, { topic, partition }])
  task.updateLag(topic, partition, 0)
  found.topics = topicsOf(task)
  return true
}

/** What the topology reads, to be told where a name is wrong: names of topics, and patterns. */
export function namesRead(plan: TopologyPlan, tasks: readonly TestTask[]): string[] {
  const patterns = plan.subTopologies
    .flatMap(({ nodes }) => nodes)
    .flatMap((node) => (node.type === 'source' && node.pattern ? [String(node.pattern)] : []))
  return [...tasks.flatMap(({ topics }) => [...topics]), ...patterns]
}
