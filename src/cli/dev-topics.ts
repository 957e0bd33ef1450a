import { ConfigError } from '../core/errors.ts'
import type { TopologyPlan } from '../topology/topology-plan.ts'
import { wholeNameMatcher, type TopicPattern } from '../topology/topic-pattern.ts'
import type { Topic } from '../topology/topic.ts'

/** The topics that a topology reads and writes beside its own internal ones, with their serdes, by name. */
export interface DevTopics {
  readonly sources: ReadonlyMap<string, Topic<unknown, unknown>>
  readonly sinks: ReadonlyMap<string, Topic<unknown, unknown>>
  /** What is read of topics that are not named. */
  readonly patterns: readonly TopicPattern<unknown, unknown>[]
}

/** Finds the topics in a topology. Sinks that choose their topic by record are not among them. */
export function devTopics(plan: TopologyPlan): DevTopics {
  const sources = new Map<string, Topic<unknown, unknown>>()
  const sinks = new Map<string, Topic<unknown, unknown>>()
  const patterns: TopicPattern<unknown, unknown>[] = []
  const globals = plan.globalStores.map(({ source }) => source)
  for (const node of [...plan.subTopologies.flatMap(({ nodes }) => nodes), ...globals]) {
    if (node.type === 'processor') continue
    if (node.type === 'source' && node.pattern) patterns.push({ ...node, pattern: node.pattern })
    const names = node.type === 'source' ? node.topics : [node.topic]
    for (const name of names) {
      if (typeof name !== 'string' || plan.internalTopics.has(name)) continue
      const { key, value } = node
      ;(node.type === 'source' ? sources : sinks).set(name, { name, key, value })
    }
  }
  return { sources, sinks, patterns }
}

/** The topic of that name to write to, which may also be one that a pattern matches. */
export function inputNamed(name: string, topics: DevTopics): Topic<unknown, unknown> {
  const { sources, patterns } = topics
  const matching = patterns.find(({ pattern }) => wholeNameMatcher(pattern)(name))
  if (matching) return { ...matching, name }
  return topicNamed(name, sources.values(), '--input', inputNames(topics))
}

/** What the topology reads, for people: names of topics, and patterns. */
export function inputNames({ sources, patterns }: DevTopics): string[] {
  return [...sources.keys(), ...patterns.map(({ pattern }) => String(pattern))]
}

/** The topic of that name. Throws `ConfigError` listing those there are. */
export function topicNamed(
  name: string,
  topics: Iterable<Topic<unknown, unknown>>,
  flag: string,
  known?: readonly string[],
): Topic<unknown, unknown> {
  const all = [...topics]
  const found = all.find((topic) => topic.name === name)
  if (found) return found
  const names = (known ?? all.map((topic) => topic.name)).join(', ') || 'none'
  throw new ConfigError(`${flag} names the topic ${name}; the topology has ${names}`)
}
