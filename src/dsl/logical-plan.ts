import { TopologyError } from '../core/errors.ts'
import type { Topology } from '../topology/topology.ts'
import { LogicalGraph } from './logical-graph.ts'
import { LogicalNode, type LogicalNodeOptions } from './logical-node.ts'
import { keepNullKeysForLeftJoins } from './optimizer/keep-null-keys.ts'
import { mergeRepartitions } from './optimizer/merge-repartitions.ts'
import { mergeSources } from './optimizer/merge-sources.ts'
import type { OptimizationName } from './optimizer/optimizations.ts'
import { rewriteSelfJoins } from './optimizer/self-joins.ts'

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
  private declared = 0
  private readonly generated = new Set<string>()
  private readonly copartitioned: (readonly string[])[] = []

  /** The name of the user, or a generated one; either way one number is spent, as in Kafka Streams. */
  processorName(prefix: string, name?: string): string {
    const generated = prefix + this.paddedIndex()
    return name ?? this.noted(generated)
  }

  /** The name of the user with a suffix, or a generated one. */
  suffixedName(prefix: string, suffix: string, name?: string): string {
    const generated = prefix + this.paddedIndex()
    return name === undefined ? this.noted(generated) : name + suffix
  }

  storeName(prefix: string): string {
    return this.noted(`${prefix}STATE-STORE-${this.paddedIndex()}`)
  }

  addSource(options: LogicalNodeOptions): LogicalNode {
    return this.add([this.root], options)
  }

  add(parents: readonly LogicalNode[], options: LogicalNodeOptions): LogicalNode {
    const node = new LogicalNode(options)
    node.declaredAt = this.declared++
    for (const parent of parents) this.link(parent, node)
    return node
  }

  /** Adds a node behind a parent once more; linking again moves the node back in the order of writing. */
  link(parent: LogicalNode, child: LogicalNode): void {
    parent.addChild(child)
    child.buildPriority = this.nextPriority++
  }

  /** Demands that the topics of these sources have as many partitions as each other. */
  copartition(sources: readonly string[]): void {
    this.copartitioned.push(sources)
  }

  /** Writes what was declared, rewritten by these optimizations; what was declared stays as it is. */
  build(optimizations: ReadonlySet<OptimizationName>): Topology {
    if (this.root.children.size === 0) {
      throw new TopologyError('Nothing is declared: the builder has no stream, table or store.')
    }
    const graph = new LogicalGraph(this.root, this.copartitioned)
    mergeSources(graph)
    if (optimizations.has('merge.repartition.topics')) mergeRepartitions(graph)
    if (optimizations.has('single.store.self.join')) rewriteSelfJoins(graph)
    keepNullKeysForLeftJoins(graph)
    const topology = graph.write({ optimizations })
    topology.noteGeneratedNames(this.generated)
    return topology
  }

  private noted(generated: string): string {
    this.generated.add(generated)
    return generated
  }

  private paddedIndex(): string {
    return String(this.nextIndex++).padStart(10, '0')
  }
}
