import fc from 'fast-check'
import {
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  TimeWindows,
  topic,
  type KTable,
  type Topology,
  type WindowEmit,
  type WindowedKey,
} from 'millrace'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { CrashableTask, runThrough, type TaskEvent } from '../runtime/crashable-task.ts'
import type { InputText } from '../runtime/fetched-records.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import { text } from './golden/topics.ts'

interface Options {
  readonly emit?: WindowEmit
  readonly emitIntervalMs?: number
  readonly graceMs: number
  readonly retentionMs?: number
}

type Kind = 'tumbling' | 'hopping' | 'sliding' | 'session'

const value = string()
const sizeMs = 10
const advanceMs = 4
const gapMs = 5
const gather = (all: string, word: string): string => all + word

/** Gathers values by windows of a kind; each update goes out under its key and window in words. */
function gathering(kind: Kind, options: Options): Topology {
  const { graceMs, ...rest } = options
  const builder = new StreamsBuilder()
  const grouped = builder.stream(text('in')).groupByKey()
  const how = { ...rest, store: 'all', value } as const
  if (kind === 'session') {
    const windows = SessionWindows.of({ gapMs, graceMs })
    send(grouped.windowedBy(windows).aggregate(() => '', gather, gather, how))
  } else {
    const windows =
      kind === 'sliding'
        ? SlidingWindows.of({ timeDifferenceMs: sizeMs, graceMs })
        : TimeWindows.of({ sizeMs, graceMs, advanceMs: kind === 'hopping' ? advanceMs : sizeMs })
    send(grouped.windowedBy(windows).aggregate(() => '', gather, how))
  }
  return builder.build()
}

function send<K extends WindowedKey<string>>(table: KTable<K, string>): void {
  table
    .toStream()
    .map((all, { key, startMs, endMs }) => ({
      key: `${key}@${startMs}-${endMs}`,
      value: all ?? '',
    }))
    .to(topic('out', { key: string(), value }))
}

/** Two streams gathered together, by hopping windows. */
function together(graceMs: number): Topology {
  const builder = new StreamsBuilder()
  const windows = TimeWindows.of({ sizeMs, advanceMs, graceMs })
  const table = builder
    .stream(text('in'))
    .groupByKey()
    .cogroup(gather)
    .cogroup(builder.stream(text('in-2')).groupByKey(), (all, word) => `${all}+${word}`)
    .windowedBy(windows)
    .aggregate(() => '', { store: 'all', value })
  send(table)
  return builder.build()
}

const inputs: fc.Arbitrary<InputText[]> = fc.array(
  fc.record({
    key: fc.constantFrom('j', 'k'),
    value: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    timestampMs: fc.integer({ min: 0, max: 70 }),
  }),
  { maxLength: 40 },
)

/** Records that are further and further on, with gaps of any length. */
const movingInputs: fc.Arbitrary<InputText[]> = fc
  .array(fc.tuple(inputs, fc.constantFrom(0, 5, 30, 500)), { maxLength: 4 })
  .map((parts) => {
    let atMs = 0
    return parts.flatMap(([records, stepMs]) => {
      atMs += stepMs
      return records.map((record) => ({ ...record, timestampMs: atMs + record.timestampMs }))
    })
  })

const events: fc.Arbitrary<TaskEvent[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ step: fc.integer({ min: 1, max: 8 }) }) },
    { weight: 2, arbitrary: fc.constant('commit' as const) },
    { weight: 2, arbitrary: fc.constant('crash' as const) },
  ),
  { maxLength: 14 },
)

const kinds = fc.constantFrom<Kind>('tumbling', 'hopping', 'sliding', 'session')
const emits = fc.constantFrom<WindowEmit>('update', 'window-close')
const graces = fc.constantFrom(0, 3, 20)

/** Windows that are kept no longer than they must be, or long after they were sent. */
const options: fc.Arbitrary<Options> = fc.record(
  { emit: emits, emitIntervalMs: fc.constant(0), graceMs: graces, retentionMs: fc.constant(1000) },
  { requiredKeys: ['emit', 'emitIntervalMs', 'graceMs'] },
)

async function run(
  topology: Topology,
  records: readonly InputText[],
  happens: readonly TaskEvent[] = [],
  folder?: string,
  others?: readonly InputText[],
): Promise<string[]> {
  const options = folder === undefined ? {} : { folder }
  await using task = new CrashableTask(
    topology,
    { in: records, ...(others && { 'in-2': others }) },
    options,
  )
  const sent = await runThrough(task, happens)
  return sent.map(({ key, value, timestampMs }) => `${key} ${value} at ${timestampMs}`)
}

/** The last update of each window. */
function lastOf(lines: readonly string[]): Map<string, string> {
  const last = new Map<string, string>()
  for (const line of lines) {
    const [window, all] = line.split(' ')
    if (all === '') last.delete(window!)
    else last.set(window!, all!)
  }
  return last
}

/** The spans that a key's records have windows for, where none is late. */
function spansOf(kind: Kind, times: readonly number[]): [number, number][] {
  const sorted = [...new Set(times)].sort((one, other) => one - other)
  if (kind === 'session') return sessionsOf(sorted)
  if (kind === 'sliding') {
    const left = sorted.map((time) => Math.max(0, time - sizeMs))
    const right = sorted
      .map((time) => time + 1)
      .filter((start) => sorted.some((time) => time >= start && time <= start + sizeMs))
    return [...new Set([...left, ...right])].map((start) => [start, start + sizeMs])
  }
  const step = kind === 'hopping' ? advanceMs : sizeMs
  const starts = sorted.flatMap((time) => {
    const first = Math.floor(time / step) * step
    return Array.from({ length: sizeMs }, (_, i) => first - i * step)
  })
  return [...new Set(starts)]
    .filter((start) => start >= 0 && sorted.some((time) => time >= start && time < start + sizeMs))
    .map((start) => [start, start + sizeMs])
}

function sessionsOf(sorted: readonly number[]): [number, number][] {
  const sessions: [number, number][] = []
  for (const time of sorted) {
    const last = sessions.at(-1)
    if (last && time - last[1] <= gapMs) last[1] = time
    else sessions.push([time, time])
  }
  return sessions
}

/** The windows of all records by looking at each record for each window. */
function byBruteForce(kind: Kind, records: readonly InputText[]): Map<string, string> {
  const windows = new Map<string, string>()
  for (const key of ['j', 'k']) {
    const own = records.filter((record) => record.key === key)
    const inclusive = kind === 'sliding' || kind === 'session'
    for (const [start, end] of spansOf(
      kind,
      own.map(({ timestampMs }) => timestampMs),
    )) {
      const inside = own.filter(
        ({ timestampMs: time }) => time >= start && (inclusive ? time <= end : time < end),
      )
      windows.set(`${key}@${start}-${end}`, inside.map((record) => record.value).join(''))
    }
  }
  return windows
}

function letters(windows: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...windows].map(([window, all]) => [window, all.split('').sort().join('')]))
}

describe('windows of records of which none is late', () => {
  it.each<Kind>(['tumbling', 'hopping', 'sliding'])(
    'hold what lies in them, in the order in which it came: %s',
    async (kind) => {
      await fc.assert(
        fc.asyncProperty(inputs, async (records) => {
          const sent = await run(gathering(kind, { graceMs: 1000 }), records)
          expect(lastOf(sent)).toEqual(byBruteForce(kind, records))
        }),
        { numRuns: 150 },
      )
    },
  )

  it('hold what lies between two gaps, in whatever order it came: session', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, async (records) => {
        const sent = await run(gathering('session', { graceMs: 1000 }), records)
        expect(letters(lastOf(sent))).toEqual(letters(byBruteForce('session', records)))
      }),
      { numRuns: 150 },
    )
  })
})

describe('windows of records that may be late', () => {
  it('give the same wherever the task commits and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(kinds, options, inputs, events, async (kind, how, records, happens) => {
        const topology = gathering(kind, how)
        expect(await run(topology, records, happens)).toEqual(await run(topology, records))
      }),
      { numRuns: 250 },
    )
  })

  it('give the same on RocksDB, wherever the task commits and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(kinds, options, inputs, events, async (kind, how, records, happens) => {
        const topology = gathering(kind, how)
        const folder = await temporaryFolder()
        expect(await run(topology, records, happens, folder)).toEqual(await run(topology, records))
      }),
      { numRuns: 15 },
    )
  })

  it('of several streams give the same wherever the task commits and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(
        inputs,
        inputs,
        graces,
        events,
        async (records, others, graceMs, happens) => {
          const topology = together(graceMs)
          const undisturbed = await run(topology, records, [], undefined, others)
          expect(await run(topology, records, happens, undefined, others)).toEqual(undisturbed)
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('results that are sent when their windows close', () => {
  const end: InputText = { key: 'j', value: 'e', timestampMs: 1_000_000 }

  it.each<Kind>(['tumbling', 'hopping', 'sliding'])(
    'are the last updates of all windows, once each, by start and key: %s',
    async (kind) => {
      await fc.assert(
        fc.asyncProperty(movingInputs, graces, async (records, graceMs) => {
          const all = [...records, end]
          const finals = await run(
            gathering(kind, { emit: 'window-close', graceMs, emitIntervalMs: 0 }),
            all,
          )
          // Kept only as long as by default, a sliding window may have gone one millisecond before its last use.
          const kept = gathering(kind, { graceMs, retentionMs: 2_000 })
          const updates = lastOf(await run(kept, all))
          const closed = [...updates].filter(
            ([window]) => Number(window.split(/[@-]/)[1]) < 900_000,
          )
          const expected = closed.map(([window, value]) => `${window} ${value}`).sort(byStart)
          expect(finals.map((line) => line.split(' at ')[0])).toEqual(expected)
        }),
        { numRuns: 100 },
      )
    },
  )

  it('are the same however seldom they are looked for', async () => {
    const timed = fc.constantFrom<Kind>('tumbling', 'hopping', 'sliding')
    await fc.assert(
      fc.asyncProperty(timed, movingInputs, graces, async (kind, records, graceMs) => {
        const sent = (emitIntervalMs: number): Promise<string[]> =>
          run(gathering(kind, { emit: 'window-close', graceMs, emitIntervalMs }), [...records, end])
        expect(await sent(1000)).toEqual(await sent(0))
      }),
      { numRuns: 100 },
    )
  })
})

function byStart(one: string, other: string): number {
  const start = (line: string): number => Number(/@(\d+)/.exec(line)![1])
  return start(one) - start(other) || (one < other ? -1 : 1)
}
