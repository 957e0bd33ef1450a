import fc from 'fast-check'
import { StreamsBuilder, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { CrashableTask, runThrough, type TaskEvent } from '../runtime/crashable-task.ts'
import type { InputText } from '../runtime/fetched-records.ts'
import { taskEvents } from '../runtime/task-events.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import { text } from './golden/topics.ts'

interface Scene {
  readonly graceMs: number
  /** Values that begin with T are updates of the table, with D deletions, others records of the stream. */
  readonly records: readonly InputText[]
}

const historyRetentionMs = 1_000

function joins(graceMs: number): Topology {
  const builder = new StreamsBuilder()
  const stream = builder.stream(text('in'))
  const updates = stream.filter((value) => !value.startsWith('S'))
  const table = updates
    .mapValues((value) => (value.startsWith('D') ? (null as unknown as string) : value), {
      value: string(),
    })
    .toTable({ store: { name: 'rows', versioned: { historyRetentionMs } } })
  stream
    .filter((value) => value.startsWith('S'))
    .leftJoin(table, (a, b) => `${a}+${b}`, { graceMs, name: 'waiting' })
    .to(text('out'))
  return builder.build()
}

const scenes: fc.Arbitrary<Scene> = fc.record({
  graceMs: fc.integer({ min: 0, max: 40 }),
  records: fc
    .array(
      fc.record({
        key: fc.constantFrom('j', 'k', 'kk'),
        value: fc.constantFrom('T', 'D', 'S', 'S'),
        timestampMs: fc.integer({ min: 0, max: 120 }),
      }),
      { maxLength: 50 },
    )
    .map((records) => records.map((record, i) => ({ ...record, value: record.value + i }))),
})

/** Looks up each record when its grace is over, in all updates that have come until then. */
function expected({ graceMs, records }: Scene): string[] {
  const rows: { key: string; value: string | null; timestampMs: number }[] = []
  const waiting: { key: string; value: string; timestampMs: number }[] = []
  const out: string[] = []
  let observedMs = -1
  const lookUp = ({ key, value, timestampMs }: (typeof waiting)[number]): void => {
    let row: (typeof rows)[number] | undefined
    for (const each of rows) {
      if (each.key !== key || each.timestampMs > timestampMs) continue
      if (row === undefined || each.timestampMs >= row.timestampMs) row = each
    }
    out.push(`${value}+${row?.value ?? null}@${timestampMs}`)
  }
  for (const { key, value, timestampMs } of records) {
    const record = { key: key!, value: value!, timestampMs }
    if (!record.value.startsWith('S')) {
      rows.push({ ...record, value: record.value.startsWith('D') ? null : record.value })
      continue
    }
    if (timestampMs < observedMs - graceMs) {
      lookUp(record)
      continue
    }
    observedMs = Math.max(observedMs, timestampMs)
    waiting.push(record)
    // By time, then by the bytes of the key and the number behind it, which goes up with each record.
    const due = waiting
      .filter((each) => each.timestampMs <= observedMs - graceMs)
      .sort((a, b) => a.timestampMs - b.timestampMs || order(a.key, b.key))
    for (const each of due) {
      waiting.splice(waiting.indexOf(each), 1)
      lookUp(each)
    }
  }
  return out
}

function order(a: string, b: string): number {
  // Numbers begin with a 0 byte, which comes before what a longer key goes on with.
  return a === b ? 0 : a < b ? -1 : 1
}

async function check(scene: Scene, events: readonly TaskEvent[], folder?: string): Promise<void> {
  const options = folder === undefined ? {} : { folder }
  await using task = new CrashableTask(joins(scene.graceMs), { in: scene.records }, options)
  const sent = await runThrough(task, events)
  expect(sent.map(({ value, timestampMs }) => `${value}@${timestampMs}`)).toEqual(expected(scene))
}

describe('a join of a stream with a table that waits, wherever it commits and crashes,', () => {
  it('gives what looking through all updates gives, on state in memory', async () => {
    await fc.assert(
      fc.asyncProperty(scenes, taskEvents, (scene, events) => check(scene, events)),
      { numRuns: 200 },
    )
  })

  it('gives what looking through all updates gives, on RocksDB', async () => {
    await fc.assert(
      fc.asyncProperty(scenes, taskEvents, async (scene, events) =>
        check(scene, events, await temporaryFolder()),
      ),
      { numRuns: 15 },
    )
  })
})
