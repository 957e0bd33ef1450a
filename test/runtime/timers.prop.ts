import fc from 'fast-check'
import { Record } from 'millrace'
import { string } from 'millrace/serdes'
import { timerStore } from 'millrace/state'
import { describe, expect, it } from 'vitest'
import type { Timers } from '../../src/topology/timers.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import { CrashableTask, runThrough, type TaskEvent } from './crashable-task.ts'
import { taskEvents } from './task-events.ts'
import { textTopology } from './text-topologies.ts'

const timers = timerStore({ name: 'timers', key: string() })

/** Record values are `+name at` to schedule, `-name` to cancel; a timer named `a` schedules `b` ten later as it fires. */
function scheduling(): Topology {
  return textTopology({
    sources: ['in'],
    steps: [
      {
        name: 'step',
        parents: ['in'],
        stores: [timers],
        processor: () => {
          let own: Timers<string>
          return {
            init(context) {
              own = context.timers(timers, async ({ key, name, atMs }) => {
                if (name === 'a') {
                  const next = { key, name: 'b', atMs: atMs + 10, clock: 'stream-time' } as const
                  await own.schedule(next)
                }
                await context.forward(new Record(key, `fired ${name} of ${atMs}`, atMs))
              })
            },
            async process({ key, value, timestampMs }, context) {
              const [name, at] = value!.slice(1).split(' ')
              if (value!.startsWith('-')) {
                const cancelled = await own.cancel({ key, name })
                await context.forward(new Record(key, `cancelled ${cancelled}`, timestampMs))
                return
              }
              await own.schedule({ key, name, atMs: Number(at), clock: 'stream-time' })
            },
          }
        },
      },
    ],
    sinks: { out: ['step'] },
  })
}

interface Input {
  readonly key: string
  readonly name: string
  readonly atMs: number | undefined
  readonly timestampMs: number
}

function expected(inputs: readonly Input[]): string[] {
  const waiting = new Map<string, { key: string; name: string; atMs: number }>()
  const out: string[] = []
  let streamTimeMs = -1
  for (const { key, name, atMs, timestampMs } of inputs) {
    streamTimeMs = Math.max(streamTimeMs, timestampMs)
    const id = `${key} ${name}`
    if (atMs === undefined) out.push(`${key} cancelled ${waiting.delete(id)}`)
    else waiting.set(id, { key, name, atMs })
    for (;;) {
      const [next] = [...waiting.values()]
        .filter((timer) => timer.atMs <= streamTimeMs)
        .sort((x, y) => x.atMs - y.atMs || `${x.key} ${x.name}`.localeCompare(`${y.key} ${y.name}`))
      if (!next) break
      waiting.delete(`${next.key} ${next.name}`)
      out.push(`${next.key} fired ${next.name} of ${next.atMs}`)
      if (next.name !== 'a') continue
      waiting.set(`${next.key} b`, { key: next.key, name: 'b', atMs: next.atMs + 10 })
    }
  }
  return out
}

const input = fc.record({
  key: fc.constantFrom('j', 'k'),
  name: fc.constantFrom('a', 'b', 'c'),
  atMs: fc.option(fc.integer({ min: 0, max: 120 }), { nil: undefined, freq: 4 }),
  timestampMs: fc.integer({ min: 0, max: 100 }),
})

async function check(
  inputs: readonly Input[],
  happening: readonly TaskEvent[],
  folder?: string,
): Promise<void> {
  const records = inputs.map(({ key, name, atMs, timestampMs }) => {
    return { key, value: atMs === undefined ? `-${name}` : `+${name} ${atMs}`, timestampMs }
  })
  const options = folder === undefined ? {} : { folder }
  await using task = new CrashableTask(scheduling(), { in: records }, options)
  const sent = await runThrough(task, happening)
  expect(sent.map(({ key, value }) => `${key} ${value}`)).toEqual(expected(inputs))
}

describe('timers of event time, wherever the task commits and crashes', () => {
  it('fire as those of a model, on state in memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(input, { maxLength: 30 }), taskEvents, (inputs, happening) =>
        check(inputs, happening),
      ),
      { numRuns: 200 },
    )
  })

  it('fire as those of a model, on RocksDB', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(input, { maxLength: 30 }), taskEvents, async (inputs, happening) =>
        check(inputs, happening, await temporaryFolder()),
      ),
      { numRuns: 10 },
    )
  })
})
