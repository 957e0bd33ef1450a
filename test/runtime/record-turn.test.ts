import { StreamsBuilder, topic, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { DeserializationError } from '../../src/core/errors.ts'
import { logAndContinue, type ErrorHandler } from '../../src/runtime/error-handlers.ts'
import type { Serde } from '../../src/serdes/serde.ts'
import type { Processor } from '../../src/topology/processor.ts'
import type { TimestampExtractor } from '../../src/topology/topology-plan.ts'
import type { InputText } from './fetched-records.ts'
import { runningTask, type HarnessOptions, type TaskHarness } from './task-harness.ts'

/** Text that notes each reading, and that cannot be read the first time where it begins with an exclamation mark. */
function noting(events: string[], part: string): Serde<string> {
  const failed = new Set<string>()
  return {
    ...string(),
    deserializeAt(buffer, start, end) {
      const text = buffer.toString('utf8', start, end)
      events.push(`${part} ${text}`)
      if (!text.startsWith('!') || failed.has(text)) return text
      failed.add(text)
      throw new DeserializationError('read it again')
    },
  }
}

/** Records named by their keys, with values `v0`, `v1` and so on, at times 0, 1 and so on. */
const named = (...keys: (string | null)[]): InputText[] =>
  keys.map((key, i) => ({ key, value: `v${i}`, timestampMs: i }))

type TextProcessor = Processor<string, string, string, string>
/** What a processor has beside `process`. */
type Own = Omit<TextProcessor, 'process'>

interface Reading {
  readonly extractor?: TimestampExtractor<string, string>
  readonly own?: Own
}

/** One processor behind a source, of which every reading and processing is noted. */
async function reading(
  events: string[],
  { extractor, own = {} }: Reading = {},
  options: HarnessOptions = {},
): Promise<TaskHarness> {
  const builder = new StreamsBuilder()
  const serdes = { key: noting(events, 'key'), value: noting(events, 'value') }
  builder
    .stream(topic('in', serdes), extractor ? { timestampExtractor: extractor } : {})
    .processValues((): TextProcessor => ({
      ...own,
      process(record, context) {
        events.push(`process ${record.key} ${record.value}`)
        return context.forward(record)
      },
    }))
    .to(topic('out', { key: string(), value: string() }))
  return await runningTask(builder.build(), { maxChunkRecords: 3, maxReadRecords: 1, ...options })
}

/** What a processor without values asks for ahead. */
const byKey = (events: string[]): Own => ({
  prefetch: (key, timestampMs) => void events.push(`wants ${key} at ${timestampMs}`),
})

/** Deals with what cannot be read, and notes when. */
const leaving =
  (events: string[], then: ErrorHandler = logAndContinue): ErrorHandler =>
  (failure) => {
    events.push(`failed ${failure.offset}: ${failure.error.message}`)
    return then(failure)
  }

describe('a record', () => {
  it('is read when its turn comes', async () => {
    const events: string[] = []
    await using harness = await reading(events)
    harness.feed('in', named('a', null, 'c'))
    expect(harness.drain()).toBe(3)
    expect(events).toEqual([
      ...['key a', 'value v0', 'process a v0'],
      ...['value v1', 'process null v1'],
      ...['key c', 'value v2', 'process c v2'],
    ])
  })

  it('is read with some after it, for speed', async () => {
    const events: string[] = []
    await using harness = await reading(events, {}, { maxReadRecords: 2 })
    harness.feed('in', named('a', 'b', 'c', 'd'))
    expect(harness.drain()).toBe(4)
    expect(events).toEqual([
      ...['key a', 'value v0', 'key b', 'value v1', 'process a v0', 'process b v1'],
      ...['key c', 'value v2', 'process c v2', 'key d', 'value v3', 'process d v3'],
    ])
  })

  it('has its key alone read before its turn where state is asked for by it, and that only once', async () => {
    const events: string[] = []
    await using harness = await reading(events, { own: byKey(events) })
    harness.feed('in', named('a', null, 'c', 'd'))
    expect(harness.drain()).toBe(4)
    expect(events).toEqual([
      ...['key a', 'wants a at 0', 'key c', 'wants c at 2'],
      ...['value v0', 'process a v0', 'value v1', 'process null v1', 'value v2', 'process c v2'],
      ...['key d', 'wants d at 3', 'value v3', 'process d v3'],
    ])
    expect(
      harness.collector.sent.map(({ key, value, timestampMs }) => [key, value, timestampMs]),
    ).toEqual([
      ['a', 'v0', 0],
      [null, 'v1', 1],
      ['c', 'v2', 2],
      ['d', 'v3', 3],
    ])
  })

  it('of the next chunk has its key alone read, too, where that is begun early', async () => {
    const events: string[] = []
    const load = (): Promise<void> => Promise.resolve()
    await using harness = await reading(
      events,
      { own: byKey(events) },
      { maxChunkRecords: 1, load },
    )
    harness.feed('in', named('a', 'b'))
    expect(await harness.drain()).toBe(2)
    expect(events).toEqual([
      ...['key a', 'wants a at 0', 'value v0', 'key b', 'wants b at 1'],
      ...['process a v0', 'value v1', 'process b v1'],
    ])
  })

  it.each<[string, Reading]>([
    ['its time is extracted', { extractor: (record) => record.timestampMs }],
    ['state is asked for by its value', { own: { prefetchesByValue: true, prefetch() {} } }],
  ])('is read before its turn, with its chunk, where %s', async (_where, how) => {
    const events: string[] = []
    await using harness = await reading(events, how)
    harness.feed('in', named('a', 'b'))
    expect(harness.drain()).toBe(2)
    expect(events).toEqual([
      ...['key a', 'value v0', 'key b', 'value v1'],
      ...['process a v0', 'process b v1'],
    ])
  })

  it('is not read before its turn for a processor that would not be told its value', async () => {
    const events: string[] = []
    const builder = new StreamsBuilder()
    builder
      .stream(topic('in', { key: string(), value: noting(events, 'value') }))
      .mapValues((value) => value.toUpperCase())
      .processValues((): TextProcessor => ({
        prefetchesByValue: true,
        prefetch: (key, _timestampMs, value) => void events.push(`wants ${key} ${String(value)}`),
        process: (record, context) => context.forward(record),
      }))
      .to(topic('out', { key: string(), value: string() }))
    await using harness = await runningTask(builder.build(), { maxReadRecords: 1 })
    harness.feed('in', named('a', 'b'))
    expect(harness.drain()).toBe(2)
    expect(events).toEqual(['wants a undefined', 'wants b undefined', 'value v0', 'value v1'])
    expect(harness.collector.values('out')).toEqual(['V0', 'V1'])
  })

  it.each<[string, Reading, boolean]>([
    ['in its turn', {}, false],
    ['in its turn, its key ahead', {}, true],
    ['ahead', { extractor: (record) => record.timestampMs }, true],
  ])('that cannot be read is dealt with at its place: read %s', async (_how, how, prefetching) => {
    const events: string[] = []
    const own = prefetching ? { prefetch() {} } : {}
    const handlers = {
      deserialization: leaving(events),
      processing: logAndContinue,
      production: logAndContinue,
    }
    await using harness = await reading(events, { ...how, own }, { handlers })
    harness.feed(
      'in',
      [
        { key: 'a', value: '1', timestampMs: 7 },
        { key: '!b', value: '2', timestampMs: 5 },
        { key: 'c', value: '!3', timestampMs: -1 },
        { key: 'd', value: '4', timestampMs: 9 },
        { key: 'e', value: '!5', timestampMs: 1 },
      ],
      { from: 20 },
    )
    expect(harness.drain()).toBe(5)
    const at = (offset: number): string =>
      `failed ${offset}: A record cannot be read: read it again ` +
      `[task 0_0, topic in, partition 0, offset ${offset}]`
    expect(events.filter((event) => /^(process|failed)/.test(event))).toEqual([
      ...['process a 1', at(21), at(22), 'process d 4', at(24)],
    ])
    expect(harness.task.streamTimeMs).toBe(9)
    expect(harness.task.prepareCommit().offsets).toMatchObject([{ offset: 25 }])
  })

  it('that cannot be read is read again where a handler wants it, key and value', async () => {
    const events: string[] = []
    const retry = Object.assign(
      leaving(events, () => ({ retry: {} })),
      { retries: true as const },
    )
    const handlers = {
      deserialization: retry,
      processing: logAndContinue,
      production: logAndContinue,
    }
    await using harness = await reading(
      events,
      { own: byKey(events) },
      { handlers, retries: 'at-once' },
    )
    harness.feed('in', [
      { key: '!a', value: '!1', timestampMs: 1 },
      { key: 'b', value: '2', timestampMs: 2 },
    ])
    await harness.drain()
    expect(events.map((event) => event.replace(/: .*/, ''))).toEqual([
      ...['key !a', 'key b', 'wants b at 2', 'failed 0'],
      ...['key !a', 'value !1', 'failed 0', 'key !a', 'value !1', 'process !a !1'],
      ...['value 2', 'process b 2'],
    ])
  })

  it('without a time is dropped when its turn comes, and no state is asked for', async () => {
    const events: string[] = []
    await using harness = await reading(events, { own: byKey(events) })
    harness.feed('in', [
      { key: 'a', value: '1', timestampMs: 1 },
      { key: 'b', value: '2', timestampMs: -1 },
      { key: 'c', value: '3', timestampMs: 3 },
    ])
    expect(harness.drain()).toBe(2)
    expect(events).toEqual([
      ...['key a', 'wants a at 1', 'key b', 'key c', 'wants c at 3'],
      ...['value 1', 'process a 1', 'value 2', 'value 3', 'process c 3'],
    ])
    const name = 'millrace_task_dropped_records_total negative-timestamp'
    expect(harness.metrics.counts.get(name)).toBe(1)
    expect(harness.task.prepareCommit().offsets).toMatchObject([{ offset: 3 }])
  })
})

describe('dedup', () => {
  const deduplicated = (events: string[], id?: (value: string) => string): Topology => {
    const builder = new StreamsBuilder()
    builder
      .stream(topic('in', { key: string(), value: noting(events, 'value') }))
      .dedup({ windowMs: 10, ...(id && { id }) })
      .peek((_value, key) => void events.push(`passed ${key}`))
      .to(topic('out', { key: string(), value: string() }))
    return builder.build()
  }

  it('by an id of the value has values read ahead, to read state by it', async () => {
    const events: string[] = []
    await using harness = await runningTask(deduplicated(events, (value) => value))
    harness.feed('in', named('a', 'b'))
    await harness.drain()
    expect(events).toEqual(['value v0', 'value v1', 'passed a', 'passed b'])
  })

  it('by the key has not', async () => {
    const events: string[] = []
    await using harness = await runningTask(deduplicated(events), { maxReadRecords: 1 })
    harness.feed('in', named('a', 'b'))
    await harness.drain()
    expect(events).toEqual(['value v0', 'passed a', 'value v1', 'passed b'])
  })
})
