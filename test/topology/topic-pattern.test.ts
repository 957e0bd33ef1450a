import { parseSnapshot, StreamsBuilder, topologyChanges, topics, TopologyError } from 'millrace'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { layOutTopics } from '../../src/runtime/topic-layout.ts'
import { withMatchedTopics } from '../../src/topology/matched-topics.ts'
import { Topology } from '../../src/topology/topology.ts'
import type { TopologyPlan } from '../../src/topology/topology-plan.ts'
import { text } from '../dsl/golden/topics.ts'

const serdes = { key: string(), value: string() }
const orders = topics(/orders-.*/, serdes)

function planOf(declare: (builder: StreamsBuilder) => void): TopologyPlan {
  const builder = new StreamsBuilder()
  declare(builder)
  return builder.build().plan()
}

function sourceTopics(plan: TopologyPlan, existing: readonly string[]): (readonly string[])[] {
  return withMatchedTopics(plan, 'app', existing).subTopologies.map((each) => each.sourceTopics)
}

describe('a pattern of topics', () => {
  it('matches whole names, with the flags that have a meaning', () => {
    const plan = planOf((b) => b.stream(topics(/a|B\d/i, serdes)).to(text('out')))
    expect(sourceTopics(plan, ['a', 'A', 'ab', 'b1', 'b12', 'xa', 'out'])).toEqual([
      ['A', 'a', 'b1'],
    ])
  })

  it.each([/x/g, /x/y, /x/m, /x/d])('is refused with a flag that has none: %s', (pattern) => {
    expect(() => topics(pattern, serdes)).toThrow(TopologyError)
    expect(() => topics(pattern, serdes)).toThrow(/has the flag [gymd], which means nothing here/)
    const source = { pattern, ...serdes }
    expect(() => new Topology().addSource('in', source)).toThrow(/means nothing here/)
  })

  it('is a regular expression and nothing else', () => {
    expect(() => topics('orders-.*' as never, serdes)).toThrow(/is no pattern of topics/)
  })

  it('matches no internal topic of the application, nor what fills a global table', () => {
    const plan = planOf((b) => {
      b.globalTable(text('app-rates'), { store: 'rates' })
      b.stream(topics(/app-.*|other-.*/, serdes))
        .groupBy((word) => word, { key: string(), name: 'by-word' })
        .count({ store: 'counts' })
    })
    const existing = [
      'app-orders',
      'app-rates',
      'app-by-word-repartition',
      'app-counts-changelog',
      'app-of-an-older-version-changelog',
      'other-counts-changelog',
    ]
    expect(sourceTopics(plan, existing)).toEqual([
      ['app-orders', 'other-counts-changelog'],
      ['by-word-repartition'],
    ])
  })

  it('that another matches the same topic as is refused when there is such a topic', () => {
    const plan = planOf((b) => {
      b.stream(orders).to(text('out'))
      b.stream(topics(/.*-eu/, serdes)).to(text('out-2'))
    })
    expect(sourceTopics(plan, ['orders-us', 'returns-eu'])).toEqual([['orders-us'], ['returns-eu']])
    expect(() => withMatchedTopics(plan, 'app', ['orders-eu'])).toThrow(
      /orders-eu matches both \/orders-\.\*\/ of the source KSTREAM-SOURCE-0000000000 and \/\.\*-eu\//,
    )
  })

  it('is refused where a topic has the name of an internal one', () => {
    const plan = planOf((b) =>
      b
        .stream(topics(/.*-changelog/, serdes))
        .groupByKey()
        .count({ store: 'counts' }),
    )
    expect(() => withMatchedTopics(plan, 'app', ['counts-changelog'])).toThrow(
      /counts-changelog matches .* the name of an internal topic/,
    )
  })

  it('demands equal partitions of what is joined, of all topics that match', () => {
    const plan = planOf((b) => {
      const table = b.table(text('customers'), { store: 'customers' })
      b.stream(orders)
        .join(table, (a, c) => a + c)
        .to(text('out'))
    })
    const found = withMatchedTopics(plan, 'app', ['customers', 'orders-eu', 'orders-us'])
    expect(found.subTopologies[0]!.copartitionGroups).toEqual([
      ['orders-eu', 'orders-us', 'customers'],
    ])
    const counts = new Map([
      ['customers', 2],
      ['orders-eu', 2],
      ['orders-us', 3],
    ])
    expect(() => layOutTopics(found, 'app', counts)).toThrow(/orders-us has 3/)
  })

  it('tells in the snapshot what it is, and in a comparison what becomes of a topic it matches', () => {
    const snapshotOf = (declare: (builder: StreamsBuilder) => void): string => {
      const builder = new StreamsBuilder()
      declare(builder)
      return builder.build().describe({ format: 'json' })
    }
    const named = snapshotOf((b) => b.stream([text('orders-eu'), text('old')]).to(text('out')))
    const matched = snapshotOf((b) => b.stream(orders).to(text('out')))
    const source = parseSnapshot(matched).subTopologies[0]!.nodes.find(
      ({ type }) => type === 'source',
    )
    expect(source).toMatchObject({ pattern: '/orders-.*/' })
    expect(source).not.toHaveProperty('topics')
    const changes = topologyChanges(parseSnapshot(named), parseSnapshot(matched))
    const texts = changes.filter(({ subject }) => subject === 'source topic').map((c) => c.text)
    expect(texts).toEqual([
      'source topic old removed: it is no longer read, and its committed offset expires',
      'source topic orders-eu is now read by the pattern /orders-.*/, from where it is committed',
      'source pattern /orders-.*/ added: what matches it is read from where offsetReset says',
    ])
  })

  it('is drawn as a topic', () => {
    const builder = new StreamsBuilder()
    builder.stream(orders, { name: 'source' }).to(text('out'), { name: 'sink' })
    const topology = builder.build()
    expect(topology.describe({ format: 'dot' })).toContain(
      '"topic /orders-.*/" [label="/orders-.*/", shape=ellipse]',
    )
    expect(topology.describe({ format: 'mermaid' })).toContain('(["/orders-.*/"])')
  })
})
