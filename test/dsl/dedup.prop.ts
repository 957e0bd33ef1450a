import fc from 'fast-check'
import { StreamsBuilder, type Topology } from 'millrace'
import { describe, expect, it } from 'vitest'
import { CrashableTask, runThrough, type TaskEvent } from '../runtime/crashable-task.ts'
import { taskEvents } from '../runtime/task-events.ts'
import type { InputText } from '../runtime/fetched-records.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import { text } from './golden/topics.ts'

const windowMs = 50
const graceMs = 30

function dedups(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(text('in'))
    .dedup({
      id: (value) => value.slice(0, 1),
      windowMs,
      graceMs,
      store: 'seen',
      duplicates: (stream) => stream.to(text('duplicates')),
    })
    .to(text('out'))
  return builder.build()
}

const inputs = fc
  .array(
    fc.record({
      key: fc.constantFrom('j', 'k'),
      value: fc.constantFrom('a', 'b', 'c'),
      timestampMs: fc.integer({ min: 0, max: 400 }),
    }),
    { maxLength: 40 },
  )
  .map((records) => records.map((record, i) => ({ ...record, value: `${record.value}${i}` })))

/** The first of each id pass, and stay known while stream time is in their stretch of memory or the next. */
function expected(records: readonly InputText[]): { out: string[]; duplicates: string[] } {
  const memoryMs = windowMs + graceMs
  const seen: { id: string; timestampMs: number; stretch: number }[] = []
  const result = { out: [] as string[], duplicates: [] as string[] }
  let streamTimeMs = -1
  for (const { key, value, timestampMs } of records) {
    streamTimeMs = Math.max(streamTimeMs, timestampMs)
    const stretch = Math.floor(streamTimeMs / memoryMs)
    const id = `${key}${value!.slice(0, 1)}`
    const isDuplicate = seen.some(
      (first) =>
        first.id === id &&
        first.stretch >= stretch - 1 &&
        Math.abs(first.timestampMs - timestampMs) < windowMs,
    )
    if (!isDuplicate) seen.push({ id, timestampMs, stretch })
    result[isDuplicate ? 'duplicates' : 'out'].push(value!)
  }
  return result
}

async function check(
  records: readonly InputText[],
  events: readonly TaskEvent[],
  folder?: string,
): Promise<void> {
  await using task = new CrashableTask(
    dedups(),
    { in: records },
    folder === undefined ? {} : { folder },
  )
  const sent = await runThrough(task, events)
  const of = (topic: string): (string | null)[] =>
    sent.filter((record) => record.topic === topic).map(({ value }) => value)
  expect({ out: of('out'), duplicates: of('duplicates') }).toEqual(expected(records))
}

describe('dedup, wherever it commits and crashes', () => {
  it('lets pass what a model lets pass, on state in memory', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, taskEvents, (records, events) => check(records, events)),
      { numRuns: 200 },
    )
  })

  it('lets pass what a model lets pass, on RocksDB', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, taskEvents, async (records, events) =>
        check(records, events, await temporaryFolder()),
      ),
      { numRuns: 10 },
    )
  })
})
