import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { StreamsBuilder, type Topology } from 'millrace'
import { describe, expect, it } from 'vitest'
import { TopologyError } from '../../src/core/errors.ts'
import { declareRandom } from '../dsl/random/declare.ts'
import { generateCase } from '../dsl/random/generate.ts'
import type { CaseSpec } from '../dsl/random/spec.ts'
import { CrashableTask, runThrough, type TaskEvent } from './crashable-task.ts'
import type { InputText } from './fetched-records.ts'
import type { SentText } from './task-harness.ts'

function topologyOf({ ops }: CaseSpec): Topology {
  const builder = new StreamsBuilder()
  declareRandom(builder, ops)
  return builder.build()
}

/** What one task can run: more would need a broker between them. */
function isOneTask(spec: CaseSpec): boolean {
  try {
    const plan = topologyOf(spec).plan()
    return plan.subTopologies.length === 1 && plan.globalStores.length === 0
  } catch (error) {
    if (error instanceof TopologyError) return false
    throw error
  }
}

/** Random topologies of one task each, with the operators whose names contain one of these more often. */
function casesOf(first: number, count: number, only: readonly string[] = []): CaseSpec[] {
  const cases: CaseSpec[] = []
  for (let seed = first; cases.length < count; seed++) {
    const spec = generateCase(seed, only)
    if (isOneTask(spec)) cases.push(spec)
  }
  return cases
}

function inputsOf({ ops, inputs }: CaseSpec): Record<string, InputText[]> {
  const topics = ops.flatMap((op) => op.topics ?? (op.op === 'table' ? [op.topic!] : []))
  const of = (topic: string): InputText[] =>
    inputs
      .filter(([name]) => name === topic)
      .map(([, key, value, timestampMs]) => {
        return { key, value, timestampMs }
      })
  return Object.fromEntries([...new Set(topics)].map((topic) => [topic, of(topic)]))
}

async function run(
  spec: CaseSpec,
  events: readonly TaskEvent[],
  engine: 'memory' | 'rocksdb',
): Promise<readonly SentText[]> {
  const folder = engine === 'memory' ? undefined : mkdtempSync(join(tmpdir(), 'millrace-random-'))
  try {
    await using crashable = new CrashableTask(
      topologyOf(spec),
      inputsOf(spec),
      folder === undefined ? {} : { folder },
    )
    return await runThrough(crashable, events)
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}

const stepOrCommit = [
  { weight: 3, arbitrary: fc.record({ step: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 2, arbitrary: fc.constant('commit' as const) },
]
const cuts = fc.array(fc.oneof(...stepOrCommit), { maxLength: 14 })
const cutsAndCrashes = fc.array(
  fc.oneof(...stepOrCommit, { weight: 1, arbitrary: fc.constant('crash' as const) }),
  { maxLength: 14 },
)

/**
 * After a crash a left or outer join of streams may look earlier for records that found no match, as Kafka Streams' does:
 * what it lets go is the same, but not when (docs/adr/0021-joins.md).
 */
function eventsFor({ ops }: CaseSpec): fc.Arbitrary<TaskEvent[]> {
  const waits = ops.some(({ op }) => op === 'streamLeftJoin' || op === 'streamOuterJoin')
  return waits ? cuts : cutsAndCrashes
}

/** Operators that a random topology would else have too rarely. */
const families = [
  [],
  ['window', 'count', 'reduce', 'aggregate'],
  ['streamJoin', 'streamLeftJoin', 'streamOuterJoin'],
  ['streamTable', 'tableJoin', 'tableLeftJoin', 'tableOuterJoin'],
  ['suppress', 'toTable'],
  ['cogroup', 'groupByKey'],
]

function describeEngine(engine: 'memory' | 'rocksdb', cases: number, runs: number): void {
  it.each(families.map((only, i) => [only.join(', ') || 'any operators', only, i] as const))(
    `on ${engine}, with %s`,
    async (_name, only, family) => {
      for (const spec of casesOf(20_000 + family * 1000, cases, only)) {
        const expected = await run(spec, [], 'memory')
        await fc.assert(
          fc.asyncProperty(eventsFor(spec), async (happening) => {
            const given = await run(spec, happening, engine)
            expect(given, `seed ${spec.seed}`).toEqual(expected)
          }),
          { numRuns: runs },
        )
      }
    },
  )
}

describe('a random topology commits the same however it is cut, and wherever it crashes', () => {
  describeEngine('memory', 8, 8)
  describeEngine('rocksdb', 3, 3)
})
