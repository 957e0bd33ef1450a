import { JoinWindows, StreamsBuilder, topic, type StreamJoinedOptions } from 'millrace'
import { json, string } from 'millrace/serdes'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { runningTask } from '../runtime/task-harness.ts'
import { text } from './golden/topics.ts'

const windows = JoinWindows.of({ timeDifferenceMs: 10, graceMs: 5 })

function joiner(a: string | null, b: string | null): string {
  return `${a}+${b}`
}

function outerJoin(options: Partial<StreamJoinedOptions<string, string, string>>): StreamsBuilder {
  const builder = new StreamsBuilder()
  const left = builder.stream(text('left'))
  left.outerJoin(builder.stream(text('right')), joiner, { windows, ...options }).to(text('out'))
  return builder
}

describe('a join of streams', () => {
  it('looks once a second for windows that have closed, unless told otherwise', async () => {
    await using driver = await TopologyTestDriver.create(outerJoin({}).build())
    const values = (): unknown[] => driver.output(text('out')).readValues()
    await driver.advanceWallClock(5000)
    await driver.input(text('left')).pipe({ key: 'k', value: 'a', timestampMs: 0 })
    await driver.input(text('left')).pipe({ key: 'l', value: 'b', timestampMs: 50 })
    expect(values()).toEqual([])
    await driver.advanceWallClock(999)
    await driver.input(text('left')).pipe({ key: 'l', value: 'c', timestampMs: 51 })
    expect(values()).toEqual([])
    await driver.advanceWallClock(1)
    await driver.input(text('left')).pipe({ key: 'l', value: 'd', timestampMs: 52 })
    expect(values()).toEqual(['a+null'])
  })

  it('joins records of the same time where the windows hold no other', async () => {
    const builder = new StreamsBuilder()
    const options = { windows: JoinWindows.of({ timeDifferenceMs: 0, graceMs: 0 }) }
    builder
      .stream(text('left'))
      .join(builder.stream(text('right')), joiner, options)
      .to(text('out'))
    await using driver = await TopologyTestDriver.create(builder.build())
    await driver.input(text('left')).pipe({ key: 'k', value: 'a', timestampMs: 7 })
    await driver.input(text('right')).pipe({ key: 'k', value: 'b', timestampMs: 7 })
    await driver.input(text('right')).pipe({ key: 'k', value: 'c', timestampMs: 8 })
    await driver.input(text('left')).pipe({ key: 'k', value: 'd', timestampMs: 7 })
    expect(driver.output(text('out')).readValues()).toEqual(['a+b'])
  })

  it('waits for joiners in the order of the records', async () => {
    const builder = new StreamsBuilder()
    const slow = async (a: string | null, b: string | null): Promise<string> => {
      // The earlier a record is, the longer it takes.
      for (let i = a === 'a' ? 9 : 1; i > 0; i--) await Promise.resolve()
      return joiner(a, b)
    }
    builder
      .stream(text('left'))
      .outerJoin(builder.stream(text('right')), slow, { windows, emitIntervalMs: 0 })
      .to(text('out'))
    await using driver = await TopologyTestDriver.create(builder.build())
    await driver.input(text('left')).pipe({ key: 'k', value: 'a', timestampMs: 0 })
    await driver.input(text('left')).pipe({ key: 'k', value: 'a2', timestampMs: 0 })
    await driver.input(text('left')).pipe({ key: 'j', value: 'a', timestampMs: 1 })
    await driver.input(text('left')).pipe({ key: 'j', value: 'a3', timestampMs: 1 })
    await driver.input(text('right')).pipe({ key: 'k', value: 'b', timestampMs: 3 })
    await driver.input(text('right')).pipe({ key: 'l', value: 'c', timestampMs: 90 })
    const joined = driver.output(text('out')).readValues()
    expect(joined).toEqual(['a+b', 'a2+b', 'a+null', 'a3+null'])
  })

  it('hands on the records of each side that are too late to be kept, and counts them', async () => {
    const builder = outerJoin({
      emitIntervalMs: 0,
      late: (stream) =>
        stream.mapValues((value) => `left ${value}`, { value: string() }).to(text('late')),
      otherLate: (stream) => stream.to(text('late')),
    })
    await using task = await runningTask(builder.build())
    const feed = async (side: string, value: string, timestampMs: number): Promise<void> => {
      task.feed(side, [{ key: 'k', value, timestampMs }], { from: timestampMs })
      await task.drain()
    }
    for (const side of ['left', 'right']) task.task.updateLag(side, 0, 0)
    await feed('left', 'a', 100)
    await feed('right', 'b', 126)
    expect(task.collector.values('late')).toEqual([])
    await feed('right', 'c', 102)
    // 25 ms, the window and the grace, before the latest of its side.
    await feed('right', 'd', 101)
    await feed('left', 'e', 75)
    await feed('left', 'f', 76)
    expect(task.collector.values('late')).toEqual(['d', 'left e'])
    // What is late finds what is still there.
    expect(task.collector.values('out')).toContain('a+d')
    expect(task.metrics.counts.get('millrace_task_dropped_records_total late')).toBe(2)
    expect(
      task.metrics.counts.get('millrace_task_dropped_records_total expired-window'),
    ).toBeFalsy()
  })

  it('keeps nothing on disk longer than its windows and grace need, and compacts no records away', () => {
    const { internalTopics } = outerJoin({ store: 'kept' }).build().plan()
    const configs = Object.fromEntries(
      [...internalTopics.values()].map(({ name, config }) => [
        name,
        `${config['cleanup.policy']} ${config['retention.ms']}`,
      ]),
    )
    const dayMs = 86_400_000
    expect(configs).toEqual({
      'kept-outer-this-join-store-changelog': `delete ${dayMs + 25}`,
      'kept-outer-other-join-store-changelog': `delete ${dayMs + 25}`,
      'kept-outer-shared-join-store-changelog': 'compact undefined',
    })
  })

  it('keeps records where it is told to, for as long', () => {
    const store = { name: 'kept', engine: 'rocksdb', retentionMs: 99, logging: false } as const
    const { subTopologies } = outerJoin({ store, otherStore: { name: 'other', engine: 'memory' } })
      .build()
      .plan()
    const stores = subTopologies[0]!.stores.map(({ storeName, engine, logging, ...spec }) => [
      storeName,
      engine,
      logging.enabled,
      'retentionMs' in spec ? spec.retentionMs : undefined,
    ])
    expect(stores).toEqual([
      ['kept-outer-this-join-store', 'rocksdb', false, 99],
      ['other', 'memory', false, 99],
      ['kept-outer-shared-join-store', 'rocksdb', false, undefined],
    ])
  })
})

describe('a join of streams is refused', () => {
  it('with a stream of another builder', () => {
    const left = new StreamsBuilder().stream(text('left'))
    const right = new StreamsBuilder().stream(text('right'))
    expect(() => left.join(right, joiner, { windows })).toThrow(/same StreamsBuilder only/)
  })

  it('without windows', () => {
    const builder = new StreamsBuilder()
    const left = builder.stream(text('left'))
    const right = builder.stream(text('right'))
    const options = {} as unknown as StreamJoinedOptions<string, string, string>
    expect(() => left.join(right, joiner, options)).toThrow(/A join of two streams needs windows/)
  })

  it('where the serde of a side is not known, naming the option', () => {
    const builder = new StreamsBuilder()
    const left = builder.stream(text('left'))
    const numbers = builder.stream(text('right')).mapValues((value) => value.length)
    const add = (value: string, n: number): string => value + n
    expect(() => left.join(numbers, add, { windows })).toThrow(
      /The join KSTREAM-MERGE-0000000007 keeps records in stores.*\{ otherValue: … \}/,
    )
    left.join(numbers, add, { windows, otherValue: json<number>() }).to(topic('out', text('out')))
    expect(() => builder.build()).not.toThrow()
  })

  it.each([
    [{ timeDifferenceMs: -1, graceMs: 0 }, /timeDifferenceMs must be a whole number.*got -1/],
    [{ timeDifferenceMs: 1, graceMs: -1 }, /graceMs must be a whole number.*at least 0; got -1/],
    [{ beforeMs: 1.5, afterMs: 1, graceMs: 0 }, /beforeMs must be a whole number/],
    [{ beforeMs: 1, afterMs: Infinity, graceMs: 0 }, /afterMs must be a whole number/],
    [{ beforeMs: 4, afterMs: -5, graceMs: 0 }, /come to less than 0/],
  ])('with the windows %o', (options, message) => {
    expect(() => JoinWindows.of(options)).toThrow(message)
  })

  it('with an interval that is none', () => {
    expect(() => outerJoin({ emitIntervalMs: -1 })).toThrow(/emitIntervalMs must be a whole number/)
  })
})
