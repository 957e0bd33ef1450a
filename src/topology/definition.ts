import type { Serde } from '../serdes/serde.ts'
import type { StoreRef } from '../state/store.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import { NodeGroups } from './node-groups.ts'
import type {
  InternalTopic,
  LostOffsetPolicy,
  OffsetReset,
  ProcessorNode,
  SinkNode,
  StreamPartitioner,
  TimestampExtractor,
} from './topology-plan.ts'

export interface SourceDefinition {
  readonly type: 'source'
  readonly name: string
  readonly topics: readonly string[]
  readonly pattern: RegExp | undefined
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
  readonly timestampExtractor: TimestampExtractor | undefined
  readonly offsetReset: OffsetReset | undefined
  readonly onLostOffset: LostOffsetPolicy | undefined
}

export interface ProcessorDefinition {
  readonly type: 'processor'
  readonly name: string
  readonly parents: readonly string[]
  readonly supplier: ProcessorNode['supplier']
  readonly keepsKey: boolean
  readonly stores: Set<string>
}

export interface SinkDefinition {
  readonly type: 'sink'
  readonly name: string
  readonly parents: readonly string[]
  readonly topic: SinkNode['topic']
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
  readonly partitioner: StreamPartitioner | undefined
}

export type NodeDefinition = SourceDefinition | ProcessorDefinition | SinkDefinition

/** A store and the processors that are connected to it. */
export interface StoreDefinition {
  readonly spec: StoreSpec
  readonly users: string[]
  /** The topic that it is restored from in the place of a changelog. */
  sourceTopic?: string
}

export interface GlobalStoreDefinition {
  /** As it was passed, to recognize it; `spec` is the same without a changelog. */
  readonly declared: StoreRef
  readonly spec: StoreSpec
  readonly sourceName: string
  readonly processorName: string
  readonly topic: string
}

/** What has been declared of a topology so far. Maps keep the order of declaration, which numbers sub-topologies. */
export interface TopologyDefinition {
  readonly nodes: Map<string, NodeDefinition>
  readonly stores: Map<string, StoreDefinition>
  readonly globalStores: Map<string, GlobalStoreDefinition>
  readonly internalTopics: Map<string, InternalTopic>
  /** Names of sources whose topics must have as many partitions as each other. */
  readonly copartitionedSources: (readonly string[])[]
  readonly groups: NodeGroups
  readonly generatedNames: Set<string>
}

export function emptyDefinition(): TopologyDefinition {
  return {
    nodes: new Map(),
    stores: new Map(),
    globalStores: new Map(),
    internalTopics: new Map(),
    copartitionedSources: [],
    groups: new NodeGroups(),
    generatedNames: new Set(),
  }
}

/** The node names of each group, in order of declaration; a group's index is its sub-topology's id. */
export function nodeGroups(definition: TopologyDefinition): NodeDefinition[][] {
  const byRoot = new Map<string, NodeDefinition[]>()
  for (const node of definition.nodes.values()) {
    const root = definition.groups.root(node.name)
    const group = byRoot.get(root)
    if (group) group.push(node)
    else byRoot.set(root, [node])
  }
  return [...byRoot.values()]
}

/** The global store that a group of nodes feeds, if it is such a group. */
export function globalStoreOf(
  definition: TopologyDefinition,
  group: readonly NodeDefinition[],
): GlobalStoreDefinition | undefined {
  for (const global of definition.globalStores.values()) {
    if (group.some((node) => node.name === global.sourceName)) return global
  }
  return undefined
}
