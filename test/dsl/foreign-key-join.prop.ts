import fc from 'fast-check'
import { StreamsBuilder, type Topology } from 'millrace'
import { rocksDbState } from 'millrace/state/rocksdb'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import type { StateProvider } from '../../src/state/task-state.ts'
import { TaskNetwork } from '../runtime/task-network.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import { text } from './golden/topics.ts'

type JoinType = 'inner' | 'left'

/** Values are "number|key"; without a key there is no foreign key. */
function foreignKey(row: string): string | null {
  return row.split('|')[1] || null
}

interface Shape {
  readonly type: JoinType
  readonly versioned: boolean
  readonly derived: boolean
  readonly self: boolean
}

function topology({ type, versioned, derived, self }: Shape): Topology {
  const builder = new StreamsBuilder()
  const value = string()
  const store = (name: string): object =>
    versioned ? { store: { name, versioned: { historyRetentionMs: 1_000_000 } } } : { store: name }
  const table = builder.table(text('left'), store('left'))
  const source = self ? table : builder.table(text('right'), store('right'))
  const left = derived ? table.filter((row) => !row.startsWith('0')) : table
  const right = derived ? source.mapValues((row) => `<${row}>`, { value }) : source
  const joiner = (a: string, b: string | null): string => `${a}&${b}`
  const options = { on: foreignKey, name: 'join', store: 'joined', value }
  const joined =
    type === 'inner' ? left.join(right, joiner, options) : left.leftJoin(right, joiner, options)
  joined.toStream().to(text('out'))
  return builder.build()
}

interface Update {
  readonly side: 'left' | 'right'
  readonly key: string
  readonly value: string | null
  readonly timestampMs: number
}

/** What a table holds after these updates: the last of each key, or the one with the latest time. */
function rowsOf(updates: readonly Update[], versioned: boolean): Map<string, string> {
  const last = new Map<string, Update>()
  for (const update of updates) {
    const before = last.get(update.key)
    if (versioned && before && update.timestampMs < before.timestampMs) continue
    last.set(update.key, update)
  }
  const present = [...last].filter(([, { value }]) => value !== null)
  return new Map(present.map(([key, { value }]) => [key, value!]))
}

function joinedRows(shape: Shape, updates: readonly Update[]): Map<string, string> {
  const { type, versioned, derived, self } = shape
  const side = (name: string): Map<string, string> =>
    rowsOf(
      updates.filter((update) => update.side === name),
      versioned,
    )
  const left = side('left')
  const right = self ? left : side('right')
  const rows = new Map<string, string>()
  for (const [key, row] of left) {
    if (derived && row.startsWith('0')) continue
    const named = foreignKey(row)
    const found = named === null ? undefined : right.get(named)
    const other = found === undefined ? null : derived ? `<${found}>` : found
    if (other !== null || type === 'left') rows.set(key, `${row}&${other}`)
  }
  return rows
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  type: fc.constantFrom('inner', 'left'),
  versioned: fc.boolean(),
  derived: fc.boolean(),
  self: fc.boolean(),
})

const keys = ['a', 'b', 'c', 'd']

const updatesOf = (self: boolean): fc.Arbitrary<readonly Update[]> =>
  fc.array(
    fc.record({
      side: self ? fc.constant('left' as const) : fc.constantFrom('left', 'right'),
      key: fc.constantFrom(...keys),
      value: fc.option(
        fc
          .tuple(fc.nat(3), fc.constantFrom(...keys, ''))
          .map(([number, named]) => `${number}|${named}`),
        { freq: 3 },
      ),
      timestampMs: fc.nat(30),
    }),
    { maxLength: 25 },
  )

const scenes = shapes.chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    updates: updatesOf(shape.self),
    /** Which partition is next; a draw above 50 writes the next update first. */
    choices: fc.array(fc.nat(100), { maxLength: 150 }),
    leftPartitions: fc.integer({ min: 1, max: 3 }),
    rightPartitions: fc.integer({ min: 1, max: 3 }),
  }),
)

type Scene = typeof scenes extends fc.Arbitrary<infer T> ? T : never

async function check(scene: Scene, provider?: StateProvider): Promise<void> {
  const { shape, updates, choices, leftPartitions, rightPartitions } = scene
  const partitions = {
    left: leftPartitions,
    ...(shape.self ? {} : { right: rightPartitions }),
    out: 1,
  }
  await using network = await new TaskNetwork(topology(shape), partitions, provider).open()
  const waiting = [...updates]
  for (const choice of choices) {
    const update = choice > 50 ? waiting.shift() : undefined
    if (update) network.produce(update.side, update)
    else await network.step(choice)
  }
  for (const update of waiting) network.produce(update.side, update)
  let turn = 0
  await network.drain(() => choices[turn++ % Math.max(choices.length, 1)] ?? 0)
  const sorted = (rows: Map<string, string>): string[][] => [...rows].sort()
  expect(sorted(network.table('out'))).toEqual(sorted(joinedRows(shape, updates)))
}

describe('a join by a foreign key, whatever tasks are faster than others,', () => {
  it('ends as the join of what both tables hold', async () => {
    await fc.assert(
      fc.asyncProperty(scenes, (scene) => check(scene)),
      { numRuns: 700 },
    )
  }, 30_000)

  it('ends so on RocksDB too', async () => {
    await fc.assert(
      fc.asyncProperty(scenes, async (scene) =>
        check(scene, rocksDbState({ folder: await temporaryFolder() })),
      ),
      { numRuns: 5 },
    )
  }, 30_000)
})
