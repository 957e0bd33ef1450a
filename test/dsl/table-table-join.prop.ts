import fc from 'fast-check'
import { StreamsBuilder, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { CrashableTask, runThrough, type TaskEvent } from '../runtime/crashable-task.ts'
import type { InputText } from '../runtime/fetched-records.ts'
import { taskEvents } from '../runtime/task-events.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import { joinAs } from './golden/table-table-join-topologies.ts'
import { text } from './golden/topics.ts'

const types = ['inner', 'left', 'outer'] as const
type JoinType = (typeof types)[number]

interface Shape {
  readonly first: JoinType
  readonly second: JoinType
  /** Whether the first result is held in a store. */
  readonly stored: boolean
  /** Whether the first result is the right side of the second join. */
  readonly nested: boolean
  /** Whether the tables keep history. */
  readonly versioned: boolean
}

/** Three tables, joined one after the other. */
function topology({ first, second, stored, nested, versioned }: Shape): Topology {
  const builder = new StreamsBuilder()
  const history = { versioned: { historyRetentionMs: 1_000_000 } }
  const tables = ['a', 'b', 'c'].map((name) =>
    builder.table(text(name), { store: { name, ...(versioned && history) } }),
  )
  const [a, b, c] = tables as [(typeof tables)[0], (typeof tables)[0], (typeof tables)[0]]
  const pair = joinAs(first, a, b, stored ? { store: 'pair', value: string() } : {})
  const all = nested ? joinAs(second, c, pair) : joinAs(second, pair, c)
  all.toStream().to(text('out'))
  return builder.build()
}

type Rows = ReadonlyMap<string, string>

function rowsOf(records: readonly InputText[], versioned: boolean): Rows {
  const last = new Map<string, InputText>()
  for (const record of records) {
    const before = last.get(record.key!)
    if (versioned && before && record.timestampMs < before.timestampMs) continue
    last.set(record.key!, record)
  }
  const present = [...last].filter(([, { value }]) => value != null)
  return new Map(present.map(([key, { value }]) => [key, value!]))
}

function joinRows(type: JoinType, a: Rows, b: Rows): Rows {
  const rows = new Map<string, string>()
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    const left = a.get(key)
    const right = b.get(key)
    if (left === undefined && type !== 'outer') continue
    if (right === undefined && type === 'inner') continue
    rows.set(key, `${left ?? null}-${right ?? null}`)
  }
  return rows
}

type Inputs = Readonly<globalThis.Record<'a' | 'b' | 'c', readonly InputText[]>>

function expected(shape: Shape, inputs: Inputs): Rows {
  const rows = (name: 'a' | 'b' | 'c'): Rows => rowsOf(inputs[name], shape.versioned)
  const pair = joinRows(shape.first, rows('a'), rows('b'))
  return shape.nested
    ? joinRows(shape.second, rows('c'), pair)
    : joinRows(shape.second, pair, rows('c'))
}

const updates: fc.Arbitrary<InputText[]> = fc.array(
  fc.record({
    key: fc.constantFrom('j', 'k'),
    value: fc.constantFrom('x', 'y', 'z', null),
    timestampMs: fc.nat(20),
  }),
  { maxLength: 12 },
)

const scenes = fc.record({
  shape: fc.record({
    first: fc.constantFrom(...types),
    second: fc.constantFrom(...types),
    stored: fc.boolean(),
    nested: fc.boolean(),
    versioned: fc.boolean(),
  }),
  inputs: fc.record({ a: updates, b: updates, c: updates }),
})

async function check(
  { shape, inputs }: { readonly shape: Shape; readonly inputs: Inputs },
  events: readonly TaskEvent[],
  folder?: string,
): Promise<void> {
  const options = folder === undefined ? {} : { folder }
  await using task = new CrashableTask(topology(shape), inputs, options)
  const sent = await runThrough(task, events)
  const out = new Map<string, string>()
  for (const { topic, key, value } of sent) {
    if (topic !== 'out') continue
    if (value === null) out.delete(key!)
    else out.set(key!, value)
  }
  const sorted = (rows: Rows): string[][] => [...rows].sort()
  expect(sorted(out)).toEqual(sorted(expected(shape, inputs)))
}

describe('joins of three tables by their keys, wherever they commit and crash,', () => {
  it('end as the join of what the tables hold', async () => {
    await fc.assert(
      fc.asyncProperty(scenes, taskEvents, (scene, events) => check(scene, events)),
      { numRuns: 250 },
    )
  }, 30_000)

  it('end so on RocksDB', async () => {
    await fc.assert(
      fc.asyncProperty(scenes, taskEvents, async (scene, events) =>
        check(scene, events, await temporaryFolder()),
      ),
      { numRuns: 10 },
    )
  }, 30_000)
})
