import type { Topology } from '../topology/topology.ts'
import type { OptimizationName } from './optimizer/optimizations.ts'

/** What a logical node has of its own; the plan adds the links between nodes. */
export interface LogicalNodeOptions {
  /** The name of the topology node that children attach to. */
  readonly name: string
  /** Adds this node to the topology, behind nodes of these names. */
  readonly write: (topology: Topology, parents: readonly string[], how: WrittenHow) => void
  /** The topics of a stream source, by which sources of the same topics are made one. */
  readonly source?: StreamSource
  /** A repartition step that drops records without a key, unless a left join behind it wants them. */
  readonly keyFilter?: { dropsNullKeys: boolean }
  /** Nodes that must be written first though they are no parents: those that add the stores it reads. */
  readonly requires?: readonly LogicalNode[]
  /** A join that gives records without a key a result. */
  readonly takesNullKeys?: boolean
  /**
   * What it does to the records that it forwards: `kept` as they are, though perhaps not all of them, or with another
   * key or value. The optimizer moves repartition steps over nodes that keep records and over no others.
   */
  readonly records?: 'kept' | 'rekeyed' | 'revalued'
  /** Whether it joins several streams into one as they are. */
  readonly merges?: boolean
  /** A repartition step that the optimizer may replace by one nearer to the change of keys that it is for. */
  readonly repartition?: MovableRepartition
  /** A join of two streams that may become one of a stream with itself, where both come of the same node. */
  readonly selfJoin?: PossibleSelfJoin
  /** Uses state by the partition that its records are in, so it must not be put behind a repartition step. */
  readonly boundToPartition?: boolean
  /**
   * Of an aggregation by windows: how many milliseconds stream time must be past `endMs` of a window's key for the
   * window to take no more records. The grace; one more where the end belongs to the window, and with sessions the gap.
   */
  readonly closesAfterMs?: number | undefined
}

/** How a topology is written: what the optimizer decided beyond the graph's shape. */
export interface WrittenHow {
  readonly optimizations: ReadonlySet<OptimizationName>
}

export interface StreamSource {
  readonly topics: readonly string[]
  /** With slashes and flags; undefined where topics are named. */
  readonly pattern: string | undefined
  readonly offsetReset: string | undefined
  readonly onLostOffset: string | undefined
}

export interface MovableRepartition {
  /** The serdes' names: steps can be made one only where both are the same. */
  readonly keySerde: string
  readonly valueSerde: string
  /** The step that takes the place of this one and of others, through the same topic. */
  moved(): LogicalNodeOptions
}

export interface PossibleSelfJoin {
  /** The node that keeps the other side's records, which the joined one does without. */
  readonly otherWindowed: string
  /** The join with one store. Its parents in the topology are as before. */
  joined(): LogicalNodeOptions
}

/**
 * A step of the logical plan: one operator, or a repartition step, which becomes several topology nodes.
 *
 * @remarks Source: Java's `GraphNode`.
 */
export class LogicalNode {
  readonly name: string
  readonly options: LogicalNodeOptions
  readonly parents: Set<LogicalNode> = new Set()
  readonly children: Set<LogicalNode> = new Set()
  /** Nodes that must be written before it. */
  requires: readonly LogicalNode[]
  /** Which node it was of those that were declared; linking it again does not change that. */
  declaredAt = 0
  /** The order in which nodes are written to the topology, which numbers sub-topologies. */
  buildPriority = 0

  constructor(options: LogicalNodeOptions) {
    this.name = options.name
    this.options = options
    this.requires = options.requires ?? []
  }

  addChild(child: LogicalNode): void {
    this.children.add(child)
    child.parents.add(this)
  }

  removeChild(child: LogicalNode): void {
    this.children.delete(child)
    child.parents.delete(this)
  }
}
