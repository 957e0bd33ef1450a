import {
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  TimeWindows,
  type KGroupedStream,
  type KStream,
  type WindowedOptions,
} from 'millrace'
import { string } from 'millrace/serdes'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { runningTask } from '../runtime/task-harness.ts'
import { text } from './golden/topics.ts'

const value = string()
const gather = (all: string, word: string): string => all + word
const header = { key: 'trace', value: Buffer.from('t') }

type Late = (stream: KStream<string, string>) => void
type Declare = (grouped: KGroupedStream<string, string>, late: Late) => void

const tumbling = TimeWindows.of({ sizeMs: 10, graceMs: 5 })
const toLate: Late = (stream) => stream.to(text('late'))

const kinds: Readonly<Record<string, Declare>> = {
  tumbling: (grouped, late) => {
    grouped.windowedBy(tumbling).count({ late })
  },
  hopping: (grouped, late) => {
    grouped
      .windowedBy(TimeWindows.of({ sizeMs: 10, advanceMs: 2, graceMs: 5 }))
      .reduce(gather, { late })
  },
  sliding: (grouped, late) => {
    grouped
      .windowedBy(SlidingWindows.of({ timeDifferenceMs: 10, graceMs: 5 }))
      .aggregate(() => '', gather, { late, value })
  },
  session: (grouped, late) => {
    grouped
      .windowedBy(SessionWindows.of({ gapMs: 10, graceMs: 5 }))
      .aggregate(() => '', gather, gather, { late, value })
  },
  'results on window close': (grouped, late) => {
    grouped.windowedBy(tumbling).count({ emit: 'window-close', late })
  },
}

async function driverOf(declare: Declare): Promise<TopologyTestDriver> {
  const builder = new StreamsBuilder()
  declare(builder.stream(text('in')).groupByKey(), toLate)
  return TopologyTestDriver.create(builder.build())
}

describe('records that come too late', () => {
  it.each(Object.keys(kinds))('go on as they came, once each: %s', async (kind) => {
    await using driver = await driverOf(kinds[kind]!)
    const input = driver.input(text('in'))
    await input.pipe({ key: 'k', value: 'a', timestampMs: 100 })
    await input.pipe({ key: 'l', value: 'b', timestampMs: 3, headers: [header] })
    await input.pipe({ key: 'l', value: 'c', timestampMs: 100 })
    await input.pipe({ key: 'k', value: 'd', timestampMs: 3 })
    expect(driver.output(text('late')).readRecords()).toEqual([
      { key: 'l', value: 'b', timestampMs: 3, headers: [header] },
      { key: 'k', value: 'd', timestampMs: 3, headers: [] },
    ])
  })

  it('are those that one window has nothing of, though others have', async () => {
    const windows = TimeWindows.of({ sizeMs: 10, advanceMs: 5, graceMs: 0 })
    await using driver = await driverOf((grouped, late) => {
      const table = grouped.windowedBy(windows).reduce(gather, { late })
      table
        .toStream()
        .map((all, { startMs }) => ({ key: `${startMs}`, value: all! }))
        .to(text('out'))
    })
    const input = driver.input(text('in'))
    await input.pipe({ key: 'k', value: 'a', timestampMs: 16 })
    await input.pipe({ key: 'k', value: 'b', timestampMs: 12 })
    expect(driver.output(text('late')).readValues()).toEqual(['b'])
    const updates = driver.output(text('out')).readRecords()
    expect(updates.map((update) => [update.key, update.value])).toEqual([
      ['10', 'a'],
      ['15', 'a'],
      ['10', 'ab'],
    ])
  })

  it('are counted and logged once each, whether they go on or not', async () => {
    for (const late of [undefined, toLate]) {
      const builder = new StreamsBuilder()
      const windows = TimeWindows.of({ sizeMs: 10, advanceMs: 5, graceMs: 2 })
      const grouped = builder.stream(text('in')).groupByKey()
      grouped.windowedBy(windows).count({ name: 'count', ...(late && { late }) })
      await using harness = await runningTask(builder.build())
      harness.feed('in', [
        { key: 'k', value: 'a', timestampMs: 50 },
        { key: 'k', value: 'b', timestampMs: 21 },
        { key: null, value: 'c', timestampMs: 50 },
      ])
      await harness.drain()
      const { counts } = harness.metrics
      expect(counts.get('millrace_task_dropped_records_total late')).toBe(1)
      expect(counts.get('millrace_task_dropped_records_total skipped')).toBe(1)
      expect(harness.logger.messages[0]).toBe(
        'warn The processor count skipped a record: its time 21 belongs to the windows [15, 25), ' +
          '[20, 30), closed 2 ms (the grace period) after the end; stream time is 50',
      )
      expect(harness.logger.messages).toHaveLength(2)
      expect(harness.collector.values('late')).toEqual(late ? ['b'] : [])
    }
  })

  it('go on from all streams of a cogroup, each by the time of its own stream', async () => {
    const builder = new StreamsBuilder()
    const both = builder.stream(text('in')).groupByKey().cogroup<string>(gather)
    both
      .cogroup(builder.stream(text('in-2')).groupByKey(), gather)
      .windowedBy(tumbling)
      .aggregate(() => '', {
        name: 'both',
        value,
        late: (stream) => stream.mapValues(String, { value }).to(text('late')),
      })
    await using driver = await TopologyTestDriver.create(builder.build())
    await driver.input(text('in')).pipe({ key: 'k', value: 'a', timestampMs: 100 })
    await driver.input(text('in-2')).pipe({ key: 'k', value: 'b', timestampMs: 50 })
    await driver.input(text('in-2')).pipe({ key: 'k', value: 'c', timestampMs: 3 })
    await driver.input(text('in')).pipe({ key: 'k', value: 'd', timestampMs: 50 })
    expect(driver.output(text('late')).readValues()).toEqual(['c', 'd'])
  })

  it('spend no generated name, so that asking for them renames nothing', () => {
    const described = (options: WindowedOptions<KStream<string, string>>): string => {
      const builder = new StreamsBuilder()
      const grouped = builder.stream(text('in')).groupByKey()
      grouped
        .windowedBy(tumbling)
        .count(options)
        .toStream()
        .foreach(() => {})
      return builder.build().describe()
    }
    const names = (topology: string): Set<string> =>
      new Set(topology.match(/K[A-Z]+-[A-Z-]+-\d{10}\b/g))
    const late = described({ late: () => {} })
    expect(names(late)).toEqual(names(described({})))
    expect(late).toContain('KSTREAM-AGGREGATE-0000000002-late')
  })
})
