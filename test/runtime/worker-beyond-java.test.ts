import { CountWindows, Record, StreamsBuilder, type Timers } from 'millrace'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { timerStore } from '../../src/state/index.ts'
import { topic } from '../../src/topology/topic.ts'
import { engines, withCrashes } from './with-crashes.ts'
import { readAll } from './worker-harness.ts'

const input = topic('in', { key: string(), value: string() })
const output = topic('out', { key: string(), value: string() })

describe.each(engines)('with workers that crash, on state in %s,', (_name, openState) => {
  it('a dedup lets each id pass once', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(input)
      .dedup({ id: (value) => value, windowMs: 60_000, across: 'all-keys', store: 'seen' })
      .to(output)
    const ids = Array.from({ length: 300 }, (_, i) => `event ${i}`)
    const round = ids.map((id, i) => ({ key: `k${i % 7}`, value: id, timestampMs: i }))
    const records = await withCrashes({
      topology: builder.build(),
      rounds: [round.slice(0, 200), round.slice(100), round, round],
      openState,
      isDone: (out) => out.length >= ids.length,
    })
    expect(records.map(({ value }) => value).sort()).toEqual([...ids].sort())
  })
  it('timers of both clocks fire once each', async () => {
    const alarms = timerStore({ name: 'alarms', key: string(), payload: string() })
    const builder = new StreamsBuilder()
    builder
      .stream(input)
      .process<string, string, [typeof alarms]>(
        () => {
          let timers: Timers<string, string>
          return {
            init(context) {
              timers = context.timers(alarms, ({ key, payload, atMs, clock }) =>
                context.forward(new Record(key, `${payload} by ${clock}`, atMs)),
              )
            },
            async process({ key, value, timestampMs }, context) {
              const due = { key, name: value, payload: value }
              const soonMs = context.currentSystemTimeMs() + 3
              await timers.schedule({ ...due, atMs: soonMs, clock: 'wall-clock-time' })
              const timer = { ...due, name: `${value}'`, atMs: timestampMs + 40 }
              await timers.schedule({ ...timer, clock: 'stream-time' })
            },
          }
        },
        { stores: [alarms], key: string(), value: string() },
      )
      .to(output)
    const ids = Array.from({ length: 160 }, (_, i) => `event ${i}`)
    const round = ids.map((id, i) => ({ key: `k${i % 7}`, value: id, timestampMs: i }))
    // Moves event time in both partitions past all timers.
    const end = [0, 1].map((partition) => {
      return { key: `end ${partition}`, value: 'end', timestampMs: 1_000, partition }
    })
    const records = await withCrashes({
      topology: builder.build(),
      rounds: [round.slice(0, 70), round.slice(70, 120), [...round.slice(120), ...end]],
      openState,
      isDone: (out) => out.length >= 2 * ids.length + 2,
    })
    const expected = [...ids, 'end', 'end'].map((id) => `${id} by wall-clock-time`)
    expect(records.map(({ value }) => value).sort()).toEqual(
      [...expected, ...ids.map((id) => `${id} by stream-time`)].sort(),
    )
  })
  it('windows by count hold each record once, in order', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(CountWindows.of({ size: 10, advance: 5 }))
      .reduce((a, b) => `${a} ${b}`, { store: 'windows' })
      .map((value, { key }) => ({ key, value }), { key: string(), value: string() })
      .to(output)
    const keys = ['a', 'b', 'c', 'd']
    const records = Array.from({ length: 400 }, (_, i) => {
      const key = keys[i % keys.length]!
      return { key, value: String(Math.floor(i / keys.length)), partition: i % 2, timestampMs: i }
    })
    const windows = Array.from({ length: 19 }, (_, i) =>
      Array.from({ length: 10 }, (_each, j) => String(5 * i + j)).join(' '),
    )
    const out = await withCrashes({
      topology: builder.build(),
      rounds: [records.slice(0, 170), records.slice(170, 290), records.slice(290)],
      openState,
      isDone: ({ length }) => length >= keys.length * windows.length,
    })
    for (const key of keys) {
      expect(out.filter((each) => each.key === key).map(({ value }) => value)).toEqual(windows)
    }
  })
  it('results of calls beside processing go on once each, in order', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(input)
      .mapValuesAsync(
        async (value) => {
          await systemClock.sleep(Number(value) % 5)
          return value
        },
        { concurrency: 8, value: string() },
      )
      .groupByKey()
      .reduce((a, b) => `${a} ${b}`, { store: 'all' })
      .toStream()
      .to(output)
    const keys = 'abcdefghijkl'.split('')
    const records = Array.from({ length: 120 }, (_, i) => {
      const key = keys[i % keys.length]!
      return { key, value: String(Math.floor(i / keys.length)), partition: i % 2, timestampMs: i }
    })
    const out = await withCrashes({
      topology: builder.build(),
      rounds: [records.slice(0, 50), records.slice(50, 90), records.slice(90)],
      openState,
      isDone: ({ length }) => length >= records.length,
    })
    for (const key of keys) {
      const results = out.filter((each) => each.key === key).map(({ value }) => value)
      const numbers = Array.from({ length: 10 }, (_, i) => String(i))
      expect(results).toEqual(numbers.map((_number, i) => numbers.slice(0, i + 1).join(' ')))
    }
  })
  it('an index and its table are of the same commits', async () => {
    const builder = new StreamsBuilder()
    const table = builder.table(input, { store: 'words' })
    table.index('by-word', (word) => word.split(' '), { key: string() })
    table.toStream().to(output)
    const words = (i: number): string => `w${i % 5} w${i % 3} x${i % 4}`
    const records = Array.from({ length: 240 }, (_, i) => {
      const key = `k${i % 24}`
      return { key, value: i % 7 === 6 ? null : words(i), partition: i % 2, timestampMs: i }
    })
    const rows = new Map(records.slice(-24).map(({ key, value }) => [key, value]))
    const expected = [...rows].flatMap(([key, value]) =>
      value === null ? [] : [...new Set(value.split(' '))].map((word) => `${word} ${key}`),
    )
    const out = await withCrashes({
      topology: builder.build(),
      rounds: [records.slice(0, 90), records.slice(90, 170), records.slice(170)],
      openState,
      isDone: ({ length }) => length >= records.length,
      async inspect(broker) {
        const slots = new Map<string, boolean>()
        for (const { key, value } of await readAll(broker, 'app-by-word-changelog')) {
          slots.set(key!, value !== null)
        }
        const present = [...slots].filter(([, there]) => there).map(([slot]) => slot)
        // A tag, the index key and its end, the row's key; and the mark that says that all rows are there.
        const read = present.map((slot) => slot.slice(1).replace('\0\u0001', ' '))
        expect(read.toSorted()).toEqual(['', ...expected].toSorted())
      },
    })
    expect(out).toHaveLength(records.length)
  })
})
