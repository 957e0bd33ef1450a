import {
  CountWindows,
  StreamsBuilder,
  TopologyError,
  topic,
  type CountWindowedKStream,
} from 'millrace'
import { countWindowed, json, long, string } from 'millrace/serdes'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { CountingMetrics } from '../runtime/task-harness.ts'
import { text } from './golden/topics.ts'

type Line = readonly [string | null, string | null, number?]

/** What comes of `key value time` lines: `key first-end value @time`. */
async function windowed(
  lines: readonly Line[],
  size: number,
  advance: number,
  declare: (stream: CountWindowedKStream<string, string>) => { toLines(): void },
  metrics = new CountingMetrics(),
): Promise<string[]> {
  const builder = new StreamsBuilder()
  declare(
    builder.stream(text('in')).groupByKey().windowedBy(CountWindows.of({ size, advance })),
  ).toLines()
  await using driver = await TopologyTestDriver.create(builder.build(), { metrics })
  const input = driver.input(text('in'))
  for (const [key, value, timestampMs = 0] of lines) await input.pipe({ key, value, timestampMs })
  return driver
    .output(text('out'))
    .readRecords()
    .map(({ value, timestampMs }) => `${value} @${timestampMs}`)
}

const words = (key: string, from: number, to: number): Line[] =>
  Array.from({ length: to - from + 1 }, (_, i) => [key, String(from + i), 100 - from - i])

const joined =
  (emit?: 'full' | 'update') =>
  (stream: CountWindowedKStream<string, string>): { toLines(): void } => {
    const result = stream.reduce((a, b) => `${a}+${b}`, emit ? { emit } : {})
    return {
      toLines: () =>
        result
          .map((value, { key, first, end }) => ({ key, value: `${key} ${first}-${end} ${value}` }))
          .to(text('out')),
    }
  }

describe('windows by count', () => {
  it('lie side by side, and send their result when they are full', async () => {
    const lines = [
      ...words('k', 0, 3),
      ...words('j', 0, 1),
      ...words('k', 4, 6),
      ...words('j', 2, 2),
    ]
    expect(await windowed(lines, 3, 3, joined())).toEqual([
      'k 0-3 0+1+2 @100',
      'k 3-6 3+4+5 @97',
      'j 0-3 0+1+2 @100',
    ])
  })

  it('overlap, also where the advance is no part of the size', async () => {
    expect(await windowed(words('k', 0, 9), 5, 2, joined())).toEqual([
      'k 0-5 0+1+2+3+4 @100',
      'k 2-7 2+3+4+5+6 @98',
      'k 4-9 4+5+6+7+8 @96',
    ])
  })

  it('send each update where that is wanted, the oldest window first', async () => {
    expect(await windowed(words('k', 0, 4), 3, 2, joined('update'))).toEqual([
      'k 0-3 0 @100',
      'k 0-3 0+1 @100',
      'k 0-3 0+1+2 @100',
      'k 2-5 2 @98',
      'k 2-5 2+3 @98',
      'k 2-5 2+3+4 @98',
      'k 4-7 4 @96',
    ])
  })

  it('count and aggregate, waiting where the aggregator waits, and leave out what is null', async () => {
    const lines = [...words('k', 0, 3), [null, 'x'], ['k', null]] as const
    const metrics = new CountingMetrics()
    const aggregated = await windowed(
      lines,
      2,
      1,
      (stream) => {
        const summed = stream.aggregate(
          () => 0,
          async (sum, word) => {
            await Promise.resolve()
            return word === '3' ? null : sum + Number(word)
          },
          { value: json<number>(), store: 'sums' },
        )
        return {
          toLines: () =>
            summed
              .map((sum, { key, first }) => ({ key, value: `${first}: ${sum}` }))
              .to(text('out')),
        }
      },
      metrics,
    )
    expect(aggregated).toEqual(['0: 1 @100', '1: 3 @99'])
    expect(metrics.counts.get('millrace_task_dropped_records_total skipped')).toBe(2)
    const counted = await windowed(words('k', 0, 2), 2, 2, (stream) => {
      const counts = stream.count({ emit: 'update' })
      return {
        toLines: () =>
          counts.map((count, { key }) => ({ key, value: String(count) })).to(text('out')),
      }
    })
    expect(counted.map((line) => line[0])).toEqual(['1', '2', '1'])
  })

  it('are written to topics under the key and the first record', async () => {
    const windows = topic('out', { key: countWindowed(string(), 2), value: long({ as: 'number' }) })
    const builder = new StreamsBuilder()
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(CountWindows.of({ size: 2 }))
      .count()
      .to(windows)
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.input(text('in'))
    for (let i = 0; i < 4; i++) await input.pipe({ key: 'k', value: 'x' })
    expect(driver.output(windows).readRecords()).toMatchObject([
      { key: { key: 'k', first: 0, end: 2 }, value: 2 },
      { key: { key: 'k', first: 2, end: 4 }, value: 2 },
    ])
  })

  it('are refused where they make no sense', () => {
    expect(() => CountWindows.of({ size: 0 })).toThrow(TopologyError)
    expect(() => CountWindows.of({ size: 2, advance: 1.5 })).toThrow(/advance must be/)
    expect(() => CountWindows.of({ size: 2, advance: 3 })).toThrow(
      /advance \(3\) is more than size/,
    )
  })
})
