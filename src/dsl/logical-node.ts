import type { Topology } from '../topology/topology.ts'

/** What a logical node has of its own; the plan adds the links between nodes. */
export interface LogicalNodeOptions {
  /** The name of the topology node that children attach to. */
  readonly name: string
  /** Adds this node to the topology, behind nodes of these names. */
  readonly write: (topology: Topology, parents: readonly string[]) => void
  /** The topics of a stream source, by which sources of the same topics are made one. */
  readonly source?: StreamSource
  /** A repartition step that drops records without a key, unless a left join behind it wants them. */
  readonly keyFilter?: { dropsNullKeys: boolean }
  /** Nodes that must be written first though they are no parents: those that add the stores it reads. */
  readonly requires?: readonly LogicalNode[]
  /** A join that gives records without a key a result. */
  readonly takesNullKeys?: boolean
}

export interface StreamSource {
  readonly topics: readonly string[]
  readonly offsetReset: string | undefined
}

/**
 * A step of the logical plan: one operator, or a repartition step, which becomes several topology nodes.
 *
 * @remarks Source: Java's `GraphNode`.
 */
export class LogicalNode {
  readonly name: string
  readonly write: LogicalNodeOptions['write']
  readonly source: StreamSource | undefined
  readonly keyFilter: { dropsNullKeys: boolean } | undefined
  readonly takesNullKeys: boolean
  readonly requires: readonly LogicalNode[]
  readonly parents: Set<LogicalNode> = new Set()
  readonly children: Set<LogicalNode> = new Set()
  /** The order in which nodes are written to the topology, which numbers sub-topologies. */
  buildPriority = 0

  constructor(options: LogicalNodeOptions) {
    this.name = options.name
    this.write = options.write
    this.source = options.source
    this.keyFilter = options.keyFilter
    this.takesNullKeys = options.takesNullKeys ?? false
    this.requires = options.requires ?? []
  }
}
