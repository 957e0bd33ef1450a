import { Record } from 'millrace'
import { string } from 'millrace/serdes'
import { timerStore } from 'millrace/state'
import { describe, expect, it } from 'vitest'
import { StateStoreError, TopologyError } from '../../src/core/errors.ts'
import { deadLetter } from '../../src/runtime/error-handlers.ts'
import type { Timers } from '../../src/topology/timers.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { headTimers } from '../../src/runtime/timer-head.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import { CrashableTask, type CrashableOptions } from './crashable-task.ts'
import type { InputText } from './fetched-records.ts'
import { textTopology, type TextContext } from './text-topologies.ts'

const timers = timerStore({ name: 'timers', key: string(), payload: string() })
type TextTimers = Timers<string, string>

/**
 * Does what the records say: `at 5 a` schedules a timer a of event time, `wall 5 a` one of the wall clock, `cancel a`,
 * `clear`, `get a`, `list`. Each record and each timer that fires is put out.
 */
function scripted(onFire: (name: string, own: TextTimers) => void = () => {}): Topology {
  const open = (context: TextContext): TextTimers => {
    const own: TextTimers = context.timers(timers, (timer) => {
      onFire(timer.name, own)
      const { key, name, atMs, payload, nowMs } = timer
      return context.forward(new Record(key, `${name} of ${atMs} at ${nowMs}: ${payload}`, atMs))
    })
    return own
  }
  return textTopology({
    sources: ['in'],
    steps: [
      {
        name: 'scripted',
        parents: ['in'],
        stores: [timers],
        processor: () => {
          let own: TextTimers
          return {
            init(context) {
              own = open(context)
            },
            prefetch(key) {
              own.prefetch({ key, name: 'a' })
            },
            async process({ key, value, timestampMs }, context) {
              const [verb, ...words] = value!.split(' ')
              const said = await obey(own, key, verb!, words)
              await context.forward(new Record(key, said ?? value, timestampMs))
            },
          }
        },
      },
    ],
    sinks: { out: ['scripted'] },
  })
}

async function obey(
  own: TextTimers,
  key: string,
  verb: string,
  words: readonly string[],
): Promise<string | undefined> {
  switch (verb) {
    case 'at':
    case 'wall': {
      const clock = verb === 'at' ? 'stream-time' : 'wall-clock-time'
      const [at, name = ''] = words
      await own.schedule({ key, name, atMs: Number(at), clock, payload: `set ${words.join(' ')}` })
      return undefined
    }
    case 'cancel':
      return `cancelled ${await own.cancel({ key, name: words[0] })}`
    case 'clear':
      return `cleared ${await own.cancelAll(key)}`
    case 'get':
      return `${words[0]} is due at ${(await own.get({ key, name: words[0] }))?.atMs}`
    case 'list':
      return (await own.list(key)).map(({ name, atMs }) => `${name} ${atMs}`).join(', ')
  }
  return undefined
}

const line = (key: string, value: string, timestampMs: number): InputText => ({
  key,
  value,
  timestampMs,
})

async function outputs(
  records: readonly InputText[],
  options: CrashableOptions = {},
  topology = scripted(),
): Promise<string[]> {
  await using task = await new CrashableTask(topology, { in: records }, options).open()
  await task.drain()
  await task.commit()
  return task.committed.map(({ key, value }) => `${key} ${value}`)
}

const engines = [
  ['memory', async (): Promise<CrashableOptions> => ({})],
  ['RocksDB', async (): Promise<CrashableOptions> => ({ folder: await temporaryFolder() })],
] as const

describe.each(engines)('timers on state in %s', (_name, options) => {
  it('fire by their times, before the record after the one that moved time on', async () => {
    const records = [
      line('k', 'at 20 b', 0),
      line('k', 'at 10 a', 1),
      line('j', 'at 10 a', 2),
      line('j', 'at 10 ', 3),
      line('k', 'x', 9),
      line('k', 'y', 10),
      line('k', 'z', 5),
      line('k', 'at 7 late', 6),
      line('k', 'end', 30),
    ]
    expect(await outputs(records, await options())).toEqual([
      'k at 20 b',
      'k at 10 a',
      'j at 10 a',
      'j at 10 ',
      'k x',
      'k y',
      'j  of 10 at 10: set 10 ',
      'j a of 10 at 10: set 10 a',
      'k a of 10 at 10: set 10 a',
      'k z',
      'k at 7 late',
      'k late of 7 at 10: set 7 late',
      'k end',
      'k b of 20 at 30: set 20 b',
    ])
  })

  it('are replaced by name, cancelled, found and listed', async () => {
    const records = [
      line('k', 'at 10 a', 0),
      line('k', 'at 30 a', 1),
      line('k', 'at 20 b', 2),
      line('k', 'at 40 c', 3),
      line('kk', 'at 40 c', 3),
      line('k', 'get a', 4),
      line('k', 'get d', 4),
      line('k', 'list', 5),
      line('k', 'cancel b', 6),
      line('k', 'cancel b', 7),
      line('k', 'x', 30),
      line('k', 'at 50 d', 30),
      line('k', 'clear', 31),
      line('k', 'list', 31),
      line('k', 'end', 60),
    ]
    expect((await outputs(records, await options())).slice(5)).toEqual([
      'k a is due at 30',
      'k d is due at undefined',
      'k a 30, b 20, c 40',
      'k cancelled true',
      'k cancelled false',
      'k x',
      'k a of 30 at 30: set 30 a',
      'k at 50 d',
      'k cleared 2',
      'k ',
      'k end',
      'kk c of 40 at 60: set 40 c',
    ])
  })

  it('fire once though the task crashes, also those that were due while it was down', async () => {
    const records = [line('k', 'at 10 a', 0), line('k', 'wall 1000500 b', 1), line('k', 'x', 10)]
    await using task = await new CrashableTask(scripted(), { in: records }, await options()).open()
    await task.stepUntilSent(2)
    await task.commit()
    await task.drain()
    await task.crash()
    task.clock.advanceSync(1_000)
    expect(task.task.nextWakeUpMs()).toBeLessThanOrEqual(task.clock.now())
    expect(await task.task.punctuate(task.clock.now())).toBe(1)
    expect(task.task.nextWakeUpMs()).toBe(Infinity)
    await task.drain()
    await task.commit()
    await task.crash()
    await task.task.punctuate(task.clock.now())
    await task.drain()
    await task.commit()
    expect(task.committed.map(({ value }) => value)).toEqual([
      'at 10 a',
      'wall 1000500 b',
      'b of 1000500 at 1001000: set 1000500 b',
      'x',
      'a of 10 at 10: set 10 a',
    ])
  })

  it('that were due when it crashed fire before the next record', async () => {
    const records = [
      line('k', 'at 10 a', 0),
      line('k', 'at 10 b', 0),
      line('k', 'x', 10),
      line('k', 'y', 11),
    ]
    await using task = await new CrashableTask(scripted(), { in: records }, await options()).open()
    // The record that moves time on, and one of the two timers.
    await task.stepUntilSent(4)
    await task.commit()
    expect(task.committed.map(({ value }) => value)).toContain('a of 10 at 10: set 10 a')
    await task.crash()
    expect(task.task.isProcessable(task.clock.now())).toBe(true)
    await task.drain()
    await task.commit()
    expect(task.committed.slice(4).map(({ value }) => value)).toEqual([
      'b of 10 at 10: set 10 b',
      'y',
    ])
  })

  it('may be more than are held in memory', async () => {
    const count = 3 * headTimers + 7
    const records = Array.from({ length: count }, (_, i) =>
      line(`k${(i * 7919) % count}`, `at ${1_000 + ((i * 7919) % count)} n`, 0),
    )
    records.push(line('k', 'end', 1_000 + count), line('k', 'at 5 past', 0))
    const fired = (await outputs(records, await options())).slice(count + 1)
    const times = fired.filter((text) => text.includes(' n of ')).map((text) => text.split(' ')[3])
    expect(times).toEqual(Array.from({ length: count }, (_, i) => String(1_000 + i)))
  })
})

describe('timers', () => {
  it('may be scheduled as others fire', async () => {
    const again = scripted((name, own) => {
      if (name.length > 2) return
      void own.schedule({
        key: 'k',
        name: `${name}+`,
        atMs: 10 + name.length,
        clock: 'stream-time',
        payload: 'again',
      })
    })
    const records = [line('k', 'at 10 a', 0), line('k', 'x', 11), line('k', 'y', 13)]
    expect(await outputs(records, {}, again)).toEqual([
      'k at 10 a',
      'k x',
      'k a of 10 at 11: set 10 a',
      'k a+ of 11 at 11: again',
      'k y',
      'k a++ of 12 at 13: again',
    ])
  })

  it('of which the handler fails are over, and go to the dead letters with key and payload', async () => {
    const failing = scripted((name) => {
      if (name === 'bad') throw new Error('no')
    })
    const records = [line('k', 'at 1 bad', 0), line('k', 'at 1 good', 0), line('k', 'x', 1)]
    await using task = await new CrashableTask(
      failing,
      { in: records },
      { handlers: { processing: deadLetter } },
    ).open()
    await task.drain()
    await task.commit()
    expect(task.committed.at(-1)?.value).toBe('good of 1 at 1: set 1 good')
    const [failed] = task.deadLetters
    expect(failed?.key?.toString()).toBe('k')
    expect(failed?.value?.toString()).toBe('set 1 bad')
    expect(failed?.error.message).toContain(`failed in the timer 'bad' of string "k", due at 1: no`)
    await task.crash()
    await task.drain()
    expect(task.deadLetters).toHaveLength(1)
  })

  it('belong to one processor, which must be connected to their store', async () => {
    const opening = (stores: readonly (typeof timers)[]): Topology =>
      textTopology({
        sources: ['in'],
        steps: ['a', 'b'].map((name) => ({
          name,
          parents: ['in'],
          stores,
          processor: () => ({
            init: (context: TextContext) => void context.timers(timers, () => {}),
            process: () => {},
          }),
        })),
      })
    for (const [stores, message] of [
      [[timers], /b opens the timers in timers, which are open already/],
      [[], /The store timers is not connected to the processor a/],
    ] as const) {
      const task = new CrashableTask(opening(stores), {})
      await expect(task.open()).rejects.toThrow(message)
      await expect(new CrashableTask(opening(stores), {}).open()).rejects.toBeInstanceOf(
        TopologyError,
      )
    }
  })

  it('need a whole number of milliseconds', async () => {
    const records = [line('k', 'at 0.5 a', 0)]
    await expect(outputs(records)).rejects.toBeInstanceOf(StateStoreError)
  })
})
