import fc from 'fast-check'
import { StreamsBuilder, TimeWindows, topic, type SuppressOptions, type Topology } from 'millrace'
import { string, type Serde } from 'millrace/serdes'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import type { KeyValueStore } from '../../src/state/store.ts'
import type { BufferedChange } from '../../src/dsl/buffered-change.ts'
import { CrashableTask, runThrough, type TaskEvent } from '../runtime/crashable-task.ts'
import type { InputText } from '../runtime/fetched-records.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import { text } from './golden/topics.ts'

/** Windowed keys as text, to be read in a failure. */
const windowText: Serde<string> = string()

const windows = TimeWindows.of({ sizeMs: 20, graceMs: 10, advanceMs: 10 })

function finals(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(text('in'))
    .groupByKey()
    .windowedBy(windows)
    .aggregate(
      () => '',
      (all, word) => (word === 'x' ? null : all + word),
      { store: 'all', value: string() },
    )
    .suppress({ until: 'window-closes', name: 'final' })
    .toStream()
    .map((all, { key, startMs }) => ({ key: `${key}@${startMs}`, value: all ?? 'nothing' }))
    .to(topic('out', { key: windowText, value: string() }))
  return builder.build()
}

function calm(options: SuppressOptions<string>): Topology {
  const builder = new StreamsBuilder()
  builder
    .table(text('in'))
    .suppress({ ...options, name: 'calm' })
    .toStream()
    .to(text('out'))
  return builder.build()
}

const inputs: fc.Arbitrary<InputText[]> = fc.array(
  fc.record({
    key: fc.constantFrom('j', 'k', 'l', 'm'),
    value: fc.constantFrom('a', 'b', 'c', 'x'),
    timestampMs: fc.integer({ min: 0, max: 120 }),
  }),
  { maxLength: 60 },
)

const rows: fc.Arbitrary<InputText[]> = inputs.map((records) =>
  records.map((record) => (record.value === 'x' ? { ...record, value: null } : record)),
)

const events: fc.Arbitrary<TaskEvent[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ step: fc.integer({ min: 1, max: 8 }) }) },
    { weight: 2, arbitrary: fc.constant('commit' as const) },
    { weight: 2, arbitrary: fc.constant('crash' as const) },
  ),
  { maxLength: 14 },
)

const suppressions: fc.Arbitrary<SuppressOptions<string>> = fc.record({
  until: fc.record({ timeLimitMs: fc.integer({ min: 0, max: 40 }) }),
  buffer: fc.constantFrom(
    'unbounded' as const,
    { maxRecords: 2, whenFull: 'emit' } as const,
    { maxBytes: 80, whenFull: 'emit' } as const,
    { maxRecords: 1, maxBytes: 500, whenFull: 'emit' } as const,
  ),
})

/** What a window's records give, for each window that closes; each once, in the order of ends and then of keys. */
function expectedFinals(records: readonly InputText[]): string[] {
  const open = new Map<string, { key: string; startMs: number; all: string | null }>()
  const sent: string[] = []
  let streamTimeMs = -1
  for (const { key, value, timestampMs } of records) {
    streamTimeMs = Math.max(streamTimeMs, timestampMs)
    const closedMs = streamTimeMs - windows.graceMs - windows.sizeMs
    let startMs = Math.floor(timestampMs / windows.advanceMs) * windows.advanceMs
    for (; startMs >= 0 && startMs > timestampMs - windows.sizeMs; startMs -= windows.advanceMs) {
      if (startMs <= closedMs) continue
      const id = `${key}@${startMs}`
      const before = open.get(id)?.all ?? ''
      open.set(id, { key: key!, startMs, all: value === 'x' ? null : before + value })
    }
    const closed = [...open].filter(([, window]) => window.startMs <= closedMs)
    closed.sort(([, a], [, b]) => a.startMs - b.startMs || (a.key < b.key ? -1 : 1))
    for (const [id, { all }] of closed) {
      if (all !== null) sent.push(`${id} ${all}`)
      open.delete(id)
    }
  }
  return sent
}

async function run(
  topology: Topology,
  records: readonly InputText[],
  happens: readonly TaskEvent[],
  folder?: string,
): Promise<string[]> {
  const options = folder === undefined ? {} : { folder }
  await using task = new CrashableTask(topology, { in: records }, options)
  const sent = await runThrough(task, happens)
  return sent.map(({ key, value, timestampMs }) => `${key} ${value} at ${timestampMs}`)
}

/** What the buffer has, in words. */
async function held(task: CrashableTask): Promise<string[]> {
  const store = task.state.store('calm-store') as KeyValueStore<string, BufferedChange<string>>
  const lines: string[] = []
  for await (const { key, value } of store.range()) lines.push(`${key} ${JSON.stringify(value)}`)
  return lines
}

describe('final results', () => {
  it('are what each window’s records give, once each', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, async (records) => {
        await using driver = await TopologyTestDriver.create(finals())
        for (const { timestampMs, key, value } of records) {
          await driver.input(text('in')).pipe({ key: key!, value: value!, timestampMs })
        }
        const out = driver.output('out', { key: string(), value: string() }).readRecords()
        expect(out.map(({ key, value }) => `${key} ${value}`)).toEqual(expectedFinals(records))
      }),
      { numRuns: 200 },
    )
  })

  it('are the same wherever the task commits and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, events, async (records, happens) => {
        const sent = await run(finals(), records, happens)
        expect(sent.map((line) => line.split(' at ')[0])).toEqual(expectedFinals(records))
      }),
      { numRuns: 150 },
    )
  })

  it('are the same on RocksDB', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, events, async (records, happens) => {
        const sent = await run(finals(), records, happens, await temporaryFolder())
        expect(sent.map((line) => line.split(' at ')[0])).toEqual(expectedFinals(records))
      }),
      { numRuns: 10 },
    )
  })
})

describe('a buffer that a task takes over', () => {
  it('is the one that was left, and emits what that would have, on state in memory', async () => {
    await fc.assert(
      fc.asyncProperty(rows, events, suppressions, async (records, happens, options) => {
        expect(await run(calm(options), records, happens)).toEqual(
          await run(calm(options), records, []),
        )
      }),
      { numRuns: 150 },
    )
  })

  it('is the one that was left, and emits what that would have, on RocksDB', async () => {
    await fc.assert(
      fc.asyncProperty(rows, events, suppressions, async (records, happens, options) => {
        const folder = await temporaryFolder()
        expect(await run(calm(options), records, happens, folder)).toEqual(
          await run(calm(options), records, []),
        )
      }),
      { numRuns: 10 },
    )
  })

  it('holds, restored of its changelog, what it held when that was committed', async () => {
    await fc.assert(
      fc.asyncProperty(rows, suppressions, async (records, options) => {
        await using task = new CrashableTask(calm(options), { in: records })
        await task.open()
        await task.drain()
        await task.commit()
        const before = await held(task)
        await task.crash()
        expect(await held(task)).toEqual(before)
      }),
      { numRuns: 50 },
    )
  })
})
