import fc from 'fast-check'
import { JoinWindows, StreamsBuilder, type Topology } from 'millrace'
import { describe, expect, it } from 'vitest'
import { CrashableTask, runThrough, type TaskEvent } from '../runtime/crashable-task.ts'
import type { InputText } from '../runtime/fetched-records.ts'
import { taskEvents } from '../runtime/task-events.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import { text } from './golden/topics.ts'
import { modelJoin } from './stream-join-model.ts'

const kinds = ['inner', 'left', 'outer'] as const
type Kind = (typeof kinds)[number]

function joins(kind: Kind, windows: JoinWindows): Topology {
  const builder = new StreamsBuilder()
  const stream = builder.stream(text('in'))
  const left = stream.filter((value) => value.startsWith('L'))
  const right = stream.filter((value) => value.startsWith('R'))
  const options = { windows, emitIntervalMs: 0 }
  const joiner = (a: string | null, b: string | null, key: string): string => `${key}:${a}+${b}`
  const joined =
    kind === 'inner'
      ? left.join(right, joiner, options)
      : kind === 'left'
        ? left.leftJoin(right, joiner, options)
        : left.outerJoin(right, joiner, options)
  joined.to(text('out'))
  return builder.build()
}

const someWindows = fc
  .record({
    beforeMs: fc.integer({ min: -8, max: 20 }),
    afterMs: fc.integer({ min: -8, max: 20 }),
    graceMs: fc.integer({ min: 0, max: 25 }),
  })
  .filter(({ beforeMs, afterMs }) => beforeMs + afterMs >= 0)
  .map((options) => JoinWindows.of(options))

interface Scene {
  readonly windows: JoinWindows
  readonly records: readonly InputText[]
}

/** Records that are late by no more than this, or by the grace. */
function scenes(maxLateMs?: number): fc.Arbitrary<Scene> {
  return fc.record({ windows: someWindows, steps: someSteps }).map(({ windows, steps }) => {
    const records: InputText[] = []
    let streamTimeMs = 0
    for (const [i, { key, side, forwardMs, lateness }] of steps.entries()) {
      streamTimeMs += forwardMs
      const lateMs = Math.floor(lateness * ((maxLateMs ?? windows.graceMs) + 1))
      const timestampMs = Math.max(0, streamTimeMs - lateMs)
      records.push({ key, value: `${side}${i}`, timestampMs })
    }
    return { windows, records }
  })
}

const someSteps = fc.array(
  fc.record({
    key: fc.constantFrom('j', 'k'),
    side: fc.constantFrom('L', 'R'),
    forwardMs: fc.integer({ min: 0, max: 12 }),
    lateness: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.999, noNaN: true })),
  }),
  { maxLength: 40 },
)

/** Records far on, with which all windows close. */
const ends: readonly InputText[] = ['L', 'R', 'L', 'R'].map((side, i) => ({
  key: 'end',
  value: `${side}end`,
  timestampMs: 10_000 * (i + 1),
}))

async function run(
  kind: Kind,
  { windows, records }: Scene,
  events: readonly TaskEvent[],
  folder?: string,
): Promise<string[]> {
  const options = folder === undefined ? {} : { folder }
  await using task = new CrashableTask(joins(kind, windows), { in: [...records, ...ends] }, options)
  const sent = await runThrough(task, events)
  return sent
    .filter(({ topic, key }) => topic === 'out' && key !== 'end')
    .map(({ value, timestampMs }) => `${value}@${timestampMs}`)
}

async function check(
  kind: Kind,
  scene: Scene,
  events: readonly TaskEvent[],
  folder?: string,
): Promise<void> {
  const { pairs, leftAlone, rightAlone } = modelJoin(scene.records, scene.windows)
  const given = await run(kind, scene, events, folder)
  expect(given.filter((each) => !each.includes('null'))).toEqual(pairs)
  const alone = given.filter((each) => each.includes('null'))
  const expected = [...(kind === 'inner' ? [] : leftAlone), ...(kind === 'outer' ? rightAlone : [])]
  expect(alone.sort()).toEqual([...expected].sort())
}

describe.each(kinds)('an %s join of streams, wherever it commits and crashes,', (kind) => {
  it('gives what trying all pairs gives, on state in memory', async () => {
    await fc.assert(
      fc.asyncProperty(scenes(), taskEvents, (scene, events) => check(kind, scene, events)),
      { numRuns: 150 },
    )
  })

  it('gives what trying all pairs gives, on RocksDB', async () => {
    await fc.assert(
      fc.asyncProperty(scenes(), taskEvents, async (scene, events) =>
        check(kind, scene, events, await temporaryFolder()),
      ),
      { numRuns: 8 },
    )
  })

  it('gives the same in the same order on RocksDB as in memory, however late records come', async () => {
    await fc.assert(
      fc.asyncProperty(scenes(80), async (scene) => {
        const commits: TaskEvent[] = [{ step: 9 }, 'commit', { step: 9 }, 'commit']
        const onDisk = await run(kind, scene, commits, await temporaryFolder())
        expect(onDisk).toEqual(await run(kind, scene, []))
      }),
      { numRuns: 8 },
    )
  })
})
