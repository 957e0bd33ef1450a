import {
  JoinWindows,
  StreamsBuilder,
  type KStream,
  type OptimizationName,
  type Topology,
} from 'millrace'
import { json, string } from 'millrace/serdes'
import { keyValueStore } from 'millrace/state'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { counts, text } from './golden/topics.ts'

const key = string()
const value = string()
const firstLetter = (word: string): string => word.slice(0, 1)

function built(
  declare: (builder: StreamsBuilder) => void,
  optimize: 'all' | 'none' | readonly OptimizationName[] = 'all',
): Topology {
  const builder = new StreamsBuilder()
  declare(builder)
  return builder.build({ optimize })
}

function repartitionTopics(topology: Topology): string[] {
  const topics = [...topology.plan().internalTopics.values()]
  return topics.filter(({ kind }) => kind === 'repartition').map(({ name }) => name)
}

describe('a builder', () => {
  it('can be built again, otherwise', () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream(text('in')).selectKey(firstLetter, { key })
    stream.groupByKey({ name: 'a' }).count({ store: 'as' })
    stream.groupByKey({ name: 'b' }).count({ store: 'bs' })
    const plain = builder.build().describe()
    expect(repartitionTopics(builder.build({ optimize: 'all' }))).toEqual(['a-repartition'])
    expect(builder.build().describe()).toBe(plain)
    expect(builder.build({ optimize: [] }).describe()).toBe(plain)
    expect(builder.build({ optimize: ['reuse.ktable.source.topics'] }).describe()).toBe(plain)
  })

  it('names the optimizations there are where one is asked for that is not', () => {
    const builder = new StreamsBuilder()
    builder.stream(text('in')).to(text('out'))
    expect(() => builder.build({ optimize: ['merge'] as never })).toThrow(
      /no optimization "merge".*merge\.repartition\.topics/,
    )
    expect(() => builder.build({ optimize: 'some' as never })).toThrow(/no optimization "some"/)
  })
})

describe('merging repartition topics', () => {
  it('reaches over a branch to two groupings, where Kafka Streams throws', async () => {
    const topology = built((builder) => {
      const branches = builder
        .stream(text('in'))
        .selectKey(firstLetter, { key })
        .branch({ a: (_, id) => id === 'a', others: () => true })
      branches.a.groupByKey().count({ store: 'as' }).toStream().to(counts('out'))
      branches.others.groupByKey().count({ store: 'others' }).toStream().to(counts('out'))
    })
    expect(repartitionTopics(topology)).toEqual(['as-repartition'])
    await using driver = await TopologyTestDriver.create(topology)
    for (const word of ['ab', 'bc', 'ac', 'cd']) {
      await driver.input(text('in')).pipe({ key: 'k', value: word })
    }
    const out = driver.output(counts('out')).readRecords()
    expect(out.map((record) => [record.key, record.value])).toEqual([
      ['a', 1],
      ['b', 1],
      ['a', 2],
      ['c', 1],
    ])
  })

  it('takes all ways along that lead round to one grouping', () => {
    const topology = built((builder) => {
      const stream = builder.stream(text('in')).selectKey(firstLetter, { key, name: 'rekey' })
      const short = stream.filter((word) => word.length < 3, { name: 'short' })
      const long = stream.filter((word) => word.length > 3, { name: 'long' })
      short.merge(long, { key, value }).groupByKey({ name: 'some' }).count({ store: 'some' })
      stream.groupByKey({ name: 'every' }).count({ store: 'every' })
    })
    expect(repartitionTopics(topology)).toEqual(['some-repartition'])
    const [before] = topology.plan().subTopologies
    expect(before!.nodes.map(({ name }) => name)).not.toContain('short')
    expect(before!.nodes.map(({ name }) => name)).not.toContain('long')
  })

  it('finds the highest of several merges in a row, where Kafka Streams throws', () => {
    const topology = built((builder) => {
      const rekeyed = (name: string) => builder.stream(text(name)).selectKey(firstLetter, { key })
      const merged = rekeyed('in').merge(rekeyed('in-2'), { key, value })
      const all = merged.merge(rekeyed('in-3'), { key, value })
      all
        .filter(() => true)
        .groupByKey()
        .count({ store: 'one' })
      all.groupByKey().count({ store: 'two' })
    })
    expect(repartitionTopics(topology)).toEqual(['one-repartition'])
  })

  it('leaves a grouping of a merged stream where it is, if not all of the stream was repartitioned', () => {
    const topology = built((builder) => {
      const one = builder.stream(text('in')).selectKey(firstLetter, { key })
      const two = builder.stream(text('in-2')).selectKey(firstLetter, { key })
      one.groupByKey({ name: 'alone' }).count({ store: 'alone' })
      one.merge(two, { key, value }).groupByKey({ name: 'both' }).count({ store: 'both' })
    })
    expect(repartitionTopics(topology)).toEqual(['alone-repartition', 'both-repartition'])
  })

  it('does not move a topic before the join that makes its values', () => {
    const topology = built((builder) => {
      const table = builder.globalTable(text('table'))
      builder
        .stream(text('in'))
        .selectKey(firstLetter, { key })
        .join(table, (word) => word.length, { on: (word) => word, name: 'measured' })
        .groupByKey({ name: 'lengths', value: json<number>() })
        .reduce((a, b) => a + b, { store: 'lengths' })
    })
    const [before] = topology.plan().subTopologies
    expect(before!.nodes.map(({ name }) => name)).toContain('measured')
  })

  it('keeps topics apart whose keys are written otherwise, since they lie otherwise', () => {
    const topology = built((builder) => {
      const stream = builder.stream(text('in')).selectKey(firstLetter, { key })
      stream.groupByKey({ name: 'a' }).count({ store: 'as' })
      stream.groupByKey({ name: 'b', key: json<string>() }).count({ store: 'bs' })
      stream.groupByKey({ name: 'c' }).count({ store: 'cs' })
    })
    expect(repartitionTopics(topology)).toEqual(['a-repartition', 'b-repartition'])
  })

  it('leaves a processor with stores in the partitions that it has', () => {
    const seen = keyValueStore({ name: 'seen', key, value })
    const topology = built((builder) => {
      const rekeyed = builder.stream(text('in')).selectKey(firstLetter, { key })
      const some = rekeyed.filter(() => true, { name: 'some' })
      some.process(() => ({ process() {} }), { name: 'watch', stores: [seen] })
      some.groupByKey({ name: 'grouped' }).count({ store: 'counts' })
    })
    const [before] = topology.plan().subTopologies
    expect(before!.nodes.map(({ name }) => name)).toEqual(expect.arrayContaining(['some', 'watch']))
  })
})

describe('a join of a stream with itself', () => {
  const within = JoinWindows.of({ timeDifferenceMs: 5, graceMs: 0 })
  const stores = (topology: Topology): string[] =>
    topology.plan().subTopologies.flatMap((each) => each.stores.map((store) => store.storeName))

  it('keeps one store, if it is an inner one', () => {
    const inner = built((builder) => {
      const stream = builder.stream(text('in'))
      stream.join(stream, (a, b) => a + b, { windows: within, name: 'pairs', store: 'pairs' })
    })
    expect(stores(inner)).toEqual(['pairs-this-join-store'])
  })

  it('keeps both, if it is a left one: records without a key have results, which Kafka Streams loses', async () => {
    const declare = (builder: StreamsBuilder): void => {
      const stream = builder.stream(text('in'))
      const options = { windows: within, name: 'pairs', store: 'pairs' }
      stream.leftJoin(stream, (a, b) => `${a}-${b}`, options).to(text('out'))
    }
    expect(stores(built(declare))).toEqual(stores(built(declare, 'none')))
    await using driver = await TopologyTestDriver.create(built(declare))
    await driver.input(text('in')).pipe({ key: null as never, value: 'a', timestampMs: 1 })
    expect(driver.output(text('out')).readValues()).toEqual(['a-null'])
  })

  it('keeps both, if late records are wanted, which each side has of its own', () => {
    const topology = built((builder) => {
      const stream = builder.stream(text('in'))
      const late = (records: KStream<string, string>): void => records.to(text('late'))
      stream.join(stream, (a, b) => a + b, { windows: within, name: 'pairs', store: 'pairs', late })
    })
    expect(stores(topology)).toHaveLength(2)
  })
})
