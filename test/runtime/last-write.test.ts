import { beforeEach, expect, it } from 'vitest'
import { StreamsBuilder } from '../../src/dsl/streams-builder.ts'
import type { KStream } from '../../src/dsl/k-stream.ts'
import { json, string, type Serde } from '../../src/serdes/index.ts'
import { withText } from '../../src/serdes/with-text.ts'
import { keyValueStore, type KeyValueStore } from '../../src/state/index.ts'
import type { Record } from '../../src/core/record.ts'
import type { ProcessorContext } from '../../src/topology/processor.ts'
import { topic } from '../../src/topology/topic.ts'
import { runningTask } from './task-harness.ts'

interface Total {
  count: number
}

let serialized = 0
const inner = json<Total>()
const counting: Serde<Total> = withText<Total>(
  { ...inner, name: 'counting' },
  {
    serializeText(value, context) {
      serialized++
      return inner.serializeText!(value, context)
    },
    deserializeText: (text, context) => inner.deserializeText!(text, context),
  },
)
const out = topic('out', { key: string(), value: counting })

beforeEach(() => {
  serialized = 0
})

/** What comes of two records of a key that are counted. */
async function outputOf(go: (totals: KStream<string, Total>) => void): Promise<(string | null)[]> {
  const builder = new StreamsBuilder()
  const totals = builder
    .stream(topic('in', { key: string(), value: string() }))
    .groupByKey()
    .aggregate(
      (): Total => ({ count: 0 }),
      ({ count }) => ({ count: count + 1 }),
      { store: { name: 'totals' }, value: counting },
    )
    .toStream()
  go(totals as KStream<string, Total>)
  await using harness = await runningTask(builder.build())
  harness.feed('in', [
    { key: 'k', value: 'a', timestampMs: 1 },
    { key: 'k', value: 'b', timestampMs: 2 },
  ])
  await harness.drain()
  return harness.collector.values('out')
}

const both = ['{"count":1}', '{"count":2}']
const mutated = ['{"count":101}', '{"count":102}']
const mutate = (total: Total): void => {
  total.count += 100
}

it('a value that goes on as it was written to a store is serialized once', async () => {
  expect(await outputOf((totals) => totals.to(out))).toEqual(both)
  expect(serialized).toBe(2)
})

it('a value that goes on to two topics too', async () => {
  await outputOf((totals) => {
    totals.to(out)
    totals.to(topic('other', { key: string(), value: counting }))
  })
  expect(serialized).toBe(2)
})

it('another serde makes its own bytes', async () => {
  const other = withText<Total>(
    { ...inner },
    {
      serializeText: ({ count }) => `"${count}"`,
      deserializeText: (text, context) => inner.deserializeText!(text, context),
    },
  )
  const written = await outputOf((totals) =>
    totals.to(topic('out', { key: string(), value: other })),
  )
  expect(written).toEqual(['"1"', '"2"'])
})

it('a serde that may write something else for each topic is asked for each', async () => {
  const byTopic: Serde<Total> = {
    ...inner,
    serialize: ({ count }, { topic: name }) => Buffer.from(`"${count} ${name}"`),
  }
  const builder = new StreamsBuilder()
  builder
    .stream(topic('in', { key: string(), value: string() }))
    .groupByKey()
    .aggregate(
      (): Total => ({ count: 1 }),
      (total) => total,
      { store: { name: 'totals' }, value: byTopic },
    )
    .toStream()
    .to(topic('out', { key: string(), value: byTopic }))
  await using harness = await runningTask(builder.build())
  harness.feed('in', [{ key: 'k', value: 'a', timestampMs: 1 }])
  await harness.drain()
  expect(harness.collector.values('out')).toEqual(['"1 out"'])
})

it('what user code makes of the value in between is written', async () => {
  expect(await outputOf((totals) => totals.peek(mutate).to(out))).toEqual(mutated)
})

it('what user code on another branch makes of the value is written', async () => {
  const written = await outputOf((totals) => {
    totals.foreach(mutate)
    totals.to(out)
  })
  expect(written).toEqual(mutated)
})

it('what a partitioner makes of the value is written where it comes after that', async () => {
  const written = await outputOf((totals) => {
    totals.to(topic('first', { key: string(), value: counting }), {
      partitioner: (_topic, _key, total) => {
        mutate(total as Total)
        return 0
      },
    })
    totals.to(out)
  })
  expect(written).toEqual(mutated)
})

it('what a processor of the user makes of a value that it has written is forwarded', async () => {
  const builder = new StreamsBuilder()
  const store = keyValueStore({ name: 'own', key: string(), value: counting })
  builder
    .stream(topic('in', { key: string(), value: string() }))
    .process(
      () => ({
        process(record: Record<string, string>, context: ProcessorContext<string, Total>) {
          const total = { count: 1 }
          ;(context.store('own') as KeyValueStore<string, Total>).put(record.key, total)
          mutate(total)
          return context.forward(record.withValue(total))
        },
      }),
      { stores: [store] },
    )
    .to(out)
  await using harness = await runningTask(builder.build())
  harness.feed('in', [{ key: 'k', value: 'a', timestampMs: 1 }])
  await harness.drain()
  expect(harness.collector.values('out')).toEqual(['{"count":101}'])
})
