import { storeChanges } from './compatibility-stores.ts'
import { topicChanges } from './compatibility-topics.ts'
import type { TopologyChange } from './topology-change.ts'
import type { NodeSnapshot, TopologySnapshot } from './topology-snapshot.ts'

/**
 * What is different between two snapshots of one application's topology, and which differences orphan state: leave
 * what the application has computed where the changed application will not find it, or have it read otherwise than it
 * was written. Those come first. Equal snapshots give none.
 *
 * What a function computes is not in a snapshot, so that a change of its meaning is not found here.
 */
export function topologyChanges(
  before: TopologySnapshot,
  after: TopologySnapshot,
): TopologyChange[] {
  const changes = [
    ...storeChanges(before, after),
    ...topicChanges(before, after),
    ...globalStoreChanges(before, after),
    ...nodeChanges(before, after),
  ]
  const [orphaning, harmless]: [TopologyChange[], TopologyChange[]] = [[], []]
  for (const change of changes) (change.orphansState ? orphaning : harmless).push(change)
  return [...orphaning, ...harmless]
}

/** Global stores are filled anew at each start, whatever they were. */
function globalStoreChanges(before: TopologySnapshot, after: TopologySnapshot): TopologyChange[] {
  const texts = (snapshot: TopologySnapshot): Map<string, string> =>
    new Map(snapshot.globalStores.map((store) => [store.name, JSON.stringify(store)]))
  return [...differences(texts(before), texts(after))].map(([name, how]) => ({
    subject: 'global store',
    name,
    how,
    orphansState: false,
    text: `global store ${name} ${how}: every worker fills it anew from its topic`,
  }))
}

function nodeChanges(before: TopologySnapshot, after: TopologySnapshot): TopologyChange[] {
  return [...differences(nodeTexts(before), nodeTexts(after))].map(([name, how]) => ({
    subject: 'node',
    name,
    how,
    orphansState: false,
    text: `node ${name} ${how}`,
  }))
}

/** Nodes by name, with what is said of them but for what stores and topics tell already. */
function nodeTexts({ subTopologies }: TopologySnapshot): Map<string, string> {
  const text = (id: number, node: NodeSnapshot): string => JSON.stringify([id, node])
  return new Map(
    subTopologies.flatMap(({ id, nodes }) =>
      nodes.map((node) => [node.name, text(id, node)] as const),
    ),
  )
}

/** What was added, removed or changed, by name in order of names. */
function* differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): Generator<readonly [string, TopologyChange['how']]> {
  for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    if (!after.has(name)) yield [name, 'removed']
    else if (!before.has(name)) yield [name, 'added']
    else if (before.get(name) !== after.get(name)) yield [name, 'changed']
  }
}
