import { describe, expect, it } from 'vitest'
import { runningTask } from './task-harness.ts'
import { forwardAll, oneStep } from './text-topologies.ts'

const many = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ key: 'k', value: String(i), timestampMs: i }))

describe('a time slice', () => {
  it('ends soon after its deadline, however long a record takes', async () => {
    const topology = oneStep(['in'], () => harness.clock.advanceSync(3))
    await using harness = await runningTask(topology)
    harness.feed('in', many(100))
    expect(harness.task.processFor(harness.clock.monotonicMs() + 20)).toBe(7)
    expect(harness.task.processFor(harness.clock.monotonicMs() + 20)).toBe(7)
  })

  it('does not run far over where records become slow after many quick ones', async () => {
    const topology = oneStep(['in'], (record) => {
      if (Number(record.value) >= 1000) harness.clock.advanceSync(5)
    })
    await using harness = await runningTask(topology, { maxChunkRecords: 5000 })
    harness.feed('in', many(3000))
    const first = await harness.task.processFor(harness.clock.monotonicMs() + 20)
    // At most the records between two looks at the clock, which are 64 at the most.
    expect(first).toBeLessThanOrEqual(1000 + 64)
    const second = await harness.task.processFor(harness.clock.monotonicMs() + 20)
    expect(second).toBe(4)
  })

  it('takes one record at least', async () => {
    await using harness = await runningTask(oneStep(['in'], forwardAll))
    harness.feed('in', many(3))
    expect(harness.task.processFor(0)).toBe(1)
    expect(harness.collector.values('out')).toEqual(['0'])
  })

  it('ends where the collector is full', async () => {
    await using harness = await runningTask(oneStep(['in'], forwardAll))
    let release = (): void => {}
    harness.collector.onSend = ({ value }) => {
      if (value === '40') {
        harness.collector.backpressure = new Promise((resolve) => {
          release = resolve
        })
      }
    }
    harness.feed('in', many(1000))
    const processed = await harness.drain()
    expect(processed).toBeGreaterThan(40)
    expect(processed).toBeLessThanOrEqual(41 + 64)
    release()
    harness.collector.backpressure = undefined
    expect(await harness.drain()).toBe(1000 - processed)
  })

  it('is observed once, with the mean time of its records', async () => {
    const topology = oneStep(['in'], () => harness.clock.advanceSync(4))
    await using harness = await runningTask(topology)
    harness.feed('in', many(5))
    await harness.drain()
    const observed = harness.metrics.observations
    expect(observed.get('millrace_task_process_latency_seconds')).toEqual([0.004])
    expect(harness.metrics.counts.get('millrace_task_process_total')).toBe(5)
    const endToEnd = (harness.clock.now() - 4) / 1000
    expect(observed.get('millrace_task_record_e2e_latency_seconds')).toEqual([endToEnd])
    expect(harness.metrics.gauges.get('millrace_task_stream_time_seconds')!()).toBe(0.004)
    expect(harness.metrics.gauges.get('millrace_task_buffered_bytes')!()).toBe(0)
  })
})
