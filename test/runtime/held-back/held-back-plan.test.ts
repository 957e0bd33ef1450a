import { StreamsBuilder, topic, topics } from 'millrace'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { TopologyError } from '../../../src/core/errors.ts'
import { withHeldBack } from '../../../src/runtime/held-back/held-back-plan.ts'
import type { TopologyPlan } from '../../../src/topology/topology-plan.ts'

const texts = { key: string(), value: string() }
const orders = topic('orders', texts)
const seen = topic('seen', texts)

/** The plan of a topology, and the stores and changelogs that holding back adds to it. */
function planned(
  builder: StreamsBuilder,
  options: Parameters<StreamsBuilder['build']>[0] = {},
): {
  readonly before: TopologyPlan
  readonly added: string[][]
  readonly changelogs: string[]
} {
  const before = builder.build(options).plan()
  const after = withHeldBack(before)
  const had = (plan: TopologyPlan): string[][] =>
    plan.subTopologies.map(({ stores }) => stores.map(({ storeName }) => storeName))
  const known = had(before)
  const added = had(after).map((names, i) => names.filter((name) => !known[i]!.includes(name)))
  const changelogs = [...after.internalTopics.keys()].filter((name) => name.startsWith('held-back'))
  return { before, added, changelogs }
}

describe('the stores of what is held back', () => {
  it('are named after the topics of each sub-topology, wherever that stands', () => {
    const builder = new StreamsBuilder()
    builder.stream(topic('first', texts)).to(topic('aside', texts))
    builder
      .stream(orders)
      .merge(builder.stream(topic('returns', texts)))
      .repartition({ ...texts, name: 'by-letter' })
      .to(seen)
    const { added, changelogs } = planned(builder)
    expect(added).toEqual([
      ['held-back-first'],
      ['held-back-orders', 'held-back-returns'],
      ['held-back-by-letter-repartition'],
    ])
    expect(changelogs).toContain('held-back-orders-changelog')
  })

  it('leave the plan of the topology alone', () => {
    const builder = new StreamsBuilder()
    builder.stream(orders).to(seen)
    const { before } = planned(builder)
    expect(before.subTopologies[0]!.stores).toEqual([])
    expect(before.internalTopics.size).toBe(0)
  })

  it('are one for all topics that match a pattern, the same for the same pattern', () => {
    const names = ['a', 'b'].map((first) => {
      const builder = new StreamsBuilder()
      builder.stream(topic(first, texts)).to(seen)
      builder.stream(topics(/orders-.*/, texts)).to(topic('all', texts))
      return planned(builder).added[1]
    })
    expect(names[0]).toEqual([expect.stringMatching(/^held-back-pattern-[0-9a-f]{16}$/)])
    expect(names[1]).toEqual(names[0])
  })

  it('have names that fit in that of a topic, and differ where the topics do', () => {
    const long = ['x', 'y'].map((last) => `${'long'.repeat(55)}${last}`)
    const builder = new StreamsBuilder()
    for (const name of long) builder.stream(topic(name, texts)).to(seen)
    const names = planned(builder).added.flat()
    expect(new Set(names).size).toBe(2)
    for (const name of names) expect(name.length).toBeLessThan(150)
  })

  it('are refused where the user has a store of that name', () => {
    const builder = new StreamsBuilder()
    builder.stream(orders).groupByKey().count({ store: 'held-back-orders' })
    expect(() => planned(builder)).toThrow(TopologyError)
    expect(() => planned(builder)).toThrow(/held-back-orders.*give yours another name/)
  })

  it('are refused beside a table that is restored from its source topic', () => {
    const builder = new StreamsBuilder()
    builder.table(orders, { store: 'latest' }).toStream().to(seen)
    const optimized = () => planned(builder, { optimize: ['reuse.ktable.source.topics'] })
    expect(optimized).toThrow(/store latest.*source topic orders/)
  })
})
