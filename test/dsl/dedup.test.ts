import { StreamsBuilder, TopologyError, topic, type DedupOptions } from 'millrace'
import { json, long, string } from 'millrace/serdes'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { CrashableTask } from '../runtime/crashable-task.ts'
import { CountingMetrics } from '../runtime/task-harness.ts'
import { text } from './golden/topics.ts'

const dropped = 'millrace_task_dropped_records_total duplicate'

/** Pipes `key value time` lines and gives the values that came through, and the duplicates. */
async function deduplicated(
  lines: readonly (readonly [string | null, string | null, number])[],
  options: Omit<DedupOptions<string, string, string>, 'duplicates'>,
): Promise<{ through: unknown[]; duplicates: unknown[]; counted: number }> {
  const builder = new StreamsBuilder()
  builder
    .stream(text('in'))
    .dedup({ ...options, duplicates: (stream) => stream.to(text('duplicates')) })
    .to(text('out'))
  const metrics = new CountingMetrics()
  await using driver = await TopologyTestDriver.create(builder.build(), { metrics })
  const input = driver.input(text('in'))
  for (const [key, value, timestampMs] of lines) await input.pipe({ key, value, timestampMs })
  return {
    through: driver.output(text('out')).readValues(),
    duplicates: driver.output(text('duplicates')).readValues(),
    counted: metrics.counts.get(dropped) ?? 0,
  }
}

const byWord = (value: string | null): string | null => value && value.split('#')[0]!

describe('dedup', () => {
  it('lets the first of an id pass, and the next once the window is over', async () => {
    const lines = [
      ['k', 'a#1', 0],
      ['k', 'a#2', 99],
      ['k', 'b#3', 99],
      ['k', 'a#4', 100],
      ['k', 'a#5', 199],
      ['k', 'a#6', 200],
    ] as const
    expect(await deduplicated(lines, { id: byWord, windowMs: 100 })).toEqual({
      through: ['a#1', 'b#3', 'a#4', 'a#6'],
      duplicates: ['a#2', 'a#5'],
      counted: 2,
    })
  })

  it('compares ids within a key, unless it is to look across all', async () => {
    const lines = [
      ['j', 'a#1', 0],
      ['k', 'a#2', 1],
      [null, 'a#3', 2],
      [null, 'a#4', 3],
      ['k', null, 4],
    ] as const
    const within = await deduplicated(lines, { id: byWord, windowMs: 100 })
    expect(within.through).toEqual(['a#1', 'a#2', 'a#3', 'a#4', null])
    const across = await deduplicated(lines, { id: byWord, windowMs: 100, across: 'all-keys' })
    expect(across.through).toEqual(['a#1', null])
    expect(across.duplicates).toEqual(['a#2', 'a#3', 'a#4'])
  })

  it('goes by the key where it is given no id', async () => {
    const lines = [
      ['j', 'a', 0],
      ['k', 'b', 0],
      ['j', 'c', 50],
      ['j', 'd', 100],
    ] as const
    const { through } = await deduplicated(lines, { windowMs: 100 })
    expect(through).toEqual(['a', 'b', 'd'])
  })

  it('knows a duplicate that is older than the first, and takes nothing back', async () => {
    const lines = [
      ['k', 'a#1', 150],
      ['k', 'a#2', 51],
      ['k', 'a#3', 50],
      ['k', 'a#4', 60],
      ['k', 'a#5', 249],
    ] as const
    const { through } = await deduplicated(lines, { id: byWord, windowMs: 100 })
    expect(through).toEqual(['a#1', 'a#3'])
  })

  it('remembers an id for the window and the grace of stream time, however late it is', async () => {
    const lines = (otherMs: number) =>
      [
        ['k', 'a#1', 0],
        ['k', 'z#2', otherMs],
        ['k', 'a#3', 1],
      ] as const
    const options = { id: byWord, windowMs: 100, graceMs: 900 }
    expect((await deduplicated(lines(1_000), options)).through).toEqual(['a#1', 'z#2'])
    // Forgotten, it passes: what may be the first of its id is not lost.
    expect((await deduplicated(lines(3_000), options)).through).toEqual(['a#1', 'z#2', 'a#3'])
  })

  it('knows the duplicates among the records that come of one', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(text('in'))
      .flatMapValues((line) => line.split(' '))
      .dedup({ id: (word) => word, windowMs: 100, key: string() })
      .to(text('out'))
    await using driver = await TopologyTestDriver.create(builder.build())
    await driver.input(text('in')).pipe({ key: 'k', value: 'a b a', timestampMs: 0 })
    expect(driver.output(text('out')).readValues()).toEqual(['a', 'b'])
  })

  it('takes no record for its own duplicate where it is processed again, as at least once may have it', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(text('in'))
      .flatMapValues((line) => line.split(' '))
      .dedup({ id: (word) => word, windowMs: 100, key: string() })
      .to(text('out'))
    const line = { key: 'k', value: 'a b a', timestampMs: 0 }
    await using task = new CrashableTask(builder.build(), { in: [line, line] })
    await task.open()
    await task.step(1)
    await task.commit('state')
    await task.crash()
    await task.drain()
    await task.commit()
    expect(task.committed.map(({ value }) => value)).toEqual(['a', 'b'])
  })

  it('repartitions where the key was changed, or ids are compared across keys', () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream(text('in'))
    stream
      .selectKey((value) => value, { key: string() })
      .dedup({ windowMs: 1, name: 'by-key' })
      .dedup({ windowMs: 1, name: 'again', id: (value) => value, across: 'all-keys' })
      .groupByKey()
      .count({ store: 'counts' })
    const { internalTopics } = builder.build().plan()
    expect([...internalTopics.keys()].filter((name) => name.endsWith('-repartition'))).toEqual([
      'by-key-repartition',
      'again-repartition',
      'counts-repartition',
    ])
  })

  it('takes ids of any type that it is given a serde for', async () => {
    const events = topic('events', { key: string(), value: json<{ readonly id: number }>() })
    const builder = new StreamsBuilder()
    builder
      .stream(events)
      .dedup({ id: (event) => event.id, idSerde: long({ as: 'number' }), windowMs: 10 })
      .to(events)
    await using driver = await TopologyTestDriver.create(builder.build())
    // @ts-expect-error Ids that are no text need a serde.
    builder.stream(events).dedup({ id: (event) => event.id, windowMs: 10 })
    const input = driver.input(events)
    await input.pipe({ key: 'k', value: { id: 1 }, timestampMs: 0 })
    expect(() => builder.stream(events).dedup({ windowMs: 0 })).toThrow(TopologyError)
    expect(() => builder.stream(events).dedup({ windowMs: 1, graceMs: 0.5 })).toThrow(
      /graceMs must be .* got 0.5/,
    )
    expect(() => builder.stream(events).dedup({ windowMs: 1, across: 'all-keys' })).toThrow(
      /no id to go by/,
    )
  })
})
