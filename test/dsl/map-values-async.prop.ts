import fc from 'fast-check'
import { StreamsBuilder, type AsyncRecordContext, type Topology } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { CrashableTask, type TaskEvent } from '../runtime/crashable-task.ts'
import { taskEvents } from '../runtime/task-events.ts'
import { text } from './golden/topics.ts'

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve()
}

describe('mapValuesAsync', () => {
  it('runs in the test driver as any other step, its attempts without waiting', async () => {
    const builder = new StreamsBuilder()
    const contexts: AsyncRecordContext[] = []
    builder
      .stream(text('in'))
      .filter((value) => value !== 'skip')
      .mapValuesAsync(
        async (value, key, context) => {
          contexts.push(context)
          await turns(20 - value.length)
          if (value === 'weak' && context.attempt < 3) throw new Error('busy')
          return `${key}: ${value}`
        },
        { concurrency: 4, retry: { attempts: 3, backoffMs: 60_000 } },
      )
      .mapValuesAsync(async (value) => `<${value}>`, { concurrency: 1, name: 'second' })
      .to(text('out'))
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.input(text('in'))
    await input.pipeAll(
      ['a', 'skip', 'weak', 'ccc'].map((value, i) => ({ key: 'k', value, timestampMs: i })),
    )
    expect(driver.output(text('out')).readRecords()).toMatchObject([
      { key: 'k', value: '<k: a>', timestampMs: 0 },
      { key: 'k', value: '<k: weak>', timestampMs: 2 },
      { key: 'k', value: '<k: ccc>', timestampMs: 3 },
    ])
    expect(
      contexts.map(({ offset, timestampMs, streamTimeMs, attempt }) => {
        return [offset, timestampMs, streamTimeMs, attempt]
      }),
    ).toEqual([
      [0, 0, 0, 1],
      [2, 2, 2, 1],
      [2, 2, 2, 2],
      [2, 2, 2, 3],
      [3, 3, 3, 1],
    ])
  })

  it('makes pipe reject where a call fails and the handler says so', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(text('in'))
      .mapValuesAsync(() => Promise.reject(new Error('no answer')), { concurrency: 1 })
      .to(text('out'))
    await using driver = await TopologyTestDriver.create(builder.build())
    await expect(driver.input(text('in')).pipe({ key: 'k', value: 'x' })).rejects.toThrow(
      /KSTREAM-MAPVALUESASYNC-0000000001 failed: no answer .*offset 0/,
    )
  })
})

const record = fc.record({
  key: fc.constantFrom('j', 'k', 'l'),
  turns: fc.integer({ min: 0, max: 12 }),
})

/** Counts behind the calls, so that a record that is lost, repeated or out of its key's order shows. */
function counting(
  orderedBy: 'partition' | 'key',
  concurrency: number,
  calls: { running: Map<string, number>; most: number; overlapped: boolean },
): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(text('in'))
    .mapValuesAsync(
      async (value, key) => {
        const running = (calls.running.get(key) ?? 0) + 1
        calls.running.set(key, running)
        calls.overlapped ||= running > 1
        calls.most = Math.max(
          calls.most,
          [...calls.running.values()].reduce((a, b) => a + b),
        )
        await turns(Number(value.split(' ')[1]))
        calls.running.set(key, calls.running.get(key)! - 1)
        return value.split(' ')[0]!
      },
      { orderedBy, concurrency },
    )
    .groupByKey()
    .reduce((a, b) => `${a} ${b}`, { store: 'all', value: text('in').value })
    .toStream()
    .to(text('out'))
  return builder.build()
}

async function check(
  orderedBy: 'partition' | 'key',
  concurrency: number,
  records: readonly { readonly key: string; readonly turns: number }[],
  events: readonly TaskEvent[],
): Promise<void> {
  const calls = { running: new Map<string, number>(), most: 0, overlapped: false }
  const inputs = records.map(({ key, turns: wait }, i) => {
    return { key, value: `${i} ${wait}`, timestampMs: i }
  })
  await using task = new CrashableTask(counting(orderedBy, concurrency, calls), { in: inputs })
  await task.open()
  for (const event of events) {
    if (event === 'commit') await task.commit()
    else if (event === 'crash') {
      await task.crash()
      // What was called before a crash goes on, and is nobody's business.
      await turns(20)
    } else await task.step(event.step)
  }
  await task.drain()
  await task.commit()
  const sent = task.committed
  const byKey = new Map<string, string>()
  const expected = inputs.map(({ key, value }) => {
    const before = byKey.get(key)
    const number = value.split(' ')[0]!
    const after = before === undefined ? number : `${before} ${number}`
    byKey.set(key, after)
    return `${key} ${after}`
  })
  const lines = sent.map(({ key, value }) => `${key} ${value}`)
  if (orderedBy === 'partition') expect(lines).toEqual(expected)
  const ofKey = (key: string) => (line: string) => line.startsWith(key)
  for (const key of ['j', 'k', 'l']) {
    expect(lines.filter(ofKey(key))).toEqual(expected.filter(ofKey(key)))
  }
  expect(calls.most).toBeLessThanOrEqual(concurrency)
  expect(calls.overlapped).toBe(false)
}

describe('mapValuesAsync, wherever the task commits and crashes', () => {
  it.each(['partition', 'key'] as const)(
    'keeps the order by %s, and each record once',
    async (orderedBy) => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 5 }),
          fc.array(record, { maxLength: 30 }),
          taskEvents,
          (concurrency, records, events) => check(orderedBy, concurrency, records, events),
        ),
        { numRuns: 150 },
      )
    },
  )
})
