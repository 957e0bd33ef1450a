import {
  deadLetter,
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  TimeWindows,
  TopologyError,
  type KTable,
  type Processor,
  type RecordMetadata,
  type SuppressOptions,
} from 'millrace'
import { string } from 'millrace/serdes'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { StateStoreError } from '../../src/core/errors.ts'
import { CountingMetrics } from '../runtime/task-harness.ts'
import { counts, text } from './golden/topics.ts'

const key = string()
const value = string()

function calmRows(options: SuppressOptions<string>): KTable<string, string> {
  return new StreamsBuilder().table(text('in')).suppress(options)
}

/** Notes where the record in process was read, and lets it pass. */
class Places implements Processor<string, string | null, string, string | null> {
  static seen: [unknown, RecordMetadata | undefined][] = []

  process(
    ...[record, context]: Parameters<
      Processor<string, string | null, string, string | null>['process']
    >
  ): ReturnType<Processor<string, string | null, string, string | null>['process']> {
    Places.seen.push([record.value, context.recordMetadata])
    return context.forward(record)
  }
}

describe('a suppression whose buffer is full', () => {
  it.each([
    ['rows', { maxRecords: 1, whenFull: 'fail' }, /holds 2 of at most 1 rows/],
    ['bytes', { maxBytes: 50, whenFull: 'fail' }, /64 of at most 50 bytes/],
  ] as const)(
    'of %s ends the task where it must not emit early',
    async (_what, buffer, message) => {
      const builder = new StreamsBuilder()
      builder
        .table(text('in'))
        .suppress({ until: { timeLimitMs: 100 }, buffer, name: 'calm' })
        .toStream()
        .to(text('out'))
      const handlers = { processing: deadLetter }
      await using driver = await TopologyTestDriver.create(builder.build(), { handlers })
      const input = driver.input(text('in'))
      await input.pipe({ key: 'k', value: 'a', timestampMs: 1 })
      const second = async (): Promise<void> => input.pipe({ key: 'l', value: 'b', timestampMs: 2 })
      // It is no fault of the record, so no handler can say to go on.
      await expect(second()).rejects.toThrow(StateStoreError)
      await expect(second()).rejects.toThrow(message)
      expect(driver.deadLetters).toEqual([])
    },
  )
})

describe('what a suppression emits', () => {
  it.each(['at once', 'later'])('comes from where its last update was read, %s', async (when) => {
    const builder = new StreamsBuilder()
    Places.seen = []
    builder
      .table(text('in'))
      .suppress({ until: { timeLimitMs: 5 } })
      .toStream()
      .peek(() => (when === 'later' ? Promise.resolve() : undefined))
      .process(() => new Places(), { key, value: value as never })
      .to(text('out'))
    const passed = builder.stream(text('other')).process(() => new Places())
    passed.foreach(() => {})
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.input(text('in'))
    await input.pipe({ key: 'k', value: 'a', timestampMs: 1 })
    await input.pipe({ key: 'k', value: 'b', timestampMs: 2 })
    await input.pipe({ key: 'l', value: 'c', timestampMs: 3 })
    await input.pipe({ key: 'm', value: 'd', timestampMs: 30 })
    const place = (offset: number): RecordMetadata => ({ topic: 'in', partition: 0, offset })
    expect(Places.seen).toEqual([
      ['b', place(1)],
      ['c', place(2)],
    ])
  })

  it('is a dead letter of its own place where it fails, without the bytes of another record', async () => {
    const builder = new StreamsBuilder()
    builder
      .table(text('in'))
      .suppress({ until: { timeLimitMs: 5 } })
      .toStream()
      .foreach((word) => {
        if (word === 'a') throw new Error('no a, please')
      })
    const handlers = { processing: deadLetter }
    await using driver = await TopologyTestDriver.create(builder.build(), { handlers })
    const input = driver.input(text('in'))
    await input.pipe({ key: 'k', value: 'a', timestampMs: 1 })
    await input.pipe({ key: 'l', value: 'b', timestampMs: 30 })
    const [letter, ...others] = driver.deadLetters
    expect(others).toEqual([])
    expect(letter).toMatchObject({ topic: 'in', partition: 0, offset: 0, key: null, value: null })
    expect(letter!.error.message).toContain('offset 0')
  })

  // Kafka Streams sends the value before the last update, which nobody downstream has seen: 'a1' is counted for ever.
  it('replaces what was emitted before, so that groups downstream lose what left them', async () => {
    const builder = new StreamsBuilder()
    builder
      .table(text('in'))
      .suppress({ until: { timeLimitMs: 10 } })
      .groupBy((word) => ({ key: word, value: word }), { key, value, name: 'by-value' })
      .count({ store: 'counts' })
      .toStream()
      .to(counts('out'))
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.input(text('in'))
    for (const [id, word, timestampMs] of [
      ['A', 'a1', 0],
      ['tick', 't', 10],
      ['A', 'a2', 11],
      ['A', 'a3', 12],
      ['tick', 't', 40],
    ] as const) {
      await input.pipe({ key: id, value: word, timestampMs })
    }
    const rows = driver.store('counts').all() as { key: string; value: number }[]
    expect(rows.map((row) => [row.key, row.value])).toEqual([
      ['a1', 0],
      ['a3', 1],
      ['t', 1],
    ])
  })

  it('is counted, and so is what it still holds', async () => {
    const builder = new StreamsBuilder()
    builder
      .table(text('in'))
      .suppress({ until: { timeLimitMs: 5 }, name: 'calm' })
      .toStream()
      .to(text('out'))
    const metrics = new CountingMetrics()
    await using driver = await TopologyTestDriver.create(builder.build(), { metrics })
    const input = driver.input(text('in'))
    await input.pipe({ key: 'k', value: 'a', timestampMs: 1 })
    await input.pipe({ key: 'l', value: 'b', timestampMs: 2 })
    await input.pipe({ key: 'm', value: 'c', timestampMs: 7 })
    expect(metrics.counts.get('millrace_suppression_emit_total')).toBe(2)
    expect(metrics.gauges.get('millrace_suppression_buffer_count')!()).toBe(1)
    // Buffer time 8, key 1, timestamp 8, offset 8, partition 4, topic 2, value 1.
    expect(metrics.gauges.get('millrace_suppression_buffer_size_bytes')!()).toBe(32)
  })
})

// Kafka Streams takes such windows for closed a millisecond early, and sends a second final result after the first.
describe('a window whose end belongs to it has one final result', () => {
  it('of a session that a record at its very end makes longer', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(SessionWindows.of({ gapMs: 5, graceMs: 0 }))
      .count({ retentionMs: 100 })
      .suppress({ until: 'window-closes' })
      .toStream()
      .map((count, { key: id, startMs, endMs }) => ({
        key: `${id}@${startMs}/${endMs}`,
        value: count!,
      }))
      .to(counts('out'))
    const records = ['k1 0', 'k1 5', 'k2 10', 'k1 10', 'k3 40']
    expect(await finalCounts(builder, records)).toEqual(['k1@0/10 3', 'k2@10/10 1'])
  })

  it('of a sliding window that gets two records at its very end', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(SlidingWindows.of({ timeDifferenceMs: 5, graceMs: 0 }))
      .count()
      .suppress({ until: 'window-closes' })
      .toStream()
      .map((count, { key: id, startMs, endMs }) => ({
        key: `${id}@${startMs}/${endMs}`,
        value: count!,
      }))
      .to(counts('out'))
    expect(await finalCounts(builder, ['k1 7', 'k1 7', 'k2 30'])).toEqual(['k1@2/7 2'])
  })

  async function finalCounts(
    builder: StreamsBuilder,
    records: readonly string[],
  ): Promise<string[]> {
    await using driver = await TopologyTestDriver.create(builder.build())
    for (const record of records) {
      const [id, time] = record.split(' ')
      await driver.input(text('in')).pipe({ key: id!, value: 'v', timestampMs: Number(time) })
    }
    const sent = driver.output(counts('out')).readRecords()
    return sent.map(({ key: id, value: count }) => `${id} ${count}`)
  }
})

describe('a suppression is refused', () => {
  const cases: [string, RegExp, () => unknown][] = [
    [
      'that waits for part of a millisecond',
      /timeLimitMs must be a whole number/,
      () => calmRows({ until: { timeLimitMs: 0.5 } }),
    ],
    [
      'that has a buffer without bounds',
      /has no bound/,
      () => calmRows({ until: { timeLimitMs: 1 }, buffer: { whenFull: 'emit' } }),
    ],
    [
      'of fewer than no records',
      /maxRecords must be a whole number, at least 0; got -1/,
      () => calmRows({ until: { timeLimitMs: 1 }, buffer: { maxRecords: -1, whenFull: 'emit' } }),
    ],
    [
      'that would emit final results early',
      /not final/,
      () =>
        new StreamsBuilder()
          .stream(text('in'))
          .groupByKey()
          .windowedBy(TimeWindows.of({ sizeMs: 5, graceMs: 0 }))
          .count()
          .suppress({
            until: 'window-closes',
            buffer: { maxRecords: 1, whenFull: 'emit' as never },
          }),
    ],
    [
      'of values whose serde is not known',
      /suppress KTABLE-SUPPRESS-0000000004 keeps what it holds back in a store/,
      () =>
        new StreamsBuilder()
          .table(text('in'))
          .mapValues((word) => word.length)
          .suppress({ until: { timeLimitMs: 1 } }),
    ],
    [
      'that is to be read by name',
      /is not held in a store/,
      () => calmRows({ until: { timeLimitMs: 1 }, name: 'calm' }).storeName,
    ],
  ]

  it.each(cases)('%s', (_name, message, declare) => {
    expect(declare).toThrow(TopologyError)
    expect(declare).toThrow(message)
  })
})
