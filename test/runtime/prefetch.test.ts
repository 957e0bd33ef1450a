import { describe, expect, it } from 'vitest'
import { SchemaRegistryError } from '../../src/core/errors.ts'
import type { MaybePromise } from '../../src/core/maybe-promise.ts'
import { string } from '../../src/serdes/index.ts'
import type { Serde } from '../../src/serdes/serde.ts'
import { topic } from '../../src/topology/topic.ts'
import { Topology } from '../../src/topology/topology.ts'
import { runningTask, type TaskHarness } from './task-harness.ts'
import { textTopic, textTopology, type TextStep } from './text-topologies.ts'

/** A processor that notes what it could read ahead. */
function wanting(events: string[], name: string, parent: string, keepsKey: boolean): TextStep {
  return {
    name,
    parents: [parent],
    keepsKey,
    processor: () => ({
      prefetch(key, timestampMs) {
        events.push(`${name} wants ${key} at ${timestampMs}`)
        if (key === 'refused') throw new Error('no such key')
      },
      process(record, context) {
        events.push(`${name} has ${record.key}`)
        return context.forward(record)
      },
    }),
  }
}

const keys = (...list: (string | null)[]) =>
  list.map((key, i) => ({ key, value: 'v', timestampMs: i }))

/** A task whose state notes that it is asked to read, and reads only where something was asked for. */
async function withLoads(
  topology: Topology,
  events: string[],
  read: () => MaybePromise<void>,
): Promise<TaskHarness> {
  let seen = 0
  return await runningTask(topology, {
    maxChunkRecords: 2,
    load() {
      const wanted = events.slice(seen).some((event) => event.includes('wants'))
      if (!wanted) return undefined
      events.push('load')
      seen = events.length
      return read()
    },
  })
}

describe('reading ahead', () => {
  it('asks for all records of a chunk before any is processed, and reads once', async () => {
    const events: string[] = []
    const topology = textTopology({ sources: ['in'], steps: [wanting(events, 'a', 'in', true)] })
    await using harness = await withLoads(topology, events, () => undefined)
    harness.feed('in', keys('x', 'y', 'z'))
    expect(harness.drain()).toBe(3)
    expect(events).toEqual([
      ...['a wants x at 0', 'a wants y at 1', 'load', 'a has x', 'a has y'],
      ...['a wants z at 2', 'load', 'a has z'],
    ])
  })

  it('gives the value where that is asked for and no step may have changed it', async () => {
    const values: unknown[] = []
    const noting = (name: string, parent: string, prefetchesByValue = true): TextStep => ({
      name,
      parents: [parent],
      keepsKey: true,
      processor: () => ({
        prefetchesByValue,
        prefetch: (key, _timestampMs, value) => void values.push([name, key, value]),
        process: (record, context) => context.forward(record),
      }),
    })
    const topology = textTopology({
      sources: ['in'],
      steps: [noting('first', 'in'), noting('second', 'first'), noting('third', 'in', false)],
    })
    await using harness = await runningTask(topology)
    harness.feed('in', [...keys('x'), { key: 'y', value: null, timestampMs: 9 }])
    await harness.drain()
    expect(values).toEqual([
      ['first', 'x', 'v'],
      ['second', 'x', undefined],
      ['third', 'x', undefined],
      ['first', 'y', null],
      ['second', 'y', undefined],
      ['third', 'y', undefined],
    ])
  })

  it('sees through steps that keep the key, and not through others', async () => {
    const events: string[] = []
    const topology = textTopology({
      sources: ['in'],
      steps: [
        { name: 'filter', parents: ['in'], keepsKey: true },
        wanting(events, 'a', 'filter', false),
        wanting(events, 'b', 'a', true),
        { name: 'select-key', parents: ['in'] },
        wanting(events, 'c', 'select-key', true),
      ],
    })
    await using harness = await runningTask(topology)
    harness.feed('in', keys('x'))
    await harness.drain()
    expect(events.filter((event) => event.includes('wants'))).toEqual(['a wants x at 0'])
  })

  it('leaves out records without a key, and those that cannot be read', async () => {
    const events: string[] = []
    const topology = textTopology({
      sources: ['in'],
      extractor: (record) => (record.value === 'drop' ? -1 : record.timestampMs),
      steps: [wanting(events, 'a', 'in', true)],
    })
    await using harness = await runningTask(topology)
    harness.feed('in', [...keys(null), { key: 'y', value: 'drop', timestampMs: 2 }])
    await harness.drain()
    expect(events).toEqual(['a has null'])
  })

  it('does no harm where it fails', async () => {
    const events: string[] = []
    const topology = textTopology({ sources: ['in'], steps: [wanting(events, 'a', 'in', true)] })
    await using harness = await runningTask(topology)
    harness.feed('in', keys('refused', 'x'))
    expect(harness.drain()).toBe(2)
    expect(events.slice(-2)).toEqual(['a has refused', 'a has x'])
  })

  it('waits for the disk once a chunk', async () => {
    const events: string[] = []
    const topology = textTopology({ sources: ['in'], steps: [wanting(events, 'a', 'in', true)] })
    await using harness = await withLoads(topology, events, async () => {
      await Promise.resolve()
      events.push('loaded')
    })
    harness.feed('in', keys('x'))
    expect(await harness.drain()).toBe(1)
    expect(events).toEqual(['a wants x at 0', 'load', 'loaded', 'a has x'])
  })

  it('of the next chunk goes on while one is processed, once reading has proved to take time', async () => {
    const events: string[] = []
    const topology = textTopology({ sources: ['in'], steps: [wanting(events, 'a', 'in', true)] })
    await using harness = await withLoads(topology, events, async () => {
      for (let i = 0; i < 3; i++) await Promise.resolve()
      events.push('loaded')
    })
    harness.feed('in', keys('u', 'v', 'w', 'x', 'y'))
    expect(await harness.drain()).toBe(5)
    expect(events).toEqual([
      ...['a wants u at 0', 'a wants v at 1', 'load', 'loaded'],
      ...['a wants w at 2', 'a wants x at 3', 'load', 'a has u', 'a has v', 'loaded'],
      ...['a wants y at 4', 'load', 'a has w', 'a has x', 'loaded', 'a has y'],
    ])
    expect(harness.task.prepareCommit().offsets).toMatchObject([{ offset: 5 }])
  })

  it('ahead that fails ends the call that needs it, not the one before', async () => {
    const events: string[] = []
    let loads = 0
    const topology = textTopology({ sources: ['in'], steps: [wanting(events, 'a', 'in', true)] })
    await using harness = await withLoads(topology, events, async () => {
      await Promise.resolve()
      if (++loads === 2) throw new Error('the disk is gone')
    })
    harness.feed('in', keys('u', 'v', 'w'))
    await expect(harness.drain()).rejects.toThrow('the disk is gone')
    expect(harness.task.prepareCommit().offsets).toMatchObject([{ offset: 2 }])
  })

  it('ahead keeps to the offsets: those of a chunk that is not processed are not committed', async () => {
    const events: string[] = []
    const topology = textTopology({ sources: ['in'], steps: [wanting(events, 'a', 'in', true)] })
    await using harness = await withLoads(topology, events, () => Promise.resolve())
    harness.feed('in', keys('u', 'v'), { nextOffset: 4 })
    harness.feed('in', [], { nextOffset: 7 })
    harness.feed('in', keys('w', 'x', 'y'), { from: 7 })
    expect(await harness.task.processFor(Number.NEGATIVE_INFINITY)).toBe(1)
    expect((await harness.commit()).offsets).toMatchObject([{ offset: 1 }])
    expect(await harness.task.processFor(Number.NEGATIVE_INFINITY)).toBe(1)
    // That the fetch ended there is not known before the next chunk is taken.
    expect((await harness.commit()).offsets).toMatchObject([{ offset: 2 }])
    expect(await harness.drain()).toBe(3)
    expect((await harness.commit()).offsets).toMatchObject([{ offset: 10 }])
    expect(harness.task.totalBufferedBytes).toBe(0)
  })
})

describe('resolving', () => {
  function resolving(resolve: (values: readonly Buffer[]) => MaybePromise<void>): Topology {
    const value: Serde<string> = { ...string(), resolve }
    const topology = new Topology()
    const source = topology.addSource('in', topic('in', { key: string(), value }))
    topology.addSink('to-out', textTopic('out'), { parents: [source] })
    return topology
  }

  it('is done once for a chunk, with all its values but tombstones', async () => {
    const asked: string[][] = []
    const topology = resolving((values) => {
      asked.push(values.map(String))
    })
    await using harness = await runningTask(topology)
    harness.feed('in', [
      { key: 'k', value: 'a', timestampMs: 1 },
      { key: 'k', value: null, timestampMs: 1 },
      { key: 'k', value: 'b', timestampMs: 1 },
    ])
    expect(harness.drain()).toBe(3)
    expect(asked).toEqual([['a', 'b']])
  })

  it('is waited for, and tried again where the registry could not be reached', async () => {
    let attempts = 0
    const topology = resolving(async () => {
      await Promise.resolve()
      if (++attempts === 1) throw new SchemaRegistryError('not reachable')
    })
    await using harness = await runningTask(topology)
    harness.feed('in', [{ key: 'k', value: 'a', timestampMs: 1 }])
    await expect(harness.drain()).rejects.toThrow(SchemaRegistryError)
    expect(harness.task.isProcessable(0)).toBe(true)
    expect(await harness.drain()).toBe(1)
    expect(harness.collector.values('out')).toEqual(['a'])
  })
})
