import { TopologyError } from '../core/errors.ts'
import { wholeNameMatcher } from './topic-pattern.ts'
import { copartitionGroups } from './copartition-groups.ts'
import type { SourceNode, SubTopology, TopologyNode, TopologyPlan } from './topology-plan.ts'

/** Whether any source of the plan reads topics by a pattern. */
export function readsByPattern(plan: TopologyPlan): boolean {
  return plan.subTopologies.some(({ nodes }) => nodes.some(isPatternSource))
}

/**
 * A plan whose sources with patterns read those of the given topics that match, in order of their names. Topics of the
 * application's own and those of global tables match nothing.
 *
 * @param names - the topics that there are on the broker
 * @throws TopologyError for a topic that two patterns match, or that has the name of an internal one
 * @remarks Source: Java's `InternalTopologyBuilder.addSubscribedTopicsFromMetadata`.
 */
export function withMatchedTopics(
  plan: TopologyPlan,
  applicationId: string,
  names: readonly string[],
): TopologyPlan {
  if (!readsByPattern(plan)) return plan
  const matched = new Map<string, string[]>()
  for (const name of [...new Set(names)].sort()) {
    const source = patternSourceOf(plan, applicationId, name)
    if (!source) continue
    const list = matched.get(source.name)
    if (list) list.push(name)
    else matched.set(source.name, [name])
  }
  const subTopologies = plan.subTopologies.map((subTopology) => {
    const nodes = subTopology.nodes.map((node) => withTopics(node, matched))
    const sources = nodes.filter((node) => node.type === 'source')
    return { ...subTopology, nodes, sourceTopics: sources.flatMap((node) => node.topics) }
  })
  return withCopartitioning({ ...plan, subTopologies })
}

/**
 * The source that reads a topic because its pattern matches it; undefined where there is none.
 *
 * @throws TopologyError for a topic that two patterns match, or that has the name of an internal one
 */
export function patternSourceOf(
  plan: TopologyPlan,
  applicationId: string,
  topic: string,
): SourceNode | undefined {
  if (isOwnTopic(applicationId, topic)) return undefined
  // Java, too, leaves out what fills a global store where a pattern matches it.
  if (plan.globalStores.some((global) => global.topic === topic)) return undefined
  const found = plan.subTopologies
    .flatMap(({ nodes }) => nodes)
    .filter(isPatternSource)
    .filter(({ pattern }) => wholeNameMatcher(pattern!)(topic))
  const [first, second] = found
  if (first && second) {
    throw new TopologyError(
      `The topic ${topic} matches both ${String(first.pattern)} of the source ${first.name} and ` +
        `${String(second.pattern)} of ${second.name}; a topic is read once. Make the patterns such that no topic ` +
        'matches two of them, or read one pattern and branch the stream.',
    )
  }
  if (first && plan.internalTopics.has(topic)) {
    throw new TopologyError(
      `The topic ${topic} matches ${String(first.pattern)} of the source ${first.name}, but that is the name of an ` +
        'internal topic of the topology, where another topic is meant. Make the pattern not match it.',
    )
  }
  return first
}

/** Whether a source reads a topic that is not of the application's own. */
export function readsTopic({ topics, pattern }: SourceNode, topic: string): boolean {
  return topics.includes(topic) || (pattern !== undefined && wholeNameMatcher(pattern)(topic))
}

/** Repartition topics and changelogs of this application, also those that an earlier version of it has left. */
function isOwnTopic(applicationId: string, topic: string): boolean {
  return topic.startsWith(`${applicationId}-`) && /-(?:repartition|changelog)$/.test(topic)
}

function isPatternSource(node: TopologyNode): node is SourceNode {
  return node.type === 'source' && node.pattern !== undefined
}

function withTopics(
  node: TopologyNode,
  matched: ReadonlyMap<string, readonly string[]>,
): TopologyNode {
  return isPatternSource(node) ? { ...node, topics: matched.get(node.name) ?? [] } : node
}

function withCopartitioning(plan: TopologyPlan): TopologyPlan {
  const sources = plan.subTopologies.flatMap(({ nodes }) => nodes).filter(isSource)
  const topicsOf = new Map(sources.map(({ name, topics }) => [name, topics]))
  const groups = copartitionGroups(plan.copartitionedSources, (name) => topicsOf.get(name) ?? [])
  const subTopologies = plan.subTopologies.map((subTopology): SubTopology => ({
    ...subTopology,
    copartitionGroups: groups
      .filter((group) => subTopology.sourceTopics.some((topic) => group.has(topic)))
      .map((group) => [...group]),
  }))
  return { ...plan, subTopologies }
}

function isSource(node: TopologyNode): node is SourceNode {
  return node.type === 'source'
}
