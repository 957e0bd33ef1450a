import { describe, expect, it } from 'vitest'
import { ProcessingError, TopologyError } from '../../src/core/errors.ts'
import { PunctuationQueue } from '../../src/runtime/punctuation-queue.ts'
import { string } from '../../src/serdes/index.ts'
import { keyValueStore } from '../../src/state/index.ts'
import type { PunctuationType, Punctuator } from '../../src/topology/processor.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { Record } from '../../src/core/record.ts'
import { runningTask } from './task-harness.ts'
import { textTopology, type TextContext, type TextProcessor } from './text-topologies.ts'

describe('a punctuation queue', () => {
  const due = (queue: PunctuationQueue, nowMs: number) => queue.runDue(nowMs)

  it('calls at the time it was asked to and at each interval from there', () => {
    const queue = new PunctuationQueue()
    const calls: number[] = []
    queue.schedule(0, 100, (timestampMs) => void calls.push(timestampMs))
    for (const nowMs of [0, 99, 100, 100, 199, 200]) void due(queue, nowMs)
    expect(calls).toEqual([0, 100, 200])
  })

  it('calls once after a gap, and then on the intervals it began with', () => {
    const queue = new PunctuationQueue()
    const calls: number[] = []
    queue.schedule(0, 100, (timestampMs) => void calls.push(timestampMs))
    for (const nowMs of [0, 350, 399, 400, 1001, 1099, 1100]) void due(queue, nowMs)
    expect(calls).toEqual([0, 350, 400, 1001, 1100])
    expect(queue.nextDueMs).toBe(1200)
  })

  it('calls those due longest first', () => {
    const queue = new PunctuationQueue()
    const calls: string[] = []
    queue.schedule(50, 1000, () => void calls.push('later'))
    queue.schedule(20, 1000, () => void calls.push('earlier'))
    expect(due(queue, 60)).toBe(2)
    expect(calls).toEqual(['earlier', 'later'])
  })

  it('stops when cancelled, also from within', () => {
    const queue = new PunctuationQueue()
    const calls: number[] = []
    const schedule = queue.schedule(10, 10, (timestampMs) => {
      calls.push(timestampMs)
      schedule.cancel()
    })
    void due(queue, 10)
    void due(queue, 50)
    expect(calls).toEqual([10])
    const other = queue.schedule(60, 10, (timestampMs) => void calls.push(timestampMs))
    other.cancel()
    void due(queue, 100)
    expect(calls).toEqual([10])
  })

  it('calls one after the other where they have to wait', async () => {
    const queue = new PunctuationQueue()
    const events: string[] = []
    queue.schedule(1, 100, async () => {
      events.push('first begins')
      await Promise.resolve()
      events.push('first ends')
    })
    queue.schedule(2, 100, () => void events.push('second'))
    expect(await queue.runDue(10)).toBe(2)
    expect(events).toEqual(['first begins', 'first ends', 'second'])
  })
})

/** A topology whose only processor schedules this. */
function scheduling(
  type: PunctuationType,
  intervalMs: number,
  punctuator: (context: TextContext) => Punctuator,
): Topology {
  const processor = (): TextProcessor => ({
    init(context) {
      context.schedule(type, intervalMs, punctuator(context))
    },
    process: (record, context) => context.forward(record),
  })
  return textTopology({
    sources: ['in'],
    steps: [{ name: 'step', parents: ['in'], processor }],
    sinks: { out: ['step'] },
  })
}

describe('stream-time punctuation', () => {
  it('comes with the first record and then on multiples of the interval, after the record', async () => {
    const topology = scheduling('stream-time', 100, (context) => (timestampMs) => {
      expect(context.recordMetadata).toBeUndefined()
      return context.forward(new Record('p', `at ${timestampMs}`, timestampMs))
    })
    await using harness = await runningTask(topology)
    expect(harness.task.punctuate(harness.clock.now())).toBe(0)
    const times = [250, 260, 299, 300, 120, 520, 599, 600]
    harness.feed(
      'in',
      times.map((timestampMs) => ({ value: String(timestampMs), timestampMs })),
    )
    await harness.drain()
    expect(harness.collector.values('out')).toEqual([
      ...['250', 'at 250', '260', '299', '300', 'at 300', '120'],
      ...['520', 'at 520', '599', '600', 'at 600'],
    ])
    expect(harness.metrics.counts.get('millrace_task_punctuate_total')).toBe(4)
  })

  it('does not follow the wall clock', async () => {
    const calls: number[] = []
    const topology = scheduling('stream-time', 100, () => (ms) => void calls.push(ms))
    await using harness = await runningTask(topology)
    harness.feed('in', [{ timestampMs: 5 }])
    await harness.drain()
    harness.clock.advanceSync(10_000)
    expect(harness.task.punctuate(harness.clock.now())).toBe(0)
    expect(calls).toEqual([5])
    expect(harness.task.nextWakeUpMs()).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('wall-clock punctuation', () => {
  it('comes an interval after it was scheduled, without records', async () => {
    const calls: number[] = []
    const topology = scheduling('wall-clock-time', 100, () => (ms) => void calls.push(ms))
    await using harness = await runningTask(topology)
    const startMs = harness.clock.now()
    expect(harness.task.nextWakeUpMs()).toBe(startMs + 100)
    for (const ms of [0, 99, 1, 50, 300]) {
      harness.clock.advanceSync(ms)
      await harness.task.punctuate(harness.clock.now())
    }
    expect(calls).toEqual([startMs + 100, startMs + 450])
    expect(harness.task.nextWakeUpMs()).toBe(startMs + 500)
  })

  it('makes a commit needed, with what it wrote at its own time', async () => {
    const store = keyValueStore({ name: 'store', key: string(), value: string() })
    const processor = (): TextProcessor => ({
      init(context) {
        const opened = context.store<never>(store as never) as unknown as {
          put(key: string, value: string): void
        }
        context.schedule('wall-clock-time', 10, () => opened.put('k', 'v'))
      },
      process() {},
    })
    const topology = textTopology({
      sources: ['in'],
      steps: [{ name: 'step', parents: ['in'], processor, stores: [store] }],
    })
    await using harness = await runningTask(topology)
    expect(harness.task.commitNeeded).toBe(false)
    harness.clock.advanceSync(10)
    expect(harness.task.punctuate(harness.clock.now())).toBe(1)
    expect(harness.task.commitNeeded).toBe(true)
    await harness.commit()
    expect(harness.collector.sent).toMatchObject([
      { topic: 'app-store-changelog', key: 'k', timestampMs: harness.clock.now() },
    ])
  })

  it('is an error of the task where the punctuator fails and the handler says so', async () => {
    const topology = scheduling('wall-clock-time', 10, () => () => {
      throw new Error('no')
    })
    await using harness = await runningTask(topology)
    harness.clock.advanceSync(10)
    expect(() => harness.task.punctuate(harness.clock.now())).toThrow(ProcessingError)
    expect(() => harness.drain()).toThrow(/The processor step failed in a punctuation: no/)
  })

  it('goes on where the handler says to continue', async () => {
    let calls = 0
    const topology = scheduling('wall-clock-time', 10, () => async () => {
      calls++
      await Promise.resolve()
      throw new Error('no')
    })
    const handled: unknown[] = []
    await using harness = await runningTask(topology, {
      handlers: {
        deserialization: () => 'fail',
        production: () => 'fail',
        processing: (failed) => {
          handled.push([failed.node, failed.topic, failed.offset, failed.timestampMs])
          return 'continue'
        },
      },
    })
    harness.clock.advanceSync(10)
    const firstMs = harness.clock.now()
    expect(await harness.task.punctuate(firstMs)).toBe(1)
    harness.clock.advanceSync(10)
    await harness.task.punctuate(harness.clock.now())
    expect(calls).toBe(2)
    expect(handled[0]).toEqual(['step', undefined, undefined, firstMs])
  })

  it.each([0, -1, 0.5, Number.NaN])('refuses an interval of %d ms', async (intervalMs) => {
    const topology = scheduling('wall-clock-time', intervalMs, () => () => {})
    await expect(runningTask(topology)).rejects.toThrow(TopologyError)
    await expect(runningTask(topology)).rejects.toThrow(/at least 1/)
  })
})
