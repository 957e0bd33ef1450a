import { TopologyError } from '../../core/errors.ts'
import { murmur3Hash128 } from '../../core/murmur3.ts'
import { bytes } from '../../serdes/bytes.ts'
import { keyValueStore } from '../../state/key-value-store-spec.ts'
import type { StoreSpec } from '../../state/store-spec.ts'
import { changelogName, changelogTopic } from '../../topology/internal-topics.ts'
import type { SourceNode, SubTopology, TopologyPlan } from '../../topology/topology-plan.ts'

/** Longer names of topics are cut and told apart by a hash, so that the changelog's name is not too long for a broker. */
const topicCharactersMax = 120

/**
 * A plan with a store for each source topic in which a task notes what is held back of that topic. The stores' names
 * follow from the topics alone, so that they stay where a topology changes around them.
 *
 * @throws TopologyError for a table that is restored from its source topic, and for a store of the user's with such a name
 */
export function withHeldBack(plan: TopologyPlan): TopologyPlan {
  const internalTopics = new Map(plan.internalTopics)
  const subTopologies = plan.subTopologies.map((subTopology) => {
    refuseRestoredFromSource(subTopology, plan)
    const stores = [...subTopology.stores]
    const changelogs = new Map(subTopology.changelogs)
    for (const name of new Set(heldBackStores(subTopology).values())) {
      refuseTakenName(name, plan)
      const spec = heldBackStore(name)
      stores.push(spec)
      changelogs.set(name, changelogName(name))
      internalTopics.set(changelogName(name), changelogTopic(spec))
    }
    return { ...subTopology, stores, changelogs }
  })
  return { ...plan, subTopologies, internalTopics }
}

/**
 * The name of the store in which is noted what is held back, by source topic; by source where its topics are found by a
 * pattern, since they come and go.
 */
export function heldBackStores({ nodes }: SubTopology): Map<SourceNode | string, string> {
  const stores = new Map<SourceNode | string, string>()
  for (const node of nodes) {
    if (node.type !== 'source') continue
    if (node.pattern) stores.set(node, storeName(`pattern-${hashOf(String(node.pattern))}`))
    else for (const topic of node.topics) stores.set(topic, storeName(topic))
  }
  return stores
}

function heldBackStore(name: string): StoreSpec {
  return keyValueStore({ name, key: bytes(), value: bytes() }) as unknown as StoreSpec
}

function storeName(topic: string): string {
  if (topic.length <= topicCharactersMax) return `held-back-${topic}`
  return `held-back-${topic.slice(0, topicCharactersMax)}-${hashOf(topic)}`
}

function hashOf(text: string): string {
  return murmur3Hash128(Buffer.from(text)).toString('hex', 0, 8)
}

/** Restoring would bring in the values of records that are held back. */
function refuseRestoredFromSource({ changelogs }: SubTopology, plan: TopologyPlan): void {
  for (const [store, topic] of changelogs) {
    if (plan.internalTopics.has(topic)) continue
    throw new TopologyError(
      `holdBackLaterRecords cannot be had with the store ${store}, which is restored from its source topic ${topic}: ` +
        'restoring would bring in what is held back. Build the topology without the optimization reuse.ktable.source.topics',
    )
  }
}

function refuseTakenName(name: string, plan: TopologyPlan): void {
  const all = [
    ...plan.subTopologies.flatMap(({ stores }) => stores),
    ...plan.globalStores.map(({ store }) => store),
  ]
  if (!all.some(({ storeName: taken }) => taken === name)) return
  throw new TopologyError(
    `The store name ${name} is what holdBackLaterRecords calls its own store; give yours another name`,
  )
}
