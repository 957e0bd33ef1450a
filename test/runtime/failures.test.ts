import { describe, expect, it } from 'vitest'
import {
  DeserializationError,
  FencedError,
  ProcessingError,
  ProductionError,
  SerializationError,
  StreamsError,
} from '../../src/core/errors.ts'
import type { ErrorHandler, ErrorHandlers, FailedRecord } from '../../src/runtime/error-handlers.ts'
import { double, string } from '../../src/serdes/index.ts'
import type { Serde } from '../../src/serdes/serde.ts'
import { topic } from '../../src/topology/topic.ts'
import { Topology } from '../../src/topology/topology.ts'
import { runningTask, type TaskHarness } from './task-harness.ts'
import { oneStep, textTopic, textTopology } from './text-topologies.ts'

const all = (handler: ErrorHandler): { readonly handlers: ErrorHandlers } => ({
  handlers: { deserialization: handler, processing: handler, production: handler },
})

/** Reads and writes text, but not `bad`. */
const picky: Serde<string> = {
  ...string(),
  name: 'picky',
  serialize(value, context) {
    if (value === 'bad') throw new SerializationError('bad is not to be written')
    return string().serialize(value, context)
  },
  deserialize(bytes, context) {
    const text = string().deserialize(bytes, context)
    if (text === 'bad') throw new DeserializationError('bad is not to be read', { field: 'x' })
    if (text === 'broken') throw new TypeError('no such thing')
    return text
  },
  deserializeAt(buffer, start, end, context) {
    return this.deserialize(buffer.subarray(start, end), context)
  },
}

function pickySource(): Topology {
  const topology = new Topology()
  const source = topology.addSource('in', topic('in', { key: string(), value: picky }))
  topology.addSink('to-out', textTopic('out'), { parents: [source] })
  return topology
}

function pickySink(): Topology {
  const topology = new Topology()
  const source = topology.addSource('in', textTopic('in'))
  topology.addSink('to-out', topic('out', { key: string(), value: picky }), { parents: [source] })
  return topology
}

const failOn = (text: string): Topology =>
  oneStep(['in'], (record, context) => {
    if (record.value === text) throw new Error(`${text} is refused`)
    return context.forward(record)
  })

const three = (second: string) => [
  { key: 'a', value: 'first', timestampMs: 1 },
  { key: 'b', value: second, timestampMs: 2, headers: [{ key: 'h', value: Buffer.from('1') }] },
  { key: 'c', value: 'third', timestampMs: 3 },
]

const dropped = (harness: TaskHarness, stage: string) =>
  harness.metrics.counts.get(`millrace_task_dropped_records_total ${stage}`)

describe('a record that cannot be read', () => {
  it('ends the task by default, at its place, and stays uncommitted', async () => {
    await using harness = await runningTask(pickySource())
    harness.feed('in', three('bad'), { from: 40 })
    const attempt = () => harness.drain()
    expect(attempt).toThrow(DeserializationError)
    expect(attempt).toThrow(/bad is not to be read.*task 0_0, topic in, partition 0, offset 41/)
    expect(harness.collector.values('out')).toEqual(['first'])
    expect(() => harness.task.prepareCommit()).toThrow(DeserializationError)
  })

  it.each(['bad', 'broken'])('is passed over where the handler says so: %s', async (text) => {
    const failed: FailedRecord[] = []
    const handler: ErrorHandler = (record) => {
      failed.push(record)
      return 'continue'
    }
    await using harness = await runningTask(pickySource(), all(handler))
    harness.feed('in', three(text), { from: 40 })
    await harness.drain()
    expect(harness.collector.values('out')).toEqual(['first', 'third'])
    expect(failed).toMatchObject([
      {
        stage: 'deserialization',
        node: 'in',
        topic: 'in',
        partition: 0,
        offset: 41,
        timestampMs: 2,
        key: Buffer.from('b'),
        value: Buffer.from(text),
        headers: [{ key: 'h', value: Buffer.from('1') }],
        taskId: { subTopology: 0, partition: 0 },
      },
    ])
    expect(dropped(harness, 'deserialization')).toBe(1)
    expect(harness.logger.messages).toEqual([expect.stringMatching(/^warn Dropped: .*offset 41/)])
    expect(harness.task.prepareCommit().offsets).toMatchObject([{ offset: 43 }])
  })

  it('is dealt with when its turn comes, so that a dead letter belongs to the commit of its offset', async () => {
    await using harness = await runningTask(
      pickySource(),
      all(() => 'dead-letter'),
    )
    harness.feed('in', three('bad'))
    // One record a call: the deadline has passed before the first.
    expect(harness.task.processFor(Number.NEGATIVE_INFINITY)).toBe(1)
    expect(harness.deadLetters).toEqual([])
    expect(harness.task.prepareCommit().offsets).toMatchObject([{ offset: 1 }])
    expect(harness.task.processFor(Number.NEGATIVE_INFINITY)).toBe(1)
    expect(harness.deadLetters).toMatchObject([{ offset: 1, stage: 'deserialization' }])
    expect(
      harness.metrics.counts.get('millrace_task_dead_letter_records_total deserialization'),
    ).toBe(1)
  })

  it('is no matter of the handler where the serde cannot work at all', async () => {
    const broken: Serde<string> = {
      ...string(),
      deserialize() {
        throw new StreamsError('the registry is gone')
      },
      deserializeAt() {
        throw new StreamsError('the registry is gone')
      },
    }
    const topology = new Topology()
    topology.addSource('in', topic('in', { key: string(), value: broken }))
    await using harness = await runningTask(
      topology,
      all(() => 'continue'),
    )
    harness.feed('in', three('x'))
    expect(() => harness.drain()).toThrow('the registry is gone')
  })
})

describe('a processor that fails', () => {
  it('ends the task by default, named with the record', async () => {
    await using harness = await runningTask(failOn('second'))
    harness.feed('in', three('second'), { from: 7 })
    const attempt = () => harness.drain()
    expect(attempt).toThrow(ProcessingError)
    expect(attempt).toThrow(
      /The processor step failed: second is refused \[task 0_0, topic in, partition 0, offset 8\]/,
    )
    expect(harness.collector.values('out')).toEqual(['first'])
  })

  it('loses only what it was given where the handler says to continue', async () => {
    const topology = textTopology({
      sources: ['in'],
      steps: [
        { name: 'parent', parents: ['in'] },
        {
          name: 'weak',
          parents: ['parent'],
          process: (record, context) => {
            if (record.value === 'second') throw new Error('too much')
            return context.forward(record)
          },
        },
        { name: 'strong', parents: ['parent'] },
      ],
      sinks: { weak: ['weak'], strong: ['strong'] },
    })
    await using harness = await runningTask(
      topology,
      all(() => 'continue'),
    )
    harness.feed('in', three('second'))
    expect(harness.drain()).toBe(3)
    expect(harness.collector.values('weak')).toEqual(['first', 'third'])
    expect(harness.collector.values('strong')).toEqual(['first', 'second', 'third'])
    expect(dropped(harness, 'processing')).toBe(1)
  })

  it('has the input record written to the dead-letter topic, with what it was', async () => {
    await using harness = await runningTask(
      failOn('second'),
      all(() => 'dead-letter'),
    )
    harness.feed('in', three('second'))
    await harness.drain()
    expect(harness.deadLetters).toMatchObject([
      { stage: 'processing', node: 'step', topic: 'in', offset: 1, value: Buffer.from('second') },
    ])
    expect(harness.deadLetters[0]!.error.cause).toEqual(new Error('second is refused'))
    expect(harness.collector.values('out')).toEqual(['first', 'third'])
  })

  it('waits for a handler and a dead letter that take their time', async () => {
    const events: string[] = []
    await using harness = await runningTask(failOn('second'), {
      ...all(async () => {
        await Promise.resolve()
        events.push('handled')
        return 'dead-letter' as const
      }),
      async deadLetter() {
        await Promise.resolve()
        events.push(`written after ${harness.collector.sent.length}`)
      },
    })
    harness.feed('in', three('second'))
    expect(await harness.drain()).toBe(3)
    expect(events).toEqual(['handled', 'written after 1'])
    expect(harness.collector.values('out')).toEqual(['first', 'third'])
  })

  it('fails the same way when it does so later', async () => {
    const topology = oneStep(['in'], async (record, context) => {
      await Promise.resolve()
      if (record.value === 'second') throw new Error('second is refused')
      await context.forward(record)
    })
    await using continuing = await runningTask(
      topology,
      all(() => 'continue'),
    )
    continuing.feed('in', three('second'))
    expect(await continuing.drain()).toBe(3)
    expect(continuing.collector.values('out')).toEqual(['first', 'third'])
    await using failing = await runningTask(topology)
    failing.feed('in', three('second'))
    await expect(failing.drain()).rejects.toThrow(/step failed: second is refused .*offset 1/)
    await expect(async () => failing.drain()).rejects.toThrow(/step failed/)
  })

  it('cannot save the task by catching what ended it below', async () => {
    const topology = textTopology({
      sources: ['in'],
      steps: [
        {
          name: 'optimist',
          parents: ['in'],
          process: (record, context) => {
            try {
              return context.forward(record)
            } catch {
              return undefined
            }
          },
        },
        {
          name: 'weak',
          parents: ['optimist'],
          process() {
            throw new Error('no')
          },
        },
      ],
    })
    await using harness = await runningTask(topology)
    harness.feed('in', three('x'))
    expect(() => harness.drain()).toThrow(/The processor weak failed: no/)
  })

  it('is asked about once, at the node that failed', async () => {
    const nodes: unknown[] = []
    const topology = textTopology({
      sources: ['in'],
      steps: [
        { name: 'a', parents: ['in'] },
        { name: 'b', parents: ['a'] },
        {
          name: 'c',
          parents: ['b'],
          process() {
            throw new Error('no')
          },
        },
      ],
    })
    await using harness = await runningTask(topology, {
      ...all(({ node }) => {
        nodes.push(node)
        return 'fail'
      }),
    })
    harness.feed('in', three('x'))
    expect(() => harness.drain()).toThrow(ProcessingError)
    expect(nodes).toEqual(['c'])
  })

  it.each([
    ['throws', () => JSON.parse('{') as 'fail'],
    ['rejects', () => Promise.reject(new Error('handler'))],
    ['answers nonsense', () => 'retry' as 'fail'],
  ])('ends the task where the handler %s', async (_what, handler) => {
    await using harness = await runningTask(failOn('second'), all(handler))
    harness.feed('in', three('second'))
    await expect(async () => harness.drain()).rejects.toThrow()
    expect(() => harness.task.prepareCommit()).toThrow()
  })

  it('ends the task without a handler being asked where the broker has fenced it', async () => {
    const topology = oneStep(['in'], () => {
      throw new FencedError('a newer producer')
    })
    await using harness = await runningTask(
      topology,
      all(() => 'continue'),
    )
    harness.feed('in', three('x'))
    expect(() => harness.drain()).toThrow(FencedError)
  })
})

describe('a record that cannot be written', () => {
  it('ends the task by default, naming the sink, the topic and the input record', async () => {
    await using harness = await runningTask(pickySink())
    harness.feed('in', three('bad'))
    const attempt = () => harness.drain()
    expect(attempt).toThrow(ProductionError)
    expect(attempt).toThrow(/sink to-out .* topic out: bad is not to be written.*in, .*offset 1/)
  })

  it.each(['continue', 'dead-letter'] as const)('goes the way of %s', async (response) => {
    await using harness = await runningTask(
      pickySink(),
      all(() => response),
    )
    harness.feed('in', three('bad'))
    await harness.drain()
    expect(harness.collector.values('out')).toEqual(['first', 'third'])
    expect(harness.deadLetters).toHaveLength(response === 'continue' ? 0 : 1)
    expect(dropped(harness, 'production')).toBe(response === 'continue' ? 1 : undefined)
  })

  it('is one also where the collector refuses it', async () => {
    await using harness = await runningTask(
      failOn('none'),
      all(() => 'continue'),
    )
    harness.collector.onSend = ({ value }) => {
      if (value === 'second') throw new ProductionError('the record is too large')
    }
    harness.feed('in', three('second'))
    await harness.drain()
    expect(harness.collector.values('out')).toEqual(['first', 'third'])
    expect(dropped(harness, 'production')).toBe(1)
    expect(dropped(harness, 'processing')).toBeUndefined()
  })

  it('is one also where the partitioner chooses a partition that is not there', async () => {
    const topology = new Topology()
    const source = topology.addSource('in', textTopic('in'))
    topology.addSink('to-out', textTopic('out'), {
      parents: [source],
      partitioner: (_topic, _key, value) => (value === 'second' ? 4 : 3),
    })
    await using harness = await runningTask(topology)
    harness.feed('in', three('second'))
    expect(() => harness.drain()).toThrow(/chose partition 4, but the topic has partitions 0 to 3/)
    expect(harness.collector.sent).toMatchObject([{ value: 'first', partition: 3 }])
  })

  it('ends the task where the failure is not the record’s', async () => {
    await using harness = await runningTask(
      failOn('none'),
      all(() => 'continue'),
    )
    harness.collector.onSend = () => {
      throw new FencedError('a newer producer')
    }
    harness.feed('in', three('x'))
    expect(() => harness.drain()).toThrow(FencedError)
  })
})

it('a value that a store cannot write is a failure of the processor that put it', async () => {
  const { keyValueStore } = await import('../../src/state/index.ts')
  const store = keyValueStore({ name: 'numbers', key: string(), value: double() })
  const topology = textTopology({
    sources: ['in'],
    steps: [
      {
        name: 'put',
        parents: ['in'],
        stores: [store],
        process: (record, context) => {
          const numbers = context.store('numbers') as unknown as {
            put(key: string, value: unknown): void
          }
          numbers.put(record.key, record.value)
        },
      },
    ],
  })
  await using harness = await runningTask(topology)
  harness.feed('in', three('x'))
  expect(() => harness.drain()).toThrow(/The processor put failed: .*double/)
})
