import {
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  TimeWindows,
  UnlimitedWindows,
  type KTable,
  type WindowedKey,
} from 'millrace'
import { long, string } from 'millrace/serdes'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { CrashableTask, runThrough } from '../runtime/crashable-task.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import { counts, text } from './golden/topics.ts'

const onClose = { emit: 'window-close', emitIntervalMs: 0 } as const

type Records = readonly (readonly [key: string, timestampMs: number])[]

function send<K extends WindowedKey<string>>(table: KTable<K, number>): void {
  table
    .toStream()
    .map((count, { key, startMs, endMs }) => ({ key: `${key}@${startMs}-${endMs}`, value: count! }))
    .to(counts('out'))
}

async function sent(
  declare: (builder: StreamsBuilder) => void,
  records: Records,
): Promise<(readonly [string | null, number | null])[]> {
  const builder = new StreamsBuilder()
  declare(builder)
  await using driver = await TopologyTestDriver.create(builder.build())
  for (const [key, timestampMs] of records) {
    await driver.input(text('in')).pipe({ key, value: 'x', timestampMs })
  }
  return driver
    .output(counts('out'))
    .readRecords()
    .map(({ key, value }) => [key, value] as const)
}

const withGap: Records = [
  ['k', 10],
  ['l', 19],
  ['k', 500],
  ['k', 1000],
]

describe('results on window close', () => {
  // Kafka Streams sends the first window only of sliding ones, and no tumbling one: they leave the store before.
  it('are not lost where nothing comes for longer than windows are kept', async () => {
    const tumbling = await sent((builder) => {
      const windows = TimeWindows.of({ sizeMs: 10, graceMs: 5 })
      send(builder.stream(text('in')).groupByKey().windowedBy(windows).count(onClose))
    }, withGap)
    expect(tumbling).toEqual([
      ['k@10-20', 1],
      ['l@10-20', 1],
      ['k@500-510', 1],
    ])
    const sliding = await sent((builder) => {
      const windows = SlidingWindows.of({ timeDifferenceMs: 10, graceMs: 5 })
      send(builder.stream(text('in')).groupByKey().windowedBy(windows).count(onClose))
    }, withGap)
    expect(sliding).toEqual([
      ['k@0-10', 1],
      ['l@9-19', 1],
      ['k@490-500', 1],
    ])
    const session = await sent((builder) => {
      const windows = SessionWindows.of({ gapMs: 10, graceMs: 5 })
      send(builder.stream(text('in')).groupByKey().windowedBy(windows).count(onClose))
    }, withGap)
    expect(session).toEqual([
      ['k@10-10', 1],
      ['l@19-19', 1],
      ['k@500-500', 1],
    ])
  })

  it('are looked for once a second of wall-clock time unless another interval is given', async () => {
    const builder = new StreamsBuilder()
    const windows = TimeWindows.of({ sizeMs: 10, graceMs: 0 })
    const options = { emit: 'window-close', retentionMs: 1000 } as const
    send(builder.stream(text('in')).groupByKey().windowedBy(windows).count(options))
    await using driver = await TopologyTestDriver.create(builder.build())
    const out = driver.output(counts('out'))
    const keys = (): unknown[] => out.readRecords().map(({ key }) => key)
    const pipe = async (timestampMs: number): Promise<void> =>
      driver.input(text('in')).pipe({ key: 'k', value: 'x', timestampMs })
    await pipe(0)
    await pipe(15)
    expect(keys()).toEqual([])
    await driver.advanceWallClock(1000)
    expect(keys()).toEqual([])
    await pipe(16)
    expect(keys()).toEqual(['k@0-10'])
  })
})

describe('a window without an end', () => {
  it('is kept for ever, over restarts, on RocksDB', async () => {
    const builder = new StreamsBuilder()
    const windows = UnlimitedWindows.of({ startMs: 5 })
    const grouped = builder.stream(text('in')).groupByKey().windowedBy(windows)
    const table = grouped.reduce((all, word) => all + word, { store: 'all' })
    table
      .toStream()
      .map((all, { startMs, endMs }) => ({ key: `${startMs}-${endMs}`, value: all! }))
      .to(text('out'))
    const records = [4, 6, 1_700_000_000_000, 5].map((timestampMs, i) => ({
      key: 'k',
      value: 'abcd'[i]!,
      timestampMs,
    }))
    const options = { folder: await temporaryFolder() }
    await using task = new CrashableTask(builder.build(), { in: records }, options)
    const sent = await runThrough(task, [{ step: 3 }, 'commit', 'crash'])
    const window = `5-${Number.MAX_SAFE_INTEGER}`
    expect(sent.map(({ key, value }) => [key, value])).toEqual([
      [window, 'b'],
      [window, 'bc'],
      [window, 'bcd'],
    ])
  })
})

describe('a table of windows that is grouped again', () => {
  function regrouped<K extends WindowedKey<string>>(
    declare: (builder: StreamsBuilder) => KTable<K, number>,
  ): (builder: StreamsBuilder) => void {
    return (builder) => {
      declare(builder)
        .groupBy((count, { key }) => ({ key, value: count }), {
          key: string(),
          value: long({ as: 'number' }),
        })
        .reduce(
          (sum, count) => sum + count,
          (sum, count) => sum - count,
          { store: 'sums' },
        )
        .toStream()
        .to(counts('out'))
    }
  }

  async function lastSum(
    declare: (builder: StreamsBuilder) => void,
    records: Records,
  ): Promise<unknown> {
    return (await sent(declare, records)).at(-1)
  }

  // Kafka Streams counts them 1, 3, 6, as it does not say that a session of one moment had a value before.
  it('counts each record of a session once, also those of one moment', async () => {
    const declare = regrouped((builder) => {
      const windows = SessionWindows.of({ gapMs: 10, graceMs: 5 })
      return builder.stream(text('in')).groupByKey().windowedBy(windows).count()
    })
    expect(
      await lastSum(declare, [
        ['k', 7],
        ['k', 7],
        ['k', 7],
      ]),
    ).toEqual(['k', 3])
    expect(
      await lastSum(declare, [
        ['k', 7],
        ['k', 20],
        ['k', 13],
        ['k', 40],
      ]),
    ).toEqual(['k', 4])
  })

  it('counts each record once for each sliding window that has it', async () => {
    const declare = regrouped((builder) => {
      const windows = SlidingWindows.of({ timeDifferenceMs: 10, graceMs: 5 })
      return builder.stream(text('in')).groupByKey().windowedBy(windows).count()
    })
    // Windows from 10, 21 and 15 on: of 1 record, 1 record and 2.
    expect(
      await lastSum(declare, [
        ['k', 20],
        ['k', 25],
      ]),
    ).toEqual(['k', 4])
  })

  it('counts what several streams gave it', async () => {
    const declare = regrouped((builder) => {
      const windows = TimeWindows.of({ sizeMs: 10, graceMs: 5 })
      const add = (sum: number): number => sum + 1
      return builder
        .stream(text('in'))
        .groupByKey()
        .cogroup(add)
        .cogroup(builder.stream(text('in-2')).groupByKey(), add)
        .windowedBy(windows)
        .aggregate(() => 0, { value: long({ as: 'number' }) })
    })
    expect(await lastSum(declare, withGap)).toEqual(['k', 3])
  })
})
