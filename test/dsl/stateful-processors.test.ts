import { Record, StreamsBuilder, TimeWindows, type Processor, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { isPromise } from '../../src/core/maybe-promise.ts'
import { Change } from '../../src/dsl/change.ts'
import type { StateStore } from '../../src/state/store.ts'
import { FakeContext } from './fake-context.ts'
import { fakeKeyValueStore, fakeWindowStore } from './fake-stores.ts'
import { text } from './golden/topics.ts'

const value = string()
const key = string()

/** The processor of a topology's node, as the runtime would make it. */
function processorOf(
  topology: Topology,
  name: string,
): Processor<unknown, unknown, unknown, unknown> {
  const nodes = topology.plan().subTopologies.flatMap((sub) => sub.nodes)
  const node = nodes.find((each) => each.name === name)
  if (node?.type !== 'processor') throw new Error(`no processor ${name}`)
  return node.supplier()
}

interface Subject {
  readonly name: string
  readonly node: string
  readonly declare: (builder: StreamsBuilder) => void
  readonly store: (waits: boolean) => { store: StateStore; prefetched: readonly string[] }
  readonly records: readonly (readonly [string | null, unknown, number])[]
  readonly forwarded: readonly unknown[]
  readonly prefetched: readonly string[]
  readonly dropped: number
}

const subjects: readonly Subject[] = [
  {
    name: 'aggregate',
    node: 'subject',
    declare: (builder) =>
      void builder
        .stream(text('in'))
        .groupByKey()
        .aggregate(
          () => '0',
          (all, word) => all + word,
          { name: 'subject', store: 'store', value },
        ),
    store: (waits) => fakeKeyValueStore('store', waits),
    records: [
      ['k', 'a', 5],
      ['k', 'b', 3],
      [null, 'c', 1],
      ['k', null, 1],
    ],
    forwarded: [
      ['k', new Change('0a', null), 5],
      ['k', new Change('0ab', null), 5],
    ],
    prefetched: ['k', 'k', 'k'],
    dropped: 2,
  },
  {
    name: 'hopping windows',
    node: 'subject',
    declare: (builder) =>
      void builder
        .stream(text('in'))
        .groupByKey()
        .windowedBy(TimeWindows.of({ sizeMs: 10, advanceMs: 5, graceMs: 0 }))
        .reduce((a, b) => a + b, { name: 'subject', store: 'store' }),
    store: (waits) => fakeWindowStore('store', waits),
    records: [
      ['k', 'a', 7],
      ['k', 'b', 12],
      ['k', 'c', 3],
      [null, 'd', 1],
    ],
    forwarded: [
      [{ key: 'k', startMs: 0, endMs: 10 }, new Change('a', null), 7],
      [{ key: 'k', startMs: 5, endMs: 15 }, new Change('a', null), 7],
      [{ key: 'k', startMs: 5, endMs: 15 }, new Change('ab', null), 12],
      [{ key: 'k', startMs: 10, endMs: 20 }, new Change('b', null), 12],
    ],
    prefetched: ['k@0', 'k@5', 'k@5', 'k@10', 'k@0'],
    dropped: 2,
  },
  {
    name: 'table that sends old values',
    node: 'KTABLE-SOURCE-0000000001',
    declare: (builder) =>
      void builder
        .table(text('in'), { store: 'store' })
        .groupBy((word) => ({ key: word, value: word }), { key, value })
        .count(),
    store: (waits) => fakeKeyValueStore('store', waits),
    records: [
      ['k', 'a', 5],
      ['k', 'b', 3],
      ['k', null, 4],
      [null, 'c', 1],
    ],
    forwarded: [
      ['k', new Change('a', null), 5],
      ['k', new Change('b', 'a'), 3],
      ['k', new Change(null, 'b'), 4],
    ],
    prefetched: ['k', 'k', 'k'],
    dropped: 1,
  },
  {
    name: 'grouped table',
    node: 'subject',
    declare: (builder) =>
      void builder
        .table(text('in'))
        .groupBy((word) => ({ key: word, value: word }), { key, value })
        .reduce(
          (a, b) => `${a}+${b}`,
          (a, b) => `${a}-${b}`,
          { name: 'subject', store: 'store' },
        ),
    store: (waits) => fakeKeyValueStore('store', waits),
    records: [
      ['g', new Change('a', null), 5],
      ['g', new Change('b', 'a'), 3],
      ['g', new Change(null, 'b'), 9],
    ],
    forwarded: [
      ['g', new Change('a', null), 5],
      ['g', new Change('a-a+b', null), 5],
      ['g', new Change('a-a+b-b', null), 9],
    ],
    prefetched: ['g', 'g', 'g'],
    dropped: 0,
  },
]

describe.each(subjects)('$name', (subject) => {
  const builder = new StreamsBuilder()
  subject.declare(builder)
  const topology = builder.build()

  it.each([
    ['makes no promise where its state is at hand', false],
    ['does the same where its state has to be waited for', true],
  ])('%s', async (_name, waits) => {
    const { store } = subject.store(waits)
    const context = new FakeContext(store)
    const processor = processorOf(topology, subject.node)
    await processor.init?.(context)
    for (const [k, v, timestampMs] of subject.records) {
      const done = processor.process(new Record(k, v, timestampMs), context)
      if (!waits) expect(isPromise(done)).toBe(false)
      await done
    }
    expect(context.forwarded).toEqual(subject.forwarded)
    expect(context.dropped).toHaveLength(subject.dropped)
  })

  it('asks for what it will read', async () => {
    const { store, prefetched } = subject.store(false)
    const processor = processorOf(topology, subject.node)
    await processor.init?.(new FakeContext(store))
    for (const [k, , timestampMs] of subject.records) processor.prefetch?.(k, timestampMs)
    expect(prefetched).toEqual(subject.prefetched)
  })
})

describe('a join with a table', () => {
  const builder = new StreamsBuilder()
  const table = builder.table(text('table'), { store: 'store' }).mapValues((word) => `${word}!`)
  builder.stream(text('in')).leftJoin(table, (a, b) => a + String(b), { name: 'subject' })
  const topology = builder.build()

  it.each([false, true])('reads a derived table through its parent, waiting: %s', async (waits) => {
    const { store, prefetched } = fakeKeyValueStore('store', waits)
    store.put('k', 't' as never, 1)
    const context = new FakeContext(store)
    const processor = processorOf(topology, 'subject')
    await processor.init?.(context)
    processor.prefetch?.('k', 0)
    for (const k of ['k', 'l', null]) {
      const done = processor.process(new Record(k, 'a', 2), context)
      if (!waits) expect(isPromise(done)).toBe(false)
      await done
    }
    await processor.process(new Record('k', null, 2), context)
    expect(context.forwarded).toEqual([
      ['k', 'at!', 2],
      ['l', 'anull', 2],
      [null, 'anull', 2],
    ])
    expect(context.dropped).toHaveLength(1)
    expect(prefetched).toEqual(['k'])
  })
})
