import { describe, expect, it } from 'vitest'
import { CorruptBatchError, ProcessingError, TopologyError } from '../../src/core/errors.ts'
import { fetched, type InputText } from './fetched-records.ts'
import { runningTask, taskOf, type TaskHarness } from './task-harness.ts'
import { forwardAll, oneStep, textTopology } from './text-topologies.ts'

const at = (...times: number[]): InputText[] =>
  times.map((timestampMs) => ({ key: 'k', value: String(timestampMs), timestampMs }))

const twoTopics = oneStep(['left', 'right'], forwardAll)

/** What was processed, in order, as `timestamp`. */
const out = (harness: TaskHarness): (string | null)[] => harness.collector.values('out')

describe('the choice among partitions', () => {
  it('takes the record with the lowest timestamp over all partitions', async () => {
    await using harness = await runningTask(twoTopics)
    harness.feed('left', at(1, 3, 5))
    harness.feed('right', at(2, 4, 6))
    expect(harness.drain()).toBe(6)
    expect(out(harness)).toEqual(['1', '2', '3', '4', '5', '6'])
  })

  it('keeps the order of offsets within a partition, whatever their timestamps', async () => {
    await using harness = await runningTask(twoTopics)
    harness.feed('left', at(10, 1, 20))
    harness.feed('right', at(5, 15))
    await harness.drain()
    expect(out(harness)).toEqual(['5', '10', '1', '15', '20'])
    expect(harness.task.streamTimeMs).toBe(20)
  })

  it('takes the partition that is named first where timestamps are equal', async () => {
    await using harness = await runningTask(twoTopics)
    harness.feed('right', [{ value: 'right', timestampMs: 1 }])
    harness.feed('left', [{ value: 'left', timestampMs: 1 }])
    await harness.drain()
    expect(out(harness)).toEqual(['left', 'right'])
  })

  it('raises stream time with the records it takes, not with those it has', async () => {
    const seen: number[] = []
    const topology = oneStep(['left', 'right'], (_record, context) => {
      seen.push(context.currentStreamTimeMs())
    })
    await using harness = await runningTask(topology)
    expect(harness.task.streamTimeMs).toBe(-1)
    harness.feed('left', at(1, 9))
    harness.feed('right', at(3, 2))
    expect(harness.task.streamTimeMs).toBe(-1)
    await harness.drain()
    expect(seen).toEqual([1, 3, 3, 9])
  })

  it('refuses records of a partition that it does not read', async () => {
    await using harness = await runningTask(twoTopics)
    expect(() => harness.feed('left', at(1), { partition: 3 })).toThrow(TopologyError)
    expect(() => harness.feed('elsewhere', at(1))).toThrow(/does not read .* left-0, right-0/)
  })
})

describe('an empty partition', () => {
  it('is waited for until it is known what the broker has', async () => {
    await using harness = await runningTask(twoTopics, { maxTaskIdleMs: 0 })
    harness.feed('left', at(5))
    expect(harness.drain()).toBe(0)
    expect(harness.task.isProcessable(harness.clock.now())).toBe(false)
    harness.task.updateLag('right', 0, 0)
    expect(harness.task.isProcessable(harness.clock.now())).toBe(true)
    expect(harness.drain()).toBe(1)
  })

  it('is waited for as long as the broker has records of it, however long that takes', async () => {
    await using harness = await runningTask(twoTopics, { maxTaskIdleMs: 10 })
    harness.task.updateLag('right', 0, 2)
    harness.feed('left', at(5))
    expect(harness.drain()).toBe(0)
    harness.clock.advanceSync(1_000)
    expect(harness.drain()).toBe(0)
    expect(harness.task.nextWakeUpMs()).toBe(Number.POSITIVE_INFINITY)
    harness.feed('right', at(1, 9), { lag: 0 })
    await harness.drain()
    expect(out(harness)).toEqual(['1', '5'])
  })

  it('is passed over at once where waiting is switched off', async () => {
    await using harness = await runningTask(twoTopics, { maxTaskIdleMs: -1 })
    harness.feed('left', at(5))
    expect(harness.drain()).toBe(1)
  })

  it('is waited for maxTaskIdleMs, counted anew once it had records', async () => {
    await using harness = await runningTask(twoTopics, { maxTaskIdleMs: 100 })
    harness.task.updateLag('right', 0, 0)
    harness.feed('left', at(5, 8, 20))
    expect(harness.drain()).toBe(0)
    expect(harness.task.nextWakeUpMs()).toBe(harness.clock.now() + 100)
    harness.clock.advanceSync(99)
    expect(harness.task.isProcessable(harness.clock.now())).toBe(false)
    // In time after all, so nothing was out of order.
    harness.feed('right', at(6))
    await harness.drain()
    expect(out(harness)).toEqual(['5', '6'])
    harness.clock.advanceSync(99)
    expect(harness.drain()).toBe(0)
    harness.clock.advanceSync(1)
    expect(harness.drain()).toBe(2)
    expect(out(harness)).toEqual(['5', '6', '8', '20'])
    expect(harness.metrics.counts.get('millrace_task_enforced_processing_total')).toBe(2)
  })

  it('is waited for anew where the broker had records of it in between', async () => {
    await using harness = await runningTask(twoTopics, { maxTaskIdleMs: 100 })
    harness.task.updateLag('right', 0, 0)
    harness.feed('left', at(5))
    expect(harness.drain()).toBe(0)
    harness.clock.advanceSync(90)
    harness.task.updateLag('right', 0, 1)
    expect(harness.drain()).toBe(0)
    harness.clock.advanceSync(50)
    harness.task.updateLag('right', 0, 0)
    expect(harness.drain()).toBe(0)
    expect(harness.task.nextWakeUpMs()).toBe(harness.clock.now() + 100)
    harness.clock.advanceSync(100)
    expect(harness.drain()).toBe(1)
  })

  it('is waited for as long as any other, so the last to be empty decides', async () => {
    const threeTopics = oneStep(['left', 'middle', 'right'], forwardAll)
    await using harness = await runningTask(threeTopics, { maxTaskIdleMs: 100 })
    harness.task.updateLag('middle', 0, 0)
    harness.task.updateLag('right', 0, 0)
    harness.feed('left', at(5, 7))
    harness.feed('middle', at(6))
    expect(harness.drain()).toBe(0)
    harness.clock.advanceSync(60)
    harness.feed('right', at(4))
    // Of the right one nothing is left then, and its waiting begins.
    expect(harness.drain()).toBe(1)
    harness.clock.advanceSync(100)
    expect(harness.drain()).toBe(2)
    harness.clock.advanceSync(99)
    expect(harness.drain()).toBe(0)
    harness.clock.advanceSync(1)
    expect(harness.drain()).toBe(1)
    expect(out(harness)).toEqual(['4', '5', '6', '7'])
  })

  it('counts as read to its end by the isolation it is read with', async () => {
    const halfOpen = (topic: string) =>
      fetched(topic, at(1), { lag: 5, nextOffset: 1, lastStableOffset: 1 })
    await using committed = await runningTask(twoTopics, { isolation: 'read_committed' })
    committed.task.addFetched(halfOpen('left'))
    committed.feed('right', at(2))
    expect(committed.drain()).toBe(2)
    await using uncommitted = await runningTask(twoTopics, { isolation: 'read_uncommitted' })
    uncommitted.task.addFetched(halfOpen('left'))
    uncommitted.feed('right', at(2))
    expect(uncommitted.drain()).toBe(1)
  })
})

describe('timestamps', () => {
  it('are taken by the extractor, which is told the highest time before', async () => {
    const told: number[] = []
    const topology = textTopology({
      sources: ['in'],
      extractor: (record, partitionTimeMs) => {
        told.push(partitionTimeMs)
        return Number(record.value)
      },
      steps: [{ name: 'step', parents: ['in'] }],
      sinks: { out: ['step'] },
    })
    await using harness = await runningTask(topology)
    harness.feed('in', [
      { value: '100', timestampMs: 1 },
      { value: '50', timestampMs: 2 },
      { value: '200', timestampMs: 3 },
    ])
    await harness.drain()
    harness.feed('in', [{ value: '7', timestampMs: 4 }], { from: 3 })
    await harness.drain()
    expect(told).toEqual([-1, 100, 100, 200])
    expect(harness.collector.sent.map(({ timestampMs }) => timestampMs)).toEqual([100, 50, 200, 7])
    expect(harness.task.streamTimeMs).toBe(200)
  })

  it('that are negative have the record dropped, counted and passed over', async () => {
    await using harness = await runningTask(oneStep(['in'], forwardAll))
    harness.feed('in', at(-1, 4, -7))
    expect(harness.drain()).toBe(1)
    expect(out(harness)).toEqual(['4'])
    const name = 'millrace_task_dropped_records_total negative-timestamp'
    expect(harness.metrics.counts.get(name)).toBe(2)
    expect(harness.task.prepareCommit().offsets).toMatchObject([{ topic: 'in', offset: 3 }])
  })

  it.each([
    ['throws', () => JSON.parse('{') as number],
    ['gives no number', () => Number.NaN],
  ])('end the task where the extractor %s, naming the record', async (_what, extractor) => {
    const topology = textTopology({
      sources: ['in'],
      extractor: (record) => (record.value === '2' ? extractor() : record.timestampMs),
      steps: [{ name: 'step', parents: ['in'] }],
      sinks: { out: ['step'] },
    })
    await using harness = await runningTask(topology)
    harness.feed('in', at(1, 2), { from: 12 })
    expect(() => harness.drain()).toThrow(ProcessingError)
    expect(() => harness.drain()).toThrow(/source in .*topic in, partition 0, offset 13/)
    expect(harness.collector.sent).toHaveLength(1)
  })

  it('are taken over from the offsets that were committed', async () => {
    await using before = await runningTask(twoTopics)
    before.feed('left', at(70, 30))
    before.feed('right', at(40))
    await before.drain()
    const { offsets } = before.task.prepareCommit()
    expect(offsets).toMatchObject([
      { topic: 'left', partition: 0, offset: 2 },
      { topic: 'right', partition: 0, offset: 1 },
    ])
    await using after = await taskOf(twoTopics)
    after.task.restorePartitionTimes(offsets)
    await after.task.initialize()
    expect(after.task.streamTimeMs).toBe(70)
    after.feed('left', at(10), { from: 2 })
    after.feed('right', at(20), { from: 1 })
    await after.drain()
    expect(after.task.prepareCommit().offsets.map(({ metadata }) => metadata)).toEqual(
      offsets.map(({ metadata }) => metadata),
    )
  })
})

describe('what is buffered', () => {
  it('is processed up to bytes that are damaged, which then end the task', async () => {
    await using harness = await runningTask(oneStep(['in'], forwardAll))
    const batch = fetched('in', at(1, 2, 3))
    const next = batch.records.next.bind(batch.records)
    batch.records.next = () => {
      if (batch.records.offset === 1) throw new CorruptBatchError('a wrong checksum')
      return next()
    }
    harness.task.addFetched(batch)
    expect(() => harness.drain()).toThrow(CorruptBatchError)
    expect(out(harness)).toEqual(['1', '2'])
    expect(harness.task.isProcessable(0)).toBe(true)
    expect(() => harness.drain()).toThrow(CorruptBatchError)
    expect(harness.task.prepareCommit().offsets).toMatchObject([{ offset: 2 }])
  })

  it('counts its bytes until the last record of a fetch is processed', async () => {
    await using harness = await runningTask(oneStep(['in'], forwardAll), { maxChunkRecords: 2 })
    const batch = fetched('in', at(1, 2, 3))
    harness.task.addFetched(batch)
    expect(harness.task.bufferedBytes('in', 0)).toBe(batch.bytes)
    expect(harness.task.totalBufferedBytes).toBe(batch.bytes)
    await harness.drain()
    expect(harness.task.totalBufferedBytes).toBe(0)
  })

  it('moves the offset over what a fetch brought no record of', async () => {
    await using harness = await runningTask(oneStep(['in'], forwardAll))
    harness.feed('in', at(1), { nextOffset: 5 })
    harness.feed('in', [], { nextOffset: 9 })
    expect(harness.task.isProcessable(0)).toBe(true)
    expect(harness.drain()).toBe(1)
    expect(harness.task.isProcessable(0)).toBe(false)
    expect(harness.task.prepareCommit().offsets).toMatchObject([{ topic: 'in', offset: 9 }])
  })
})
