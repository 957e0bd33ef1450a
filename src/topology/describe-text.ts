import {
  globalStoreOf,
  nodeGroups,
  type GlobalStoreDefinition,
  type NodeDefinition,
  type SourceDefinition,
  type TopologyDefinition,
} from './definition.ts'
import { copiedHashOrder, hashOrder, JavaTreeSet } from './java-collections.ts'

/** A node with its neighbours, in the order in which Kafka Streams prints them. */
interface DescribedNode {
  readonly definition: NodeDefinition
  /** How many nodes lie behind it, itself included, counting one by each way that leads to it. */
  size: number
  readonly predecessors: JavaTreeSet<DescribedNode>
  readonly successors: JavaTreeSet<DescribedNode>
}

/**
 * The text that Kafka Streams prints for the same topology.
 *
 * @remarks Source: Java's `InternalTopologyBuilder.describe` and `TopologyDescription.toString`.
 */
export function describeText(definition: TopologyDefinition): string {
  const parts = nodeGroups(definition).map((group, id) => {
    const global = globalStoreOf(definition, group)
    return global ? globalStoreText(id, global) : subTopologyText(id, group)
  })
  return `Topologies:\n ${parts.map((part) => `  ${part}`).join('')}`
}

function subTopologyText(id: number, group: readonly NodeDefinition[]): string {
  const nodes = [...connected(group)].sort(bySize)
  return `Sub-topology: ${id}\n${nodes.map((node) => `    ${nodeText(node)}\n`).join('')}\n`
}

function globalStoreText(id: number, global: GlobalStoreDefinition): string {
  const { sourceName, processorName, topic, spec } = global
  return (
    `Sub-topology: ${id} for global store (will not generate tasks)\n` +
    `    Source: ${sourceName} (topics: [${topic}])\n      --> ${processorName}\n` +
    `    Processor: ${processorName} (stores: [${spec.storeName}])\n` +
    `      --> none\n      <-- ${sourceName}\n`
  )
}

function connected(group: readonly NodeDefinition[]): Iterable<DescribedNode> {
  const byName = new Map<string, DescribedNode>()
  for (const definition of group) {
    byName.set(definition.name, {
      definition,
      size: 1,
      predecessors: new JavaTreeSet(bySize),
      successors: new JavaTreeSet(bySize),
    })
  }
  // Sizes grow while nodes are connected, so neighbours are ordered by the sizes of that moment.
  for (const name of hashOrder([...byName.keys()])) {
    const node = byName.get(name)!
    if (node.definition.type === 'source') continue
    for (const parentName of node.definition.parents) {
      const parent = byName.get(parentName)!
      node.predecessors.add(parent)
      parent.successors.add(node)
      grow(parent, node.size)
    }
  }
  return byName.values()
}

function grow(node: DescribedNode, by: number): void {
  node.size += by
  for (const predecessor of node.predecessors) grow(predecessor, by)
}

function bySize(a: DescribedNode, b: DescribedNode): number {
  if (a === b) return 0
  if (a.size !== b.size) return b.size - a.size
  return a.definition.name < b.definition.name ? -1 : 1
}

function nodeText(node: DescribedNode): string {
  const { definition } = node
  const next = `\n      --> ${names(node.successors)}`
  const previous = `\n      <-- ${names(node.predecessors)}`
  switch (definition.type) {
    case 'source':
      return `Source: ${definition.name} (topics: ${topicsText(definition)})${next}`
    case 'processor':
      return `Processor: ${definition.name} (stores: [${listed([...definition.stores])}])${next}${previous}`
    case 'sink':
      return `Sink: ${definition.name} (${target(definition.topic)})${previous}`
  }
}

/** A pattern as Java prints it: without its flags, and without brackets. */
function topicsText({ topics, pattern }: SourceDefinition): string {
  return pattern ? pattern.source : `[${listed(topics)}]`
}

function target(topic: string | ((...args: never[]) => string)): string {
  if (typeof topic === 'string') return `topic: ${topic}`
  return `extractor class: ${topic.name === '' ? 'function' : topic.name}`
}

function listed(texts: readonly string[]): string {
  return copiedHashOrder(texts).join(', ')
}

function names(nodes: Iterable<DescribedNode>): string {
  const list = [...nodes].map((node) => node.definition.name)
  return list.length === 0 ? 'none' : list.join(', ')
}
