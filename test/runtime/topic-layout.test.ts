import { describe, expect, it } from 'vitest'
import { TopologyError, UnknownTopicError } from '../../src/core/errors.ts'
import { StreamsBuilder, type KStream } from '../../src/index.ts'
import {
  externalSourceTopics,
  layOutTopics,
  type TopicLayout,
} from '../../src/runtime/topic-layout.ts'
import { string } from '../../src/serdes/index.ts'
import { textTopic } from './text-topologies.ts'

const text = { key: string(), value: string() }

function layOut(builder: StreamsBuilder, found: globalThis.Record<string, number>): TopicLayout {
  return layOutTopics(builder.build().plan(), 'app', new Map(Object.entries(found)))
}

function counts(layout: TopicLayout): globalThis.Record<string, number> {
  return Object.fromEntries(layout.internalTopics.map(({ name, partitions }) => [name, partitions]))
}

function rekeyed(builder: StreamsBuilder, topic: string): KStream<string, string> {
  return builder.stream(textTopic(topic)).selectKey((value) => value)
}

describe('the layout of topics', () => {
  it('gives a repartition topic the partitions of what is written to it from, and a changelog those of its tasks', () => {
    const builder = new StreamsBuilder()
    rekeyed(builder, 'in')
      .groupByKey({ ...text, name: 'by-value' })
      .count({ store: 'counts' })
    const layout = layOut(builder, { in: 5 })
    expect(counts(layout)).toEqual({ 'app-by-value-repartition': 5, 'app-counts-changelog': 5 })
    expect([...layout.taskCounts]).toEqual([
      [0, 5],
      [1, 5],
    ])
    expect(layout.tasks.get('1_4')!.partitions).toEqual([
      { topic: 'app-by-value-repartition', partition: 4 },
    ])
  })

  it('follows repartition topics through several sub-topologies', () => {
    const builder = new StreamsBuilder()
    rekeyed(builder, 'in')
      .repartition({ ...text, name: 'first' })
      .selectKey((value) => value)
      .repartition({ ...text, name: 'second' })
      .groupByKey()
      .count({ store: 'counts' })
    expect(counts(layOut(builder, { in: 3 }))).toEqual({
      'app-first-repartition': 3,
      'app-second-repartition': 3,
      'app-counts-changelog': 3,
    })
  })

  it('keeps the partition count that a repartition was given', () => {
    const builder = new StreamsBuilder()
    rekeyed(builder, 'in')
      .repartition({ ...text, name: 'wide', partitions: 7 })
      .groupByKey()
      .count({ store: 'counts' })
    expect(counts(layOut(builder, { in: 2 }))).toEqual({
      'app-wide-repartition': 7,
      'app-counts-changelog': 7,
    })
  })

  it('gives a repartition topic the partitions of the table that its records are joined with', () => {
    const builder = new StreamsBuilder()
    const table = builder.table(textTopic('table'), { store: 'table' })
    rekeyed(builder, 'in').join(table, (a) => a, { name: 'rekeyed', ...text })
    const layout = layOut(builder, { in: 2, table: 6 })
    const repartition = layout.internalTopics.find(({ name }) => name.endsWith('-repartition'))
    expect(repartition?.partitions).toBe(6)
    expect([...layout.taskCounts.values()].toSorted()).toEqual([2, 6])
  })

  it('reads merged topics of differing counts with as many tasks as the widest has partitions', () => {
    const builder = new StreamsBuilder()
    builder
      .stream(textTopic('wide'))
      .merge(builder.stream(textTopic('narrow')))
      .to(textTopic('out'))
    const layout = layOut(builder, { wide: 3, narrow: 1 })
    expect(
      layout.tasks
        .get('0_0')!
        .partitions.map(({ topic }) => topic)
        .toSorted(),
    ).toEqual(['narrow', 'wide'])
    expect(layout.tasks.get('0_2')!.partitions).toEqual([{ topic: 'wide', partition: 2 }])
  })

  it('refuses topics that are joined and have differing counts, naming both', () => {
    const builder = new StreamsBuilder()
    const table = builder.table(textTopic('customers'), { store: 'customers' })
    builder.stream(textTopic('purchases')).join(table, (a) => a)
    const laying = (): TopicLayout => layOut(builder, { purchases: 4, customers: 6 })
    expect(laying).toThrow(TopologyError)
    expect(laying).toThrow(/purchases has 4/)
    expect(laying).toThrow(/customers has 6/)
    expect(laying).toThrow(/same number of partitions/)
  })

  it('refuses tables of differing counts that one repartition topic is joined with', () => {
    const builder = new StreamsBuilder()
    const first = builder.table(textTopic('first'), { store: 'first' })
    const second = builder.table(textTopic('second'), { store: 'second' })
    const stream = rekeyed(builder, 'in').repartition({ ...text, name: 'rekeyed' })
    stream.join(first, (a) => a)
    stream.join(second, (a) => a)
    expect(() => layOut(builder, { in: 2, first: 3, second: 5 })).toThrow(/first has 3/)
  })

  it('gives the topics of a foreign-key join the partitions of the table that each goes to', () => {
    const builder = new StreamsBuilder()
    const orders = builder.table(textTopic('orders'), { store: 'orders' })
    const customers = builder.table(textTopic('customers'), { store: 'customers' })
    orders.join(customers, (a) => a, { name: 'named', on: (order) => order })
    expect(counts(layOut(builder, { orders: 5, customers: 2 }))).toEqual({
      'app-orders-changelog': 5,
      'app-customers-changelog': 2,
      'app-named-subscription-registration-topic': 2,
      'app-named-subscription-store-changelog': 2,
      'app-named-subscription-response-topic': 5,
    })
  })

  it('gives the topics of a table’s foreign-key join with itself the partitions of the table', () => {
    const builder = new StreamsBuilder()
    const people = builder.table(textTopic('people'), { store: 'people' })
    people.join(people, (a) => a, { name: 'boss', on: (person) => person })
    const layout = layOut(builder, { people: 3 })
    expect([...layout.taskCounts.values()]).toEqual([3])
    expect(new Set(layout.internalTopics.map(({ partitions }) => partitions))).toEqual(new Set([3]))
  })

  it('refuses tables of differing counts that are joined by their keys', () => {
    const builder = new StreamsBuilder()
    const left = builder.table(textTopic('left'))
    left.join(builder.table(textTopic('right')), (a) => a)
    expect(() => layOut(builder, { left: 2, right: 3 })).toThrow(/left has 2/)
  })

  it('names the source topic that is missing, and who reads it', () => {
    const builder = new StreamsBuilder()
    builder.stream(textTopic('in')).to(textTopic('out'))
    const laying = (): TopicLayout => layOut(builder, {})
    expect(laying).toThrow(UnknownTopicError)
    expect(laying).toThrow('The source topic in of sub-topology 0 does not exist')
  })

  it('names the topic of a global store that is missing', () => {
    const builder = new StreamsBuilder()
    builder.globalTable(textTopic('rates'), { store: 'rates' })
    const plan = builder.build().plan()
    expect(externalSourceTopics(plan)).toEqual(['rates'])
    expect(() => layOutTopics(plan, 'app', new Map())).toThrow('rates of global store rates')
  })
})
