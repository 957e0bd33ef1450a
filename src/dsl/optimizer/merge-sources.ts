import { TopologyError } from '../../core/errors.ts'
import type { LogicalGraph } from '../logical-graph.ts'
import type { LogicalNode } from '../logical-node.ts'

/**
 * Makes sources of the same topics, or of the same pattern, one, since a topic can be read once only.
 *
 * @throws TopologyError where they read other topics besides, or begin elsewhere.
 * @remarks Source: Java's `InternalStreamsBuilder.mergeDuplicateSourceNodes`.
 */
export function mergeSources(graph: LogicalGraph): void {
  const { root } = graph
  const byTopic = new Map<string, LogicalNode>()
  for (const node of [...root.children]) {
    const { topics = [], pattern } = node.options.source ?? {}
    // The name of a topic has no slash, which a pattern begins with.
    for (const topic of pattern === undefined ? topics : [pattern]) {
      const main = byTopic.get(topic)
      if (!main) byTopic.set(topic, node)
      if (!main || main === node || graph.isReplaced(node.name)) continue
      refuseUnequalSources(topic, main, node)
      for (const child of [...node.children]) {
        node.removeChild(child)
        main.addChild(child)
      }
      root.removeChild(node)
      graph.replaceSource(node.name, main.name)
    }
  }
}

function refuseUnequalSources(topic: string, main: LogicalNode, other: LogicalNode): void {
  const [source, otherSource] = [main.options.source!, other.options.source!]
  const topics = new Set(source.topics)
  const equal =
    topics.size === new Set(otherSource.topics).size &&
    otherSource.topics.every((name) => topics.has(name))
  if (!equal) {
    throw new TopologyError(
      `The topic ${topic} is read twice, by ${main.name} and ${other.name}, which read different ` +
        'sets of topics. Read the topic once, or the same topics both times.',
    )
  }
  if (source.offsetReset !== otherSource.offsetReset) {
    throw new TopologyError(
      `What is in ${topic} is read twice, by ${main.name} and ${other.name}, with different offset ` +
        'resets. Give both the same.',
    )
  }
  if (source.onLostOffset !== otherSource.onLostOffset) {
    throw new TopologyError(
      `The topic ${topic} is read twice, by ${main.name} and ${other.name}, with different policies ` +
        'for lost offsets (onLostOffset). Give both the same.',
    )
  }
}
