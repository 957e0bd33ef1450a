import type { TopologyNode, TopologyPlan } from './topology-plan.ts'

/**
 * A topology as a graph in Graphviz' language: a box around each sub-topology, topics as ellipses, stores as
 * cylinders, with stores' changelogs left out.
 */
export function describeDot(plan: TopologyPlan): string {
  const graph = new DotGraph()
  for (const { id, nodes } of plan.subTopologies) graph.cluster(`sub-topology ${id}`, nodes)
  for (const { source, processor, store } of plan.globalStores) {
    graph.cluster(`global store ${store.storeName}`, [source, processor])
  }
  return graph.text()
}

class DotGraph {
  private readonly clusters: string[] = []
  private readonly edges: string[] = []
  private readonly topics = new Set<string>()

  cluster(title: string, nodes: readonly TopologyNode[]): void {
    const stores = new Set<string>()
    const lines = [`  subgraph ${quoted(`cluster ${title}`)} {`, `    label=${quoted(title)}`]
    for (const node of nodes) {
      lines.push(`    ${at('node', node.name)} [label=${quoted(node.name)}, shape=box]`)
      if (node.type === 'processor') for (const store of node.stores) stores.add(store)
      this.connect(node)
    }
    for (const store of stores) {
      lines.push(`    ${at('store', store)} [label=${quoted(store)}, shape=cylinder]`)
    }
    this.clusters.push(...lines, '  }')
  }

  text(): string {
    const topics = [...this.topics].map(
      (name) => `  ${at('topic', name)} [label=${quoted(name)}, shape=ellipse]`,
    )
    return ['digraph topology {', ...topics, ...this.clusters, ...this.edges, '}', ''].join('\n')
  }

  private connect(node: TopologyNode): void {
    const from = at('node', node.name)
    if (node.type === 'source') {
      const names = node.pattern ? [String(node.pattern)] : node.topics
      for (const topic of names) this.edges.push(`  ${this.topic(topic)} -> ${from}`)
    }
    if (node.type === 'sink') {
      const name = typeof node.topic === 'string' ? node.topic : `${node.topic.name}(…)`
      this.edges.push(`  ${from} -> ${this.topic(name)}`)
      return
    }
    for (const child of node.children) this.edges.push(`  ${from} -> ${at('node', child)}`)
    if (node.type !== 'processor') return
    for (const store of node.stores) {
      this.edges.push(`  ${from} -> ${at('store', store)} [dir=none]`)
    }
  }

  private topic(name: string): string {
    this.topics.add(name)
    return at('topic', name)
  }
}

/** Topics, nodes and stores may have the same names. */
function at(kind: string, name: string): string {
  return quoted(`${kind} ${name}`)
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
