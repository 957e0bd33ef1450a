import type { TopologyNode, TopologyPlan } from './topology-plan.ts'

/**
 * A topology as a Mermaid flow chart: a box around each sub-topology, topics rounded, stores as cylinders, with the
 * store's changelog left out.
 */
export function describeMermaid(plan: TopologyPlan): string {
  const chart = new Chart()
  for (const { id, nodes } of plan.subTopologies) {
    chart.box(`sub-topology ${id}`, nodes, nodes.flatMap(storesOf))
  }
  for (const { source, processor, store } of plan.globalStores) {
    chart.box(`global store ${store.storeName}`, [source, processor], [store.storeName])
  }
  return chart.text()
}

function storesOf(node: TopologyNode): readonly string[] {
  return node.type === 'processor' ? node.stores : []
}

class Chart {
  private readonly ids = new Map<string, string>()
  private readonly topics = new Set<string>()
  private readonly boxes: string[] = []
  private readonly edges: string[] = []

  box(title: string, nodes: readonly TopologyNode[], stores: readonly string[]): void {
    const lines = [`  subgraph ${this.id('box', title)} ["${escaped(title)}"]`]
    for (const node of nodes) {
      lines.push(`    ${this.id('node', node.name)}["${escaped(node.name)}"]`)
      this.connect(node)
    }
    for (const store of new Set(stores)) {
      lines.push(`    ${this.id('store', store)}[("${escaped(store)}")]`)
    }
    this.boxes.push(...lines, '  end')
  }

  text(): string {
    const topics = [...this.topics].map(
      (name) => `  ${this.id('topic', name)}(["${escaped(name)}"])`,
    )
    return ['flowchart TD', ...topics, ...this.boxes, ...this.edges, ''].join('\n')
  }

  private connect(node: TopologyNode): void {
    const from = this.id('node', node.name)
    if (node.type === 'source') {
      const names = node.pattern ? [String(node.pattern)] : node.topics
      for (const topic of names) this.edges.push(`  ${this.topic(topic)} --> ${from}`)
    }
    if (node.type === 'sink') {
      const name = typeof node.topic === 'string' ? node.topic : `${node.topic.name}(…)`
      this.edges.push(`  ${from} --> ${this.topic(name)}`)
      return
    }
    for (const child of node.children) this.edges.push(`  ${from} --> ${this.id('node', child)}`)
    for (const store of storesOf(node)) this.edges.push(`  ${from} --- ${this.id('store', store)}`)
  }

  private topic(name: string): string {
    this.topics.add(name)
    return this.id('topic', name)
  }

  /** Names may hold what Mermaid takes for syntax, so parts are numbered. */
  private id(kind: string, name: string): string {
    const key = `${kind} ${name}`
    const known = this.ids.get(key)
    if (known !== undefined) return known
    const id = `${kind}${this.ids.size}`
    this.ids.set(key, id)
    return id
  }
}

function escaped(text: string): string {
  return text.replaceAll('"', '#quot;')
}
