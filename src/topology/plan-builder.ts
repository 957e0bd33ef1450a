import { TopologyError } from '../core/errors.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import { copartitionGroups } from './copartition-groups.ts'
import {
  globalStoreOf,
  nodeGroups,
  type GlobalStoreDefinition,
  type NodeDefinition,
  type TopologyDefinition,
} from './definition.ts'
import { changelogName, changelogTopic } from './internal-topics.ts'
import type {
  GlobalStorePlan,
  InternalTopic,
  ProcessorNode,
  SourceNode,
  SubTopology,
  TopologyNode,
  TopologyPlan,
} from './topology-plan.ts'

/**
 * Settles a declared topology into the plan that the runtime reads.
 *
 * @throws TopologyError for a store that no processor uses, and for co-partitioned topics with unequal fixed
 * partition counts.
 * @remarks Source: Java's `InternalTopologyBuilder`; group numbers include those of global stores, so the ids of
 * sub-topologies may have gaps.
 */
export function buildPlan(definition: TopologyDefinition): TopologyPlan {
  refuseUnusedStores(definition)
  const children = childrenByName(definition)
  const internalTopics = new Map<string, InternalTopic>(definition.internalTopics)
  const subTopologies: SubTopology[] = []
  const globalStores: GlobalStorePlan[] = []
  const copartitioned = copartitionedTopics(definition)
  for (const [id, group] of nodeGroups(definition).entries()) {
    const nodes = group.map((node) => settle(node, children.get(node.name) ?? []))
    const global = globalStoreOf(definition, group)
    if (global) {
      globalStores.push(globalPlan(global, nodes))
      continue
    }
    const subTopology = settleGroup(definition, id, nodes, copartitioned)
    subTopologies.push(subTopology)
    for (const spec of subTopology.stores) {
      if (spec.logging.enabled) {
        internalTopics.set(changelogName(spec.storeName), changelogTopic(spec))
      }
    }
  }
  for (const group of copartitioned) refuseUnequalPartitions(group, internalTopics)
  const generatedNames = new Set(definition.generatedNames)
  const copartitionedSources = [...definition.copartitionedSources]
  return { subTopologies, globalStores, internalTopics, copartitionedSources, generatedNames }
}

function settleGroup(
  definition: TopologyDefinition,
  id: number,
  nodes: readonly TopologyNode[],
  copartitioned: readonly ReadonlySet<string>[],
): SubTopology {
  const stores = new Map<string, StoreSpec>()
  const changelogs = new Map<string, string>()
  const sourceTopics: string[] = []
  for (const node of nodes) {
    if (node.type === 'source') sourceTopics.push(...node.topics)
    if (node.type !== 'processor') continue
    for (const name of node.stores) {
      const { spec, sourceTopic } = definition.stores.get(name)!
      stores.set(name, sourceTopic === undefined ? spec : unlogged(spec))
      if (sourceTopic !== undefined) changelogs.set(name, sourceTopic)
      else if (spec.logging.enabled) changelogs.set(name, changelogName(name))
    }
  }
  return {
    id,
    nodes,
    sourceTopics,
    stores: [...stores.values()],
    changelogs,
    copartitionGroups: copartitioned
      .filter((group) => sourceTopics.some((topic) => group.has(topic)))
      .map((group) => [...group]),
  }
}

/** What is restored from its source topic writes nothing to it. */
function unlogged(spec: StoreSpec): StoreSpec {
  return { ...spec, logging: { ...spec.logging, enabled: false } }
}

function settle(node: NodeDefinition, children: readonly string[]): TopologyNode {
  switch (node.type) {
    case 'source':
      return { ...node, children }
    case 'processor':
      return {
        type: 'processor',
        name: node.name,
        supplier: node.supplier,
        stores: [...node.stores],
        keepsKey: node.keepsKey,
        children,
      }
    case 'sink':
      return {
        type: 'sink',
        name: node.name,
        topic: node.topic,
        key: node.key,
        value: node.value,
        partitioner: node.partitioner,
      }
  }
}

function globalPlan(
  global: GlobalStoreDefinition,
  nodes: readonly TopologyNode[],
): GlobalStorePlan {
  return {
    source: nodes.find((node) => node.name === global.sourceName) as SourceNode,
    processor: nodes.find((node) => node.name === global.processorName) as ProcessorNode,
    store: global.spec,
    topic: global.topic,
  }
}

function childrenByName(definition: TopologyDefinition): Map<string, string[]> {
  const children = new Map<string, string[]>()
  for (const node of definition.nodes.values()) {
    if (node.type === 'source') continue
    for (const parent of node.parents) {
      const list = children.get(parent)
      if (list) list.push(node.name)
      else children.set(parent, [node.name])
    }
  }
  return children
}

function refuseUnusedStores(definition: TopologyDefinition): void {
  for (const [name, store] of definition.stores) {
    if (store.users.length > 0) continue
    throw new TopologyError(
      `The store ${name} is not connected to any processor. Name it in the processor's stores, ` +
        'connect it with connectProcessorAndStateStores, or leave it out.',
    )
  }
}

function copartitionedTopics(definition: TopologyDefinition): ReadonlySet<string>[] {
  return copartitionGroups(definition.copartitionedSources, (name) => {
    const source = definition.nodes.get(name)
    return source?.type === 'source' ? source.topics : []
  })
}

function refuseUnequalPartitions(
  group: ReadonlySet<string>,
  internalTopics: ReadonlyMap<string, InternalTopic>,
): void {
  const fixed: [string, number][] = []
  for (const topic of group) {
    const partitions = internalTopics.get(topic)?.partitions
    if (partitions !== undefined) fixed.push([topic, partitions])
  }
  if (new Set(fixed.map(([, partitions]) => partitions)).size <= 1) return
  const list = fixed.map(([topic, partitions]) => `${topic} has ${partitions}`).join(', ')
  throw new TopologyError(
    `These topics must have the same number of partitions to be joined or merged: ${list}. ` +
      'Give the repartition operators the same number of partitions.',
  )
}
