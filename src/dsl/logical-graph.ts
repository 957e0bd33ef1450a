import { Topology } from '../topology/topology.ts'
import { LogicalNode, type WrittenHow } from './logical-node.ts'

/**
 * A copy of what was declared, to be rewritten and then written as a topology, so that a builder can be built again,
 * and otherwise.
 */
export class LogicalGraph {
  readonly root: LogicalNode
  readonly #copartitioned: readonly (readonly string[])[]
  /** New names by old ones, of sources that another one took the place of. */
  readonly #replaced = new Map<string, string>()

  constructor(root: LogicalNode, copartitioned: readonly (readonly string[])[]) {
    this.root = copyGraph(root)
    this.#copartitioned = copartitioned
  }

  /** Notes that one source stands for another from now on. */
  replaceSource(name: string, by: string): void {
    if (name !== by) this.#replaced.set(name, by)
  }

  isReplaced(name: string): boolean {
    return this.#replaced.has(name)
  }

  /** All nodes, parents before children where nodes have one parent; the root is not among them. */
  *nodes(): Generator<LogicalNode> {
    const seen = new Set<LogicalNode>([this.root])
    for (const node of seen) {
      if (node !== this.root) yield node
      for (const child of node.children) seen.add(child)
    }
  }

  write(how: WrittenHow): Topology {
    const topology = new Topology()
    this.#writeNodes(topology, how)
    for (const sources of this.#copartitioned) {
      topology.copartitionSources(sources.map((name) => this.#current(name)))
    }
    return topology
  }

  #current(name: string): string {
    const by = this.#replaced.get(name)
    return by === undefined ? name : this.#current(by)
  }

  #writeNodes(topology: Topology, how: WrittenHow): void {
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
      next.options.write(topology, parents, how)
      written.add(next)
      for (const child of next.children) pending.add(child)
      for (const node of blocked) pending.add(node)
      blocked.clear()
    }
  }
}

function copyGraph(root: LogicalNode): LogicalNode {
  const copies = new Map<LogicalNode, LogicalNode>()
  const copyOf = (node: LogicalNode): LogicalNode => {
    const known = copies.get(node)
    if (known) return known
    const copy = new LogicalNode(node.options)
    copy.buildPriority = node.buildPriority
    copy.declaredAt = node.declaredAt
    copies.set(node, copy)
    return copy
  }
  // Links are made in the order in which they were declared, which is the order of names in what is described.
  const pending = new Set([root])
  for (const node of pending) {
    const copy = copyOf(node)
    for (const parent of node.parents) copy.parents.add(copyOf(parent))
    for (const child of node.children) {
      copy.children.add(copyOf(child))
      pending.add(child)
    }
    copy.requires = node.requires.map(copyOf)
  }
  return copyOf(root)
}

function firstOf(nodes: ReadonlySet<LogicalNode>): LogicalNode {
  return [...nodes].reduce((a, b) => (b.buildPriority < a.buildPriority ? b : a))
}
