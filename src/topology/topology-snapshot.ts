import type { StoreSpec } from '../state/store-spec.ts'
import type {
  GlobalStorePlan,
  InternalTopic,
  SubTopology,
  TopologyNode,
  TopologyPlan,
} from './topology-plan.ts'

/** The version of the form in which snapshots are written. */
export const snapshotFormat = 1

/**
 * What a topology is and has on the broker and on disk, as plain data: what `describe({ format: 'json' })` prints and
 * {@link topologyChanges} compares. Everything is sorted by name, so that equal topologies give equal text.
 */
export interface TopologySnapshot {
  readonly format: typeof snapshotFormat
  readonly subTopologies: readonly SubTopologySnapshot[]
  readonly stores: readonly StoreSnapshot[]
  readonly globalStores: readonly GlobalStoreSnapshot[]
  readonly internalTopics: readonly InternalTopicSnapshot[]
}

export interface SubTopologySnapshot {
  /** Part of the names of tasks and of their state folders. */
  readonly id: number
  readonly nodes: readonly NodeSnapshot[]
}

export interface NodeSnapshot {
  readonly name: string
  readonly type: 'source' | 'processor' | 'sink'
  /** Logical names, of a source that names its topics. */
  readonly topics?: readonly string[]
  /** Of a source that reads all topics of such names, with slashes and flags. */
  readonly pattern?: string
  /** The logical name, of a sink; null where a function chooses topics by record. */
  readonly topic?: string | null
  /** The serdes' names, of sources and sinks. */
  readonly key?: string
  readonly value?: string
  readonly stores?: readonly string[]
  /** The nodes behind it. */
  readonly to?: readonly string[]
}

/** A store of tasks, with what decides how its state is kept. */
export interface StoreSnapshot extends StoreForm {
  readonly subTopology: number
  /** What it is restored from; null where its state is lost with its worker. */
  readonly changelog: { readonly topic: string; readonly isSource: boolean } | null
}

export interface GlobalStoreSnapshot extends StoreForm {
  readonly topic: string
}

/** How a store's entries are kept. Times are in milliseconds. */
export interface StoreForm {
  readonly name: string
  readonly kind: string
  /** The serdes' names. */
  readonly key: string
  readonly value: string
  /** What else there is to the kind of store: window size, retention and the like. */
  readonly settings: Readonly<globalThis.Record<string, number | boolean>>
}

export interface InternalTopicSnapshot {
  /** The logical name, before which the broker's has the application id and a dash. */
  readonly name: string
  readonly kind: InternalTopic['kind']
  /** Null: as many as what it is read with, or comes of. */
  readonly partitions: number | null
  readonly config: Readonly<globalThis.Record<string, string>>
}

/** The snapshot of a topology. */
export function snapshotOf(plan: TopologyPlan): TopologySnapshot {
  return {
    format: snapshotFormat,
    subTopologies: plan.subTopologies
      .map(({ id, nodes }) => ({ id, nodes: nodes.map(nodeSnapshot).sort(byName) }))
      .sort((a, b) => a.id - b.id),
    stores: plan.subTopologies.flatMap((each) => storesOf(plan, each)).sort(byName),
    globalStores: plan.globalStores.map(globalSnapshot).sort(byName),
    internalTopics: [...plan.internalTopics.values()].map(topicSnapshot).sort(byName),
  }
}

function nodeSnapshot(node: TopologyNode): NodeSnapshot {
  const { name, type } = node
  if (type === 'processor') {
    return { name, type, stores: sorted(node.stores), to: sorted(node.children) }
  }
  const serdes = { key: node.key.name, value: node.value.name }
  if (type === 'source') {
    const reads = node.pattern ? { pattern: String(node.pattern) } : { topics: sorted(node.topics) }
    return { name, type, ...reads, ...serdes, to: sorted(node.children) }
  }
  return { name, type, topic: typeof node.topic === 'string' ? node.topic : null, ...serdes }
}

function storesOf(plan: TopologyPlan, { id, stores, changelogs }: SubTopology): StoreSnapshot[] {
  return stores.map((spec) => {
    const topic = changelogs.get(spec.storeName)
    const changelog =
      topic === undefined ? null : { topic, isSource: !plan.internalTopics.has(topic) }
    return { ...storeForm(spec), subTopology: id, changelog }
  })
}

function globalSnapshot({ store, topic }: GlobalStorePlan): GlobalStoreSnapshot {
  return { ...storeForm(store), topic }
}

function storeForm(spec: StoreSpec): StoreForm {
  const { storeName: name, kind, key, value } = spec
  return { name, kind, key: key.name, value: value.name, settings: settingsOf(spec) }
}

/** What only some kinds of stores have: whatever numbers and flags they are declared with. */
function settingsOf(spec: StoreSpec): globalThis.Record<string, number | boolean> {
  const settings: globalThis.Record<string, number | boolean> = {}
  for (const [name, setting] of Object.entries(spec).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (typeof setting === 'number' || setting === true) settings[name] = setting
  }
  return settings
}

function topicSnapshot({ name, kind, partitions, config }: InternalTopic): InternalTopicSnapshot {
  const settings = Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1))
  return { name, kind, partitions: partitions ?? null, config: Object.fromEntries(settings) }
}

function sorted(names: readonly string[]): string[] {
  return [...names].sort()
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}
