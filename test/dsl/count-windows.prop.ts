import fc from 'fast-check'
import { CountWindows, StreamsBuilder, type Topology } from 'millrace'
import { describe, expect, it } from 'vitest'
import { CrashableTask, runThrough, type TaskEvent } from '../runtime/crashable-task.ts'
import { taskEvents } from '../runtime/task-events.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import { text } from './golden/topics.ts'

interface Windows {
  readonly size: number
  readonly advance: number
}

const windows = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
  .map(([a, b]): Windows => ({ size: Math.max(a, b), advance: Math.min(a, b) }))
const keys = fc.array(fc.constantFrom('j', 'k', 'l'), { maxLength: 50 })

function joining(of: Windows, emit: 'full' | 'update'): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(text('in'))
    .groupByKey()
    .windowedBy(CountWindows.of(of))
    .reduce((a, b) => `${a} ${b}`, { emit, store: 'windows' })
    .map((value, { key, first, end }) => ({ key, value: `${first}-${end} ${value}` }))
    .to(text('out'))
  return builder.build()
}

/** Each window is a slice of its key's values. */
function expected(of: Windows, emit: 'full' | 'update', input: readonly string[]): string[] {
  const seen = new Map<string, string[]>()
  return input.flatMap((key, i) => {
    const values = [...(seen.get(key) ?? []), String(i)]
    seen.set(key, values)
    const sent: string[] = []
    for (let first = 0; first < values.length; first += of.advance) {
      const end = first + of.size
      if (end < values.length || (emit === 'full' && end > values.length)) continue
      sent.push(`${key} ${first}-${end} ${values.slice(first, end).join(' ')}`)
    }
    return sent
  })
}

async function check(
  of: Windows,
  emit: 'full' | 'update',
  input: readonly string[],
  events: readonly TaskEvent[],
  folder?: string,
): Promise<void> {
  const records = input.map((key, i) => ({ key, value: String(i), timestampMs: 0 }))
  const options = folder === undefined ? {} : { folder }
  await using task = new CrashableTask(joining(of, emit), { in: records }, options)
  const sent = await runThrough(task, events)
  expect(sent.map(({ key, value }) => `${key} ${value}`)).toEqual(expected(of, emit, input))
}

const emits = fc.constantFrom('full' as const, 'update' as const)

describe('windows by count, wherever the task commits and crashes', () => {
  it('are slices of the records of a key, on state in memory', async () => {
    await fc.assert(
      fc.asyncProperty(windows, emits, keys, taskEvents, (of, emit, input, events) =>
        check(of, emit, input, events),
      ),
      { numRuns: 200 },
    )
  })

  it('are slices of the records of a key, on RocksDB', async () => {
    await fc.assert(
      fc.asyncProperty(windows, emits, keys, taskEvents, async (of, emit, input, events) =>
        check(of, emit, input, events, await temporaryFolder()),
      ),
      { numRuns: 10 },
    )
  })
})
