import { describe, expect, it } from 'vitest'
import { TopologyError } from '../../src/core/errors.ts'
import type { Serde } from '../../src/serdes/serde.ts'
import { integer, string } from '../../src/serdes/index.ts'
import type { KeyValueStoreSpec, WindowStoreSpec } from '../../src/state/store-spec.ts'
import type { Processor } from '../../src/topology/processor.ts'
import { Topology } from '../../src/topology/topology.ts'
import { topic } from '../../src/topology/topic.ts'

const words = topic('words', { key: string(), value: string() })
const more = topic('more', { key: string(), value: string() })
const out = topic('out', { key: string(), value: string() })

const pass: Processor<string, string, string, string> = {
  process: (record, context) => context.forward(record),
}
const logging = { enabled: true, everyUpdate: false, topicConfig: {} }

function keyValue<K, V>(
  storeName: string,
  key: Serde<K>,
  value: Serde<V>,
): KeyValueStoreSpec<K, V> {
  return { storeName, kind: 'key-value', engine: 'default', key, value, logging }
}

const counts = keyValue('counts', string(), integer())

describe('Topology', () => {
  it('numbers sub-topologies by declaration, joining nodes by edges and by shared stores', () => {
    const topology = new Topology()
    const a = topology.addSource('a', words)
    const b = topology.addSource('b', more)
    const c = topology.addSource('c', out)
    topology.addProcessor('left', () => pass, { parents: [a], stores: [counts] })
    topology.addProcessor('right', () => pass, { parents: [c], stores: [counts] })
    topology.addSink('copy', topic('elsewhere', { key: string(), value: string() }), {
      parents: [b],
    })
    const plan = topology.plan()
    expect(plan.subTopologies.map((sub) => [sub.id, sub.nodes.map((node) => node.name)])).toEqual([
      [0, ['a', 'c', 'left', 'right']],
      [1, ['b', 'copy']],
    ])
    expect(plan.subTopologies[0]!.sourceTopics).toEqual(['words', 'out'])
    expect(plan.subTopologies[0]!.stores).toEqual([counts])
    expect(plan.subTopologies[0]!.changelogs).toEqual(new Map([['counts', 'counts-changelog']]))
    expect(plan.internalTopics.get('counts-changelog')!.config).toEqual({
      'message.timestamp.type': 'CreateTime',
      'cleanup.policy': 'compact',
    })
  })

  it('gives the ids of global stores to no sub-topology, as Kafka Streams does', () => {
    const topology = new Topology()
    topology.addGlobalStore(counts, {
      topic: topic('counted', { key: string(), value: integer() }),
      sourceName: 'global-source',
      processorName: 'global-processor',
      supplier: () => ({ process() {} }),
    })
    const a = topology.addSource('a', words)
    topology.addProcessor('reader', () => pass, { parents: [a], stores: [counts] })
    const plan = topology.plan()
    expect(plan.subTopologies.map((sub) => sub.id)).toEqual([1])
    expect(plan.subTopologies[0]!.stores).toEqual([])
    expect(plan.globalStores[0]).toMatchObject({
      topic: 'counted',
      source: { name: 'global-source', children: ['global-processor'] },
      processor: { name: 'global-processor', stores: ['counts'] },
      store: { storeName: 'counts', logging: { enabled: false } },
    })
    expect(plan.internalTopics.size).toBe(0)
  })

  it('keeps a window store changelog a day longer than the store', () => {
    const topology = new Topology()
    const windows: WindowStoreSpec<string, number> = {
      storeName: 'windows',
      kind: 'window',
      engine: 'default',
      key: string(),
      value: integer(),
      windowSizeMs: 10,
      retentionMs: 1000,
      retainDuplicates: false,
      logging: { ...logging, topicConfig: { 'segment.ms': '5' } },
    }
    const source = topology.addSource('a', words)
    topology.addProcessor('p', () => pass, { parents: [source], stores: [windows] })
    expect(topology.plan().internalTopics.get('windows-changelog')!.config).toEqual({
      'message.timestamp.type': 'CreateTime',
      'cleanup.policy': 'compact,delete',
      'retention.ms': String(86_400_000 + 1000),
      'segment.ms': '5',
    })
  })

  it('joins co-partition groups that have a topic in common', () => {
    const topology = new Topology()
    topology.addSource('a', words)
    topology.addSource('b', more)
    topology.addSource('c', out)
    topology.copartitionSources(['a', 'b'])
    topology.copartitionSources(['b', 'c'])
    const groups = topology.plan().subTopologies.map((sub) => sub.copartitionGroups)
    expect(groups[0]).toEqual(groups[2])
    expect([...groups[0]![0]!].sort()).toEqual(['more', 'out', 'words'])
  })
})

describe('A topology that cannot run is refused:', () => {
  const cases: [string, RegExp, (topology: Topology) => void][] = [
    ['a node name used twice', /node name a is used twice/, (t) => t.addSource('a', more)],
    [
      'a topic read twice',
      /topic words is already read by the source a/,
      (t) => t.addSource('b', words),
    ],
    ['a topic named twice', /names the topic more twice/, (t) => t.addSource('b', [more, more])],
    ['a source of nothing', /has no topic/, (t) => t.addSource('b', [])],
    [
      'a missing parent',
      /parent x of p is unknown/,
      (t) => t.addProcessor('p', () => pass, { parents: ['x'] }),
    ],
    ['no parents', /p has no parents/, (t) => t.addProcessor('p', () => pass, { parents: [] })],
    ['a cycle', /p is its own parent/, (t) => t.addProcessor('p', () => pass, { parents: ['p'] })],
    [
      'a sink as parent',
      /sink s cannot be the parent of p/,
      (t) => {
        t.addSink('s', out, { parents: ['a'] })
        t.addProcessor('p', () => pass, { parents: ['s'] })
      },
    ],
    [
      'a store name used twice',
      /store name counts is used twice/,
      (t) => {
        t.addStateStore(counts)
        t.addStateStore(keyValue('counts', string(), string()))
      },
    ],
    [
      'an unconnected store',
      /store counts is not connected/,
      (t) => {
        t.addStateStore(counts)
        t.plan()
      },
    ],
    [
      'an unknown store',
      /store counts, which p wants, is not added/,
      (t) => {
        t.addProcessor('p', () => pass, { parents: ['a'] })
        t.connectProcessorAndStateStores('p', 'counts')
      },
    ],
    [
      'a store at a source',
      /counts cannot be connected to a, which is a source/,
      (t) => t.addStateStore(counts, 'a'),
    ],
    ['a store at an unknown node', /processor x is not added/, (t) => t.addStateStore(counts, 'x')],
    ['an empty name', /node name "" is illegal: it is empty/, (t) => t.addSource('', more)],
    ['a name with a blank', /node name "a b" is illegal/, (t) => t.addSource('a b', more)],
    [
      'an illegal topic',
      /topic name "\.\." is illegal/,
      (t) => t.addSource('b', topic('..', { key: string(), value: string() })),
    ],
    [
      'a long store name',
      /it has 250 characters/,
      (t) => t.addStateStore(keyValue('x'.repeat(250), string(), string())),
    ],
    [
      'co-partitioned topics of unequal partitions',
      /same number of partitions.*one has 2, two has 3/,
      (t) => {
        t.addInternalTopic({ name: 'one', kind: 'repartition', partitions: 2, config: {} })
        t.addInternalTopic({ name: 'two', kind: 'repartition', partitions: 3, config: {} })
        t.addSource('b', topic('one', { key: string(), value: string() }))
        t.addSource('c', topic('two', { key: string(), value: string() }))
        t.copartitionSources(['b', 'c'])
        t.plan()
      },
    ],
  ]
  it.each(cases)('%s', (_name, message, declare) => {
    const topology = new Topology()
    topology.addSource('a', words)
    expect(() => declare(topology)).toThrow(TopologyError)
    const again = new Topology()
    again.addSource('a', words)
    expect(() => declare(again)).toThrow(message)
  })
})
