import fc from 'fast-check'
import { StreamsBuilder, type KTableIndex, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import type { IndexSlot } from '../../src/state/index-slot.ts'
import type { KeyValueStore, StateStore } from '../../src/state/store.ts'
import { indexedRows } from '../../src/state/table-index.ts'
import { CrashableTask, runThrough, type TaskEvent } from '../runtime/crashable-task.ts'
import { taskEvents } from '../runtime/task-events.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import { text } from './golden/topics.ts'

/** Rows are words; the index keys of a row are its letters. */
function indexed(): { topology: Topology; byLetter: KTableIndex<string, string, string> } {
  const builder = new StreamsBuilder()
  const byLetter = builder
    .table(text('in'), { store: 'words' })
    .index('by-letter', (word) => word.split(''), { key: string() })
  return { topology: builder.build(), byLetter }
}

const inputs = fc.array(
  fc.record({
    key: fc.constantFrom('1', '2', '3', '4'),
    value: fc.option(fc.string({ unit: fc.constantFrom('a', 'b', '\0'), maxLength: 3 }), {
      freq: 5,
    }),
    timestampMs: fc.integer({ min: 0, max: 50 }),
  }),
  { maxLength: 40 },
)

async function check(
  records: readonly { key: string; value: string | null; timestampMs: number }[],
  events: readonly TaskEvent[],
  folder?: string,
): Promise<void> {
  const { topology, byLetter } = indexed()
  const options = folder === undefined ? {} : { folder }
  await using task = new CrashableTask(topology, { in: records }, options)
  await runThrough(task, events)
  const rows = new Map<string, string>()
  for (const { key, value } of records) {
    if (value === null) rows.delete(key)
    else rows.set(key, value)
  }
  let entries = 1
  for (const letter of ['a', 'b', '\0', 'c']) {
    const expected = [...rows].filter(([, word]) => word.includes(letter)).map(([key]) => key)
    entries += expected.length
    for (const read of [
      (name: string): StateStore => task.state.store(name),
      (name: string): StateStore => task.state.committedStore(name),
    ]) {
      const index = read('by-letter') as KeyValueStore<IndexSlot<string, string>, true>
      const table = read('words') as KeyValueStore<string, string>
      const found: string[] = []
      const stores = { index, table, keysOf: byLetter.keysOf }
      for await (const { key, value } of indexedRows(stores, letter)) {
        expect(value).toBe(rows.get(key))
        found.push(key)
      }
      expect(found).toEqual(expected.toSorted())
    }
  }
  // Nothing is left of what rows no longer have.
  let kept = 0
  const store = task.state.store('by-letter') as KeyValueStore<unknown, true>
  for await (const entry of store.range()) kept += entry.value ? 1 : 0
  expect(kept).toBe(entries)
}

describe('an index, wherever the task commits and crashes', () => {
  it('finds the rows that a model finds, on state in memory', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, taskEvents, (records, events) => check(records, events)),
      { numRuns: 150 },
    )
  })

  it('finds the rows that a model finds, on RocksDB', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, taskEvents, async (records, events) =>
        check(records, events, await temporaryFolder()),
      ),
      { numRuns: 10 },
    )
  })
})
