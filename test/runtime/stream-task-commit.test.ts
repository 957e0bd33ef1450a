import { describe, expect, it } from 'vitest'
import { LifecycleError } from '../../src/core/errors.ts'
import { string } from '../../src/serdes/index.ts'
import { keyValueStore } from '../../src/state/index.ts'
import type { KeyValueStore } from '../../src/state/store.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { runningTask, taskOf } from './task-harness.ts'
import { oneStep, textTopology } from './text-topologies.ts'

const store = keyValueStore({ name: 'last', key: string(), value: string() })

const keepingLast = (spec: typeof store): Topology =>
  textTopology({
    sources: ['in'],
    steps: [
      {
        name: 'keep',
        parents: ['in'],
        stores: [spec],
        process: (record, context) => {
          const last = context.store('last') as KeyValueStore<string, string>
          last.put(record.key, record.value)
          return context.forward(record)
        },
      },
    ],
    sinks: { out: ['keep'] },
  })

const input = [
  { key: 'a', value: '1', timestampMs: 10 },
  { key: 'b', value: '2', timestampMs: 20 },
  { key: 'a', value: '3', timestampMs: 15 },
]

describe('a commit', () => {
  it('has the last change of each key go to the changelog, at the task’s partition', async () => {
    await using harness = await runningTask(keepingLast(store))
    harness.feed('in', input)
    await harness.drain()
    expect(harness.collector.values('app-last-changelog')).toEqual([])
    const { sealed, streamTimeMs } = await harness.commit()
    expect(sealed.count).toBe(2)
    expect(streamTimeMs).toBe(20)
    const changes = harness.collector.sent.filter(({ topic }) => topic === 'app-last-changelog')
    expect(changes).toMatchObject([
      { key: 'a', value: '3', timestampMs: 15, partition: 0 },
      { key: 'b', value: '2', timestampMs: 20, partition: 0 },
    ])
    expect(changes).toHaveLength(2)
  })

  it('has nothing left to write where the store logs each update', async () => {
    const each = { ...store, logging: { ...store.logging, everyUpdate: true } }
    await using harness = await runningTask(keepingLast(each))
    harness.feed('in', input)
    await harness.drain()
    expect(harness.collector.values('app-last-changelog')).toEqual(['1', '2', '3'])
    await harness.commit()
    expect(harness.collector.values('app-last-changelog')).toHaveLength(3)
  })

  it('writes nothing of a store without a changelog', async () => {
    const unlogged = { ...store, logging: { ...store.logging, enabled: false } }
    await using harness = await runningTask(keepingLast(unlogged))
    harness.feed('in', input)
    await harness.drain()
    await harness.commit()
    expect(harness.collector.sent.every(({ topic }) => topic === 'out')).toBe(true)
  })

  it('is needed after records, and gives each partition’s offset once', async () => {
    await using harness = await runningTask(keepingLast(store))
    expect(harness.task.commitNeeded).toBe(false)
    harness.feed('in', input, { from: 30 })
    expect(harness.task.commitNeeded).toBe(false)
    await harness.drain()
    expect(harness.task.commitNeeded).toBe(true)
    const { offsets } = await harness.commit()
    expect(offsets).toMatchObject([{ topic: 'in', partition: 0, offset: 33 }])
    expect(harness.task.commitNeeded).toBe(false)
    expect((await harness.commit()).offsets).toEqual([])
  })

  it('is needed where only the offset moved on', async () => {
    await using harness = await runningTask(keepingLast(store))
    harness.feed('in', [], { nextOffset: 4 })
    await harness.drain()
    expect(harness.task.commitNeeded).toBe(true)
    expect((await harness.commit()).offsets).toMatchObject([{ offset: 4 }])
    expect(harness.task.commitNeeded).toBe(false)
  })

  it('gives the offset of the first record that is not processed', async () => {
    await using harness = await runningTask(keepingLast(store))
    harness.feed('in', input, { from: 30 })
    expect(harness.task.processFor(Number.NEGATIVE_INFINITY)).toBe(1)
    expect((await harness.commit()).offsets).toMatchObject([{ offset: 31 }])
  })

  it('does not repeat the offset that an earlier owner committed', async () => {
    await using harness = await taskOf(keepingLast(store))
    harness.task.restorePartitionTimes([{ topic: 'in', partition: 0, offset: 4 }])
    await harness.task.initialize()
    harness.feed('in', [], { nextOffset: 4 })
    await harness.drain()
    expect(harness.task.commitNeeded).toBe(false)
  })

  it('is asked for by a processor', async () => {
    const topology = oneStep(['in'], (record, context) => {
      if (record.key === 'b') context.commit()
    })
    await using harness = await runningTask(topology)
    harness.feed('in', input)
    void harness.task.processFor(Number.NEGATIVE_INFINITY)
    expect(harness.task.commitRequested).toBe(false)
    await harness.drain()
    expect(harness.task.commitRequested).toBe(true)
    await harness.commit()
    expect(harness.task.commitRequested).toBe(false)
  })

  it('may be in flight while the next records are processed', async () => {
    await using harness = await runningTask(keepingLast(store))
    harness.feed('in', input.slice(0, 2))
    await harness.drain()
    const prepared = harness.task.prepareCommit()
    harness.feed('in', input.slice(2), { from: 2 })
    expect(harness.drain()).toBe(1)
    expect(() => harness.task.prepareCommit()).toThrow(LifecycleError)
    await harness.state.apply(prepared.sealed, new Map())
    const next = await harness.commit()
    expect(next.sealed.count).toBe(1)
    expect(next.offsets).toMatchObject([{ offset: 3 }])
  })
})

describe('a task that is not initialized', () => {
  it('takes records but processes and commits none', async () => {
    await using harness = await taskOf(keepingLast(store))
    harness.feed('in', input)
    expect(harness.task.isProcessable(0)).toBe(false)
    expect(() => harness.drain()).toThrow(LifecycleError)
    expect(() => harness.task.prepareCommit()).toThrow(LifecycleError)
    await harness.task.initialize()
    expect(harness.drain()).toBe(3)
    await expect(harness.task.initialize()).rejects.toThrow(LifecycleError)
  })

  it('has its topics prepared when it is', async () => {
    await using harness = await runningTask(keepingLast(store))
    expect(harness.collector.prepared).toEqual(['out', 'app-last-changelog'])
  })
})
