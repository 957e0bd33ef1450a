import { describe, expect, it } from 'vitest'
import { LifecycleError, TopologyError } from '../../src/core/errors.ts'
import { Record } from '../../src/core/record.ts'
import { string } from '../../src/serdes/index.ts'
import { keyValueStore, windowStore } from '../../src/state/index.ts'
import type { KeyValueStore, WindowStore } from '../../src/state/store.ts'
import { topic } from '../../src/topology/topic.ts'
import { Topology } from '../../src/topology/topology.ts'
import { runningTask, type TaskHarness } from './task-harness.ts'
import { forwardAll, oneStep, textTopic, textTopology, type TextStep } from './text-topologies.ts'

const values = (...texts: string[]) =>
  texts.map((value, i) => ({ key: 'k', value, timestampMs: 100 + i }))

/** Waits for other promises to go first. */
async function pause(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve()
}

/** Notes when it begins and ends each record; `slow` ones wait in between. */
function noting(events: string[], name: string, parents: string[], slow: boolean): TextStep {
  return {
    name,
    parents,
    process: (record, context) => {
      events.push(`${name} ${record.value}`)
      if (!slow) return context.forward(record)
      return pause().then(async () => {
        await context.forward(record)
        events.push(`${name} ${record.value} done`)
      })
    },
  }
}

describe('forward', () => {
  it('goes depth first, to each child in the order they were added, without a promise', async () => {
    const events: string[] = []
    const topology = textTopology({
      sources: ['in'],
      steps: [
        {
          name: 'twice',
          parents: ['in'],
          process: (record, context) => {
            expect(context.forward(record.withValue(`${record.value}1`))).toBeUndefined()
            expect(context.forward(record.withValue(`${record.value}2`))).toBeUndefined()
          },
        },
        noting(events, 'a', ['twice'], false),
        noting(events, 'b', ['twice'], false),
        noting(events, 'aa', ['a'], false),
      ],
    })
    await using harness = await runningTask(topology)
    harness.feed('in', values('x', 'y'))
    expect(harness.drain()).toBe(2)
    expect(events).toEqual([
      ...['a x1', 'aa x1', 'b x1', 'a x2', 'aa x2', 'b x2'],
      ...['a y1', 'aa y1', 'b y1', 'a y2', 'aa y2', 'b y2'],
    ])
  })

  it('reaches one child by its name, and says which there are', async () => {
    const topology = textTopology({
      sources: ['in'],
      steps: [
        {
          name: 'choose',
          parents: ['in'],
          process: (record, context) => context.forward(record, record.value ?? ''),
        },
        { name: 'left', parents: ['choose'] },
        { name: 'right', parents: ['choose'] },
      ],
      sinks: { l: ['left'], r: ['right'] },
    })
    await using harness = await runningTask(topology)
    harness.feed('in', values('left', 'right', 'middle'))
    expect(() => harness.drain()).toThrow(TopologyError)
    expect(() => harness.drain()).toThrow(/no child middle; its children are left, right/)
    expect(harness.collector.values('l')).toEqual(['left'])
    expect(harness.collector.values('r')).toEqual(['right'])
  })

  it('carries the time and the headers that a record has to the topic', async () => {
    const headers = [{ key: 'trace', value: Buffer.from('1') }]
    const topology = oneStep(['in'], (record, context) => {
      void context.forward(record)
      void context.forward(record.withTimestamp(7).withHeaders([]))
    })
    await using harness = await runningTask(topology)
    harness.feed('in', [{ key: 'k', value: 'v', timestampMs: 50, headers }])
    await harness.drain()
    expect(harness.collector.sent).toEqual([
      { topic: 'out', partition: undefined, timestampMs: 50, key: 'k', value: 'v', headers },
      { topic: 'out', partition: undefined, timestampMs: 7, key: 'k', value: 'v', headers: [] },
    ])
  })

  it('writes null keys and tombstones without asking a serde', async () => {
    await using harness = await runningTask(oneStep(['in'], forwardAll))
    harness.feed('in', [
      { key: null, value: null, timestampMs: 1 },
      { key: 'k', value: null, timestampMs: 2 },
    ])
    await harness.drain()
    expect(harness.collector.sent.map(({ key, value }) => [key, value])).toEqual([
      [null, null],
      ['k', null],
    ])
  })
})

describe('forward to a processor that waits', () => {
  it('keeps the order of siblings and of records', async () => {
    const events: string[] = []
    const topology = textTopology({
      sources: ['in'],
      steps: [
        { name: 'top', parents: ['in'] },
        noting(events, 'slow', ['top'], true),
        noting(events, 'below', ['slow'], false),
        noting(events, 'sibling', ['top'], false),
      ],
    })
    await using harness = await runningTask(topology)
    harness.feed('in', values('x', 'y'))
    const draining = harness.drain()
    expect(draining).toBeInstanceOf(Promise)
    expect(events).toEqual(['slow x'])
    expect(await draining).toBe(2)
    expect(events).toEqual([
      ...['slow x', 'below x', 'slow x done', 'sibling x'],
      ...['slow y', 'below y', 'slow y done', 'sibling y'],
    ])
  })

  it('is waited for by the task also where the processor does not wait', async () => {
    const events: string[] = []
    const topology = textTopology({
      sources: ['in'],
      steps: [
        {
          name: 'careless',
          parents: ['in'],
          process: (record, context) => {
            void context.forward(record.withValue(`${record.value}1`))
            void context.forward(record.withValue(`${record.value}2`))
            events.push(`careless ${record.value} done`)
          },
        },
        noting(events, 'slow', ['careless'], true),
        noting(events, 'quick', ['careless'], false),
      ],
    })
    await using harness = await runningTask(topology)
    harness.feed('in', values('x', 'y'))
    expect(await harness.drain()).toBe(2)
    expect(events).toEqual([
      ...['slow x1', 'careless x done', 'slow x1 done', 'quick x1', 'slow x2', 'slow x2 done'],
      ...['quick x2', 'slow y1', 'careless y done', 'slow y1 done', 'quick y1'],
      ...['slow y2', 'slow y2 done', 'quick y2'],
    ])
  })

  it('fails the task where a forward that nobody waited for fails', async () => {
    const topology = textTopology({
      sources: ['in'],
      steps: [
        {
          name: 'careless',
          parents: ['in'],
          async process(record, context) {
            void context.forward(record)
            void context.forward(record)
            await pause()
            await pause()
          },
        },
        {
          name: 'late',
          parents: ['careless'],
          async process() {
            await Promise.resolve()
            throw new Error('too late')
          },
        },
      ],
    })
    await using harness = await runningTask(topology)
    harness.feed('in', values('x', 'y'))
    await expect(harness.drain()).rejects.toThrow(/The processor late failed: too late/)
  })

  it('is synchronous again for the next record', async () => {
    const results: unknown[] = []
    const topology = textTopology({
      sources: ['in'],
      steps: [
        {
          name: 'top',
          parents: ['in'],
          process: (record, context) => {
            const result = context.forward(record)
            results.push(result)
            return result
          },
        },
        {
          name: 'sometimes',
          parents: ['top'],
          process: (record) => (record.value === 'slow' ? pause() : undefined),
        },
      ],
    })
    await using harness = await runningTask(topology)
    harness.feed('in', values('slow', 'quick'))
    await harness.drain()
    expect(results).toEqual([expect.any(Promise), undefined])
  })

  it('knows where its record was read, before and after waiting', async () => {
    const seen: unknown[] = []
    const topology = oneStep(['in'], async (_record, context) => {
      seen.push(context.recordMetadata)
      await pause()
      seen.push(context.recordMetadata)
    })
    await using harness = await runningTask(topology)
    harness.feed('in', values('x', 'y'), { from: 5 })
    await harness.drain()
    const place = (offset: number) => ({ topic: 'in', partition: 0, offset })
    expect(seen).toEqual([place(5), place(5), place(6), place(6)])
  })

  it('refuses a commit in the middle of a record', async () => {
    await using harness = await runningTask(oneStep(['in'], () => pause()))
    harness.feed('in', values('x'))
    const draining = harness.drain()
    expect(() => harness.task.prepareCommit()).toThrow(LifecycleError)
    await draining
    expect(harness.task.prepareCommit().offsets).toHaveLength(1)
  })

  it('ends with the record in process where the task is closed', async () => {
    const seen: unknown[] = []
    const topology = oneStep(['in'], async (record) => {
      seen.push(record.value)
      await pause()
    })
    await using harness = await runningTask(topology)
    harness.feed('in', values('x', 'y'))
    const draining = harness.drain()
    await harness.task.close()
    await draining
    expect(seen).toEqual(['x'])
  })
})

describe('the time of a write to a store', () => {
  const store = keyValueStore({ name: 'store', key: string(), value: string() })
  const windows = windowStore({
    name: 'windows',
    key: string(),
    value: string(),
    windowSizeMs: 10,
    retentionMs: 1_000_000,
  })

  const timeOf = (harness: TaskHarness, key: string) =>
    (harness.state.store('store') as KeyValueStore<string, string>).getWithTimestamp(key)

  /** Forwards with another time, then writes; the child waits before it writes. */
  const topology = textTopology({
    sources: ['in'],
    steps: [
      {
        name: 'parent',
        parents: ['in'],
        stores: [store],
        process: (record, context) => {
          const opened = context.store(store as never) as unknown as KeyValueStore<string, string>
          const forwarding = context.forward(record.withTimestamp(5))
          opened.put('parent', 'v')
          return forwarding
        },
      },
      {
        name: 'child',
        parents: ['parent'],
        stores: [store, windows],
        async process(record, context) {
          const opened = context.store('store') as KeyValueStore<string, string>
          const window = context.store('windows') as WindowStore<string, string>
          await pause()
          opened.put('child', 'v')
          await opened.putIfAbsent('absent', 'v')
          opened.put('given', 'v', 77)
          window.put(record.key, 'v', 100)
        },
      },
    ],
  })

  it('is that of the record that the processor handles, also after waiting', async () => {
    await using harness = await runningTask(topology)
    harness.feed('in', values('x'))
    await harness.drain()
    expect(timeOf(harness, 'parent')).toMatchObject({ timestampMs: 100 })
    expect(timeOf(harness, 'child')).toMatchObject({ timestampMs: 5 })
    expect(timeOf(harness, 'absent')).toMatchObject({ timestampMs: 5 })
    expect(timeOf(harness, 'given')).toMatchObject({ timestampMs: 77 })
    const window = harness.state.store('windows') as WindowStore<string, string>
    expect(window.fetchWithTimestamp('k', 100)).toMatchObject({ timestampMs: 5 })
  })

  it('gives only stores that were connected', async () => {
    const other = textTopology({
      sources: ['in'],
      steps: [
        { name: 'with', parents: ['in'], stores: [store] },
        {
          name: 'without',
          parents: ['with'],
          process: (_record, context) => void context.store('store'),
        },
      ],
    })
    await using harness = await runningTask(other)
    harness.feed('in', values('x'))
    expect(() => harness.drain()).toThrow(/store is not connected to the processor without/)
  })
})

describe('a sink', () => {
  it('chooses its topic by record, and has it prepared before the first', async () => {
    const topology = new Topology()
    const source = topology.addSource('in', textTopic('in'))
    const prepared: string[] = []
    const serde = {
      ...string(),
      async prepare({ topic: name, part }: { topic: string; part: string }) {
        await pause()
        prepared.push(`${name} ${part}`)
      },
    }
    topology.addSink(
      'dynamic',
      { name: (value: string | null) => `to-${value}`, key: string(), value: serde },
      { parents: [source] },
    )
    await using harness = await runningTask(topology)
    harness.feed('in', values('a', 'b', 'a'))
    expect(await harness.drain()).toBe(3)
    expect(prepared).toEqual(['to-a value', 'to-b value'])
    expect(harness.collector.prepared).toEqual(['to-a', 'to-b'])
    expect(harness.collector.sent.map((sent) => sent.topic)).toEqual(['to-a', 'to-b', 'to-a'])
    harness.feed('in', values('b'), { from: 3 })
    expect(harness.drain()).toBe(1)
  })

  it('partitions by the part of the key that its serde says', async () => {
    const topology = new Topology()
    const key = { ...string(), partitioningBytes: (bytes: Buffer) => bytes.subarray(0, 1) }
    const source = topology.addSource('in', textTopic('in'))
    topology.addSink('to-out', topic('out', { key, value: string() }), { parents: [source] })
    await using harness = await runningTask(topology)
    harness.feed('in', [
      { key: 'k1', value: 'v', timestampMs: 1 },
      { key: 'k2', value: 'v', timestampMs: 1 },
      { key: null, value: 'v', timestampMs: 1 },
    ])
    await harness.drain()
    const [first, second, third] = harness.collector.sent.map(({ partition }) => partition)
    expect(first).toBeTypeOf('number')
    expect(second).toBe(first)
    expect(third).toBeUndefined()
  })
})

describe('the life of a task', () => {
  it('initializes parents before children, and closes all even if one cannot be closed', async () => {
    const events: string[] = []
    const step = (name: string, parent: string): TextStep => ({
      name,
      parents: [parent],
      processor: () => ({
        async init(context) {
          await pause()
          expect(context.recordMetadata).toBeUndefined()
          events.push(`init ${name}`)
        },
        process() {},
        close() {
          events.push(`close ${name}`)
          if (name === 'a') throw new Error('stuck')
        },
      }),
    })
    const topology = textTopology({ sources: ['in'], steps: [step('a', 'in'), step('b', 'a')] })
    const harness = await runningTask(topology)
    expect(events).toEqual(['init a', 'init b'])
    await expect(harness.task.close()).rejects.toThrow('The processor a could not be closed: stuck')
    expect(events.slice(2)).toEqual(['close a', 'close b'])
    await harness.task.close()
    expect(events).toHaveLength(4)
    expect(harness.metrics.removed).toEqual([{ task: '0_0', subtopology: '0' }])
    expect(() => harness.drain()).toThrow(LifecycleError)
    expect(() => harness.feed('in', values('x'))).toThrow(LifecycleError)
  })

  it('says which processor could not be initialized', async () => {
    const topology = textTopology({
      sources: ['in'],
      steps: [
        {
          name: 'a',
          parents: ['in'],
          processor: () => ({
            init() {
              throw new Error('no luck')
            },
            process() {},
          }),
        },
      ],
    })
    await expect(runningTask(topology)).rejects.toThrow(
      'The processor a could not be initialized: no luck',
    )
  })

  it('lets a punctuator forward where nothing is in process', async () => {
    const topology = textTopology({
      sources: ['in'],
      steps: [
        {
          name: 'step',
          parents: ['in'],
          processor: () => ({
            init(context) {
              context.schedule('wall-clock-time', 1, async (nowMs) => {
                await pause()
                void context.forward(new Record('k', 'tick', nowMs))
              })
            },
            process() {},
          }),
        },
        { name: 'slow', parents: ['step'], process: (r, c) => pause().then(() => c.forward(r)) },
      ],
      sinks: { out: ['slow'] },
    })
    await using harness = await runningTask(topology)
    harness.clock.advanceSync(1)
    const punctuating = harness.task.punctuate(harness.clock.now())
    expect(() => harness.task.prepareCommit()).toThrow(LifecycleError)
    expect(await punctuating).toBe(1)
    expect(harness.collector.values('out')).toEqual(['tick'])
    harness.task.prepareCommit()
  })

  it('counts and logs what an operator skips', async () => {
    const topology = oneStep(['in'], (_record, context) => context.recordDropped?.('no key'))
    await using harness = await runningTask(topology)
    harness.feed('in', values('x'))
    await harness.drain()
    expect(harness.metrics.counts.get('millrace_task_dropped_records_total skipped')).toBe(1)
    expect(harness.logger.messages).toEqual(['warn The processor step skipped a record: no key'])
  })
})
