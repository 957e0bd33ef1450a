import { TopologyError } from '../core/errors.ts'
import type { TopologyDefinition } from './definition.ts'
import { checkPattern, wholeNameMatcher } from './topic-pattern.ts'

/** Throws `TopologyError` for a topic that a source reads, by its name or by a pattern. */
export function refuseTakenTopic(definition: TopologyDefinition, topic: string): void {
  for (const node of definition.nodes.values()) {
    if (node.type !== 'source') continue
    if (node.topics.includes(topic)) {
      throw new TopologyError(
        `The topic ${topic} is already read by the source ${node.name}; use that source's records.`,
      )
    }
    if (node.pattern && wholeNameMatcher(node.pattern)(topic)) {
      throw new TopologyError(
        `The topic ${topic} matches ${String(node.pattern)}, which the source ${node.name} reads; use that ` +
          "source's records, or make the pattern not match it.",
      )
    }
  }
}

/**
 * Throws `TopologyError` for a pattern that matches a topic which a source reads by its name. What fills a global store
 * may match: it is left out of what the pattern finds, as in Kafka Streams.
 */
export function refuseTakenPattern(definition: TopologyDefinition, pattern: RegExp): void {
  checkPattern(pattern)
  const matches = wholeNameMatcher(pattern)
  const globals = new Set([...definition.globalStores.values()].map(({ topic }) => topic))
  for (const node of definition.nodes.values()) {
    if (node.type !== 'source') continue
    const taken = node.topics.find((topic) => !globals.has(topic) && matches(topic))
    if (taken === undefined) continue
    throw new TopologyError(
      `The pattern ${String(pattern)} matches the topic ${taken}, which the source ${node.name} reads; use that ` +
        "source's records, or make the pattern not match it.",
    )
  }
}
