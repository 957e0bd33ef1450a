import { TopologyError } from '../core/errors.ts'
import { Topology } from '../topology/topology.ts'
import { LogicalNode, type LogicalNodeOptions } from './logical-node.ts'

/**
 * The operators of a builder as they were declared, before they become a topology. Names are numbered as Kafka
 * Streams numbers them, so that a topology described there and here reads the same.
 *
 * @remarks Source: Java's `InternalStreamsBuilder`.
 */
export class LogicalPlan {
  private readonly root = new LogicalNode({ name: 'root', write: () => {} })
  private nextIndex = 0
  private nextPriority = 0
  private readonly copartitioned: (readonly string[])[] = []
  /** New names by old ones, of sources that were made one with another. */
  private readonly merged = new Map<string, string>()

  /** The name of the user, or a generated one; either way one number is spent, as in Kafka Streams. */
  processorName(prefix: string, name?: string): string {
    const generated = prefix + this.paddedIndex()
    return name ?? generated
  }

  /** The name of the user with a suffix, or a generated one. */
  suffixedName(prefix: string, suffix: string, name?: string): string {
    const generated = prefix + this.paddedIndex()
    return name === undefined ? generated : name + suffix
  }

  storeName(prefix: string): string {
    return `${prefix}STATE-STORE-${this.paddedIndex()}`
  }

  addSource(options: LogicalNodeOptions): LogicalNode {
    return this.add([this.root], options)
  }

  add(parents: readonly LogicalNode[], options: LogicalNodeOptions): LogicalNode {
    const node = new LogicalNode(options)
    for (const parent of parents) this.link(parent, node)
    return node
  }

  /** Adds a node behind a parent once more; linking again moves the node back in the order of writing. */
  link(parent: LogicalNode, child: LogicalNode): void {
    parent.children.add(child)
    child.parents.add(parent)
    child.buildPriority = this.nextPriority++
  }

  /** Demands that the topics of these sources have as many partitions as each other. */
  copartition(sources: readonly string[]): void {
    this.copartitioned.push(sources)
  }

  build(): Topology {
    if (this.root.children.size === 0) {
      throw new TopologyError('Nothing is declared: the builder has no stream, table or store.')
    }
    this.mergeSources()
    this.keepNullKeysForLeftJoins()
    const topology = new Topology()
    this.write(topology)
    for (const sources of this.copartitioned) {
      topology.copartitionSources(sources.map((name) => this.merged.get(name) ?? name))
    }
    return topology
  }

  private write(topology: Topology): void {
    const written = new Set<LogicalNode>()
    const pending = new Set<LogicalNode>([this.root])
    const blocked = new Set<LogicalNode>()
    while (pending.size > 0) {
      const next = firstOf(pending)
      pending.delete(next)
      if (written.has(next) || ![...next.parents].every((parent) => written.has(parent))) continue
      if (!next.requires.every((required) => written.has(required))) {
        blocked.add(next)
        continue
      }
      const parents = [...next.parents].map((parent) => parent.name)
      next.write(topology, parents)
      written.add(next)
      for (const child of next.children) pending.add(child)
      for (const node of blocked) pending.add(node)
      blocked.clear()
    }
  }

  /** Makes sources of the same topics one, since a topic can be read once only. */
  private mergeSources(): void {
    const byTopic = new Map<string, LogicalNode>()
    for (const node of [...this.root.children]) {
      for (const topic of node.source?.topics ?? []) {
        const main = byTopic.get(topic)
        if (!main) byTopic.set(topic, node)
        if (!main || main === node || this.merged.has(node.name)) continue
        refuseUnequalSources(topic, main, node)
        for (const child of node.children) {
          child.parents.delete(node)
          child.parents.add(main)
          main.children.add(child)
        }
        this.root.children.delete(node)
        this.merged.set(node.name, main.name)
      }
    }
  }

  /** A repartition step that leads to a left join must let records without a key pass. */
  private keepNullKeysForLeftJoins(): void {
    const leadsToLeftJoin = new Map<LogicalNode, boolean>()
    const visit = (node: LogicalNode): boolean => {
      const known = leadsToLeftJoin.get(node)
      if (known !== undefined) return known
      let leads = false
      for (const child of node.children) {
        if (visit(child) || child.takesNullKeys) leads = true
      }
      leadsToLeftJoin.set(node, leads)
      if (node.keyFilter) node.keyFilter.dropsNullKeys = !leads
      return leads
    }
    visit(this.root)
  }

  private paddedIndex(): string {
    return String(this.nextIndex++).padStart(10, '0')
  }
}

function firstOf(nodes: ReadonlySet<LogicalNode>): LogicalNode {
  return [...nodes].reduce((a, b) => (b.buildPriority < a.buildPriority ? b : a))
}

function refuseUnequalSources(topic: string, main: LogicalNode, other: LogicalNode): void {
  const topics = new Set(main.source!.topics)
  const equal =
    topics.size === new Set(other.source!.topics).size &&
    other.source!.topics.every((name) => topics.has(name))
  if (!equal) {
    throw new TopologyError(
      `The topic ${topic} is read twice, by ${main.name} and ${other.name}, which read different ` +
        'sets of topics. Read the topic once, or the same topics both times.',
    )
  }
  if (main.source!.offsetReset !== other.source!.offsetReset) {
    throw new TopologyError(
      `The topic ${topic} is read twice, by ${main.name} and ${other.name}, with different offset ` +
        'resets. Give both the same.',
    )
  }
}
