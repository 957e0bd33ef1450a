import fc from 'fast-check'
import { StreamsBuilder, type KStream, type OptimizationName, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import { expect, it } from 'vitest'
import { text } from './golden/topics.ts'

const key = string()
const value = string()

/** Builds streams on streams: each step picks its inputs among those that are there. */
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('rekey', 'revalue', 'filter', 'merge', 'merge', 'count', 'count', 'to'),
    at: fc.nat(),
    other: fc.nat(),
    named: fc.boolean(),
  }),
  { minLength: 3, maxLength: 12 },
)

function declared(
  list: readonly { kind: string; at: number; other: number; named: boolean }[],
  optimize: readonly OptimizationName[],
): Topology {
  const builder = new StreamsBuilder()
  const streams: KStream<string, string>[] = ['a', 'b'].map((name) =>
    builder.stream(text(name)).selectKey((word) => word, { key, name: `rekey-${name}` }),
  )
  for (const [i, { kind, at, other, named }] of list.entries()) {
    const stream = streams[at % streams.length]!
    const second = streams[other % streams.length]!
    if (kind === 'rekey')
      streams.push(stream.selectKey((word) => word, { key, name: `rekey-${i}` }))
    if (kind === 'revalue') streams.push(stream.mapValues((word) => word, { value }))
    if (kind === 'filter') streams.push(stream.filter(() => true))
    if (kind === 'merge' && stream !== second) streams.push(stream.merge(second, { key, value }))
    if (kind === 'count') {
      stream.groupByKey(named ? { key, value, name: `group-${i}` } : { key, value }).count()
    }
    if (kind === 'to') stream.to(text(`out-${i}`))
  }
  return builder.build({ optimize })
}

/** The stores that records come to whose key was changed since they were last put into a partition by it. */
function misplaced(topology: Topology): string[] {
  const plan = topology.plan()
  const nodes = new Map(
    plan.subTopologies.flatMap((each) => each.nodes).map((node) => [node.name, node]),
  )
  const seen = new Set<string>()
  const found = new Set<string>()
  const visit = (name: string, changed: boolean): void => {
    const node = nodes.get(name)!
    if (seen.has(`${name} ${changed}`)) return
    seen.add(`${name} ${changed}`)
    if (node.type === 'sink') return
    const now = changed || name.startsWith('rekey-')
    if (node.type === 'processor' && now) for (const store of node.stores) found.add(store)
    for (const child of node.children) visit(child, now)
  }
  for (const node of nodes.values()) if (node.type === 'source') visit(node.name, false)
  return [...found]
}

/** By store, the topics of the user that its records come from, through however many repartition topics. */
function origins(topology: Topology): Record<string, string[]> {
  const plan = topology.plan()
  const nodes = plan.subTopologies.flatMap((each) => each.nodes)
  const feeds = new Map<string, Set<string>>(nodes.map(({ name }) => [name, new Set()]))
  const readers = new Map(
    nodes.flatMap((node) => (node.type === 'source' ? node.topics.map((t) => [t, node.name]) : [])),
  )
  const push = (name: string, topic: string): void => {
    const set = feeds.get(name)!
    if (set.has(topic)) return
    set.add(topic)
    const node = nodes.find((each) => each.name === name)!
    if (node.type !== 'sink') for (const child of node.children) push(child, topic)
    else if (typeof node.topic === 'string' && readers.has(node.topic)) {
      push(readers.get(node.topic)!, topic)
    }
  }
  for (const node of nodes) {
    if (node.type !== 'source') continue
    for (const topic of node.topics) if (!plan.internalTopics.has(topic)) push(node.name, topic)
  }
  return Object.fromEntries(
    nodes.flatMap((node) =>
      node.type === 'processor'
        ? node.stores.map((store) => [store, [...feeds.get(node.name)!].sort()])
        : [],
    ),
  )
}

it('no merging of repartition topics lets a record reach a store in a partition that is not its key’s', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const plain = declared(list, [])
      const merged = declared(list, ['merge.repartition.topics'])
      expect(misplaced(plain)).toEqual([])
      expect(misplaced(merged)).toEqual([])
      expect(origins(merged)).toEqual(origins(plain))
      const repartitions = (topology: Topology): number =>
        [...topology.plan().internalTopics.values()].filter(({ kind }) => kind === 'repartition')
          .length
      expect(repartitions(merged)).toBeLessThanOrEqual(repartitions(plain))
    }),
    { numRuns: 400 },
  )
})
