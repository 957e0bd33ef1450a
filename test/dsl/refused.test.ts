import {
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  TimeWindows,
  TopologyError,
  topic,
  UnlimitedWindows,
} from 'millrace'
import { long, string } from 'millrace/serdes'
import { keyValueStore } from 'millrace/state'
import { describe, expect, it } from 'vitest'
import { text } from './golden/topics.ts'

const key = string()
const value = string()

const cases: [string, RegExp, (builder: StreamsBuilder) => void][] = [
  ['nothing declared', /Nothing is declared/, () => {}],
  [
    'a key serde that got lost before an aggregation',
    /serde of its keys is not known/,
    (b) =>
      b
        .stream(text('in'))
        .selectKey((word) => word)
        .groupByKey()
        .count(),
  ],
  [
    'a value serde that got lost before a repartition',
    /serde of its values is not known/,
    (b) =>
      b
        .stream(text('in'))
        .mapValues((word) => word.length)
        .groupBy((n) => String(n), { key })
        .count(),
  ],
  [
    'a repartition without serdes',
    /repartition KSTREAM-REPARTITION-0000000002 writes to a topic.*key: …/,
    (b) =>
      b
        .stream(text('in'))
        .selectKey((word) => word)
        .repartition(),
  ],
  [
    'a repartition into no partitions',
    /is to have 0 partitions/,
    (b) => b.stream(text('in')).repartition({ partitions: 0 }),
  ],
  [
    'a join that would be repartitioned without serdes',
    /serde of its keys is not known/,
    (b) =>
      b
        .stream(text('in'))
        .selectKey((word) => word)
        .join(b.table(text('t')), (a) => a),
  ],
  [
    'a table of another builder',
    /table of the same StreamsBuilder/,
    (b) => b.stream(text('in')).join(new StreamsBuilder().table(text('t')), (a) => a),
  ],
  [
    'the same name twice',
    /node name same is used twice/,
    (b) =>
      b
        .stream(text('in'))
        .peek(() => {}, { name: 'same' })
        .peek(() => {}, { name: 'same' }),
  ],
  [
    'an illegal name',
    /node name "a name" is illegal/,
    (b) => b.stream(text('in'), { name: 'a name' }),
  ],
  [
    'the same store name twice',
    /store name counts is used twice/,
    (b) => {
      const grouped = b.stream(text('in')).groupByKey()
      grouped.count({ store: 'counts' })
      grouped.reduce((a) => a, { store: 'counts' })
    },
  ],
  [
    'a store that nothing uses',
    /store idle is not connected/,
    (b) => b.stream(text('in')) && b.addStateStore(keyValueStore({ name: 'idle', key, value })),
  ],
  [
    'overlapping sets of topics',
    /topic a is read twice/,
    (b) => [b.stream(text('a')), b.stream([text('a'), text('b')])],
  ],
  [
    'one topic with two offset resets',
    /different offset resets/,
    (b) => [b.stream(text('a'), { offsetReset: 'latest' }), b.stream(text('a'))],
  ],
  [
    'a topic as stream and table',
    /topic a is already read/,
    (b) => [b.stream(text('a')).to(text('b')), b.table(text('a'))],
  ],
  [
    'a processor with a table that is nowhere held',
    /uses the table KTABLE-FILTER-0000000003, which is not held/,
    (b) => {
      const table = b.table(text('t')).filter(() => true)
      b.stream(text('in')).process(() => ({ process() {} }), { stores: [table] })
    },
  ],
  [
    'windows kept shorter than they are open',
    /are to be kept 10 ms, less than their size and grace, 15 ms/,
    (b) =>
      b
        .stream(text('in'))
        .groupByKey()
        .windowedBy(TimeWindows.of({ sizeMs: 10, graceMs: 5 }))
        .count({ retentionMs: 10 }),
  ],
  [
    'sliding windows kept shorter than records need them',
    /are to be kept 24 ms, less than their size and grace, 25 ms/,
    (b) =>
      b
        .stream(text('in'))
        .groupByKey()
        .windowedBy(SlidingWindows.of({ timeDifferenceMs: 10, graceMs: 5 }))
        .count({ retentionMs: 24 }),
  ],
  [
    'sessions kept shorter than they are open',
    /are to be kept 14 ms, less than their size and grace, 15 ms/,
    (b) =>
      b
        .stream(text('in'))
        .groupByKey()
        .windowedBy(SessionWindows.of({ gapMs: 10, graceMs: 5 }))
        .count({ retentionMs: 14 }),
  ],
  [
    'results on close of a window without an end',
    /The windows in counts never close/,
    (b) =>
      b
        .stream(text('in'))
        .groupByKey()
        .windowedBy(UnlimitedWindows.of())
        .count({ store: 'counts', emit: 'window-close' }),
  ],
  [
    'a window that starts before the epoch',
    /UnlimitedWindows: startMs must be .* at least 0; got -1/,
    () => UnlimitedWindows.of({ startMs: -1 }),
  ],
  [
    'sliding windows of no size',
    /SlidingWindows: timeDifferenceMs must be .* at least 1; got 0/,
    () => SlidingWindows.of({ timeDifferenceMs: 0, graceMs: 5 }),
  ],
  [
    'sliding windows of a grace below none',
    /SlidingWindows: graceMs must be .* at least 0; got -1/,
    () => SlidingWindows.of({ timeDifferenceMs: 1, graceMs: -1 }),
  ],
  [
    'sessions without a gap',
    /SessionWindows: gapMs must be .* at least 1; got 0/,
    () => SessionWindows.of({ gapMs: 0, graceMs: 5 }),
  ],
  [
    'sessions of half a millisecond of grace',
    /SessionWindows: graceMs must be .* at least 0; got 0.5/,
    () => SessionWindows.of({ gapMs: 1, graceMs: 0.5 }),
  ],
  [
    'results looked for before each other',
    /counted: emitIntervalMs must be .* at least 0; got -1/,
    (b) =>
      b
        .stream(text('in'))
        .groupByKey()
        .windowedBy(TimeWindows.of({ sizeMs: 10, graceMs: 5 }))
        .count({ name: 'counted', emit: 'window-close', emitIntervalMs: -1 }),
  ],
  [
    'a grouped stream that is twice in a cogroup',
    /has the grouped stream KSTREAM-SOURCE-0000000000 twice/,
    (b) => {
      const grouped = b.stream(text('in')).groupByKey()
      grouped.cogroup((all: string) => all).cogroup(grouped, (all) => all)
    },
  ],
  [
    'a cogroup of two builders',
    /streams of one builder only/,
    (b) => {
      const other = new StreamsBuilder().stream(text('in')).groupByKey()
      const grouped = b.stream(text('in')).groupByKey()
      grouped.cogroup((all: string) => all).cogroup(other, (all) => all)
    },
  ],
  [
    'a cogroup of which no key serde is known',
    /A grouping before the cogroup is held in a store.*{ key: … }/,
    (b) =>
      b
        .stream(text('in'))
        .selectKey((word) => word)
        .groupByKey()
        .cogroup((all: string) => all)
        .aggregate(() => '', { value }),
  ],
  [
    'joined topics of different fixed partition counts',
    /same number of partitions.*one-repartition has 2.*two-repartition has 3/,
    (b) => {
      const one = b.stream(text('a')).repartition({ name: 'one', partitions: 2 })
      const two = b.stream(text('b')).repartition({ name: 'two', partitions: 3 })
      one.join(two.toTable(), (x) => x)
    },
  ],
]

describe('what cannot run is refused when it is declared or built:', () => {
  it.each(cases)('%s', (_name, message, declare) => {
    const refused = (): void => {
      const builder = new StreamsBuilder()
      declare(builder)
      builder.build()
    }
    expect(refused).toThrow(TopologyError)
    expect(refused).toThrow(message)
  })

  it('a table that is not held has no store name', () => {
    const table = new StreamsBuilder().table(text('t'))
    expect(() => table.storeName).toThrow(/KTABLE-SOURCE-0000000002 is not held in a store/)
  })
})

describe('the plan of a DSL topology', () => {
  it('groups the topics that must have as many partitions, through repartitions and merges', () => {
    const builder = new StreamsBuilder()
    const table = builder.table(text('table'))
    const rekeyed = builder.stream(text('a')).selectKey((word) => word, { key })
    rekeyed.join(table, (a) => a, { name: 'first' }).to(text('out'))
    builder
      .stream(text('b'))
      .merge(builder.stream(text('c')))
      .join(table, (a) => a)
    const groups = builder
      .build()
      .plan()
      .subTopologies.flatMap((sub) => sub.copartitionGroups)
    expect([...new Set(groups.map((group) => [...group].sort().join()))]).toEqual([
      'b,c,first-repartition,table',
    ])
  })

  it('groups the topics of a cogroup, where they are repartitioned those they go through', () => {
    const builder = new StreamsBuilder()
    const add = (all: string, word: string): string => all + word
    const rekeyed = builder.stream(text('b')).groupBy((word) => word, { key, name: 'by-word' })
    builder
      .stream(text('a'))
      .groupByKey()
      .cogroup<string>(add)
      .cogroup(rekeyed, add)
      .cogroup(builder.stream(text('c')).groupByKey(), add)
      .aggregate(() => '', { value })
    const { subTopologies } = builder.build().plan()
    expect(subTopologies.flatMap((sub) => sub.copartitionGroups)).toEqual([
      ['a', 'by-word-repartition', 'c'],
    ])
  })

  it('keeps the co-partitioning of a source that is merged into another of the same topic', () => {
    const builder = new StreamsBuilder()
    builder.stream(text('a')).to(text('out'))
    builder.stream(text('a')).join(builder.table(text('table')), (a) => a)
    const { subTopologies } = builder.build().plan()
    expect(subTopologies[0]!.copartitionGroups).toEqual([['a', 'table']])
  })

  it('holds a source table only where an operator needs it', () => {
    const builder = new StreamsBuilder()
    builder.table(text('passing')).toStream().to(text('out'))
    const joined = builder.table(text('joined'))
    builder.stream(text('in')).join(joined, (a) => a)
    const { subTopologies } = builder.build().plan()
    expect(subTopologies.flatMap((sub) => sub.stores.map((store) => store.storeName))).toEqual([
      joined.storeName,
    ])
    expect(joined.storeName).toBe('joined-STATE-STORE-0000000005')
  })

  it('takes stores as they are asked for', () => {
    const builder = new StreamsBuilder()
    const logging = { everyUpdate: true, topicConfig: { 'segment.ms': '1' } }
    const store = { name: 'counts', engine: 'memory', logging } as const
    builder
      .stream(topic('in', { key, value: long() }))
      .groupByKey()
      .count({ store })
    const plan = builder.build().plan()
    expect(plan.subTopologies[0]!.stores[0]).toMatchObject({
      engine: 'memory',
      logging: { enabled: true, everyUpdate: true },
    })
    expect(plan.internalTopics.get('counts-changelog')!.config['segment.ms']).toBe('1')
  })
})

describe('a builder', () => {
  it('builds the same topology again', () => {
    const builder = new StreamsBuilder()
    builder.stream(text('a')).to(text('out'))
    builder.stream(text('a')).join(builder.table(text('table')), (a) => a)
    const first = builder.build()
    const second = builder.build()
    expect(second.describe()).toBe(first.describe())
    expect(second.plan().subTopologies[0]!.copartitionGroups).toEqual([['a', 'table']])
  })

  it('reads repartition topics from their start, whatever the configuration says of inputs', () => {
    const builder = new StreamsBuilder()
    builder
      .stream(text('in'), { offsetReset: 'latest' })
      .groupBy((word) => word, { key })
      .count()
    const grouped = builder
      .table(text('table'))
      .groupBy((v) => ({ key: v, value: v }), { key, value })
    grouped.count()
    const nodes = builder
      .build()
      .plan()
      .subTopologies.flatMap((sub) => sub.nodes)
    const sources = nodes.filter((node) => node.type === 'source')
    expect(
      sources.map((node) => [node.topics[0]!.endsWith('-repartition'), node.offsetReset]),
    ).toEqual([
      [false, 'latest'],
      [true, 'earliest'],
      [false, undefined],
      [true, 'earliest'],
    ])
  })
})
