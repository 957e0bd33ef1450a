import { describe, expect, it } from 'vitest'
import { StreamsBuilder, topic, topics } from 'millrace'
import { bytes, double, string } from 'millrace/serdes'
import { avro, inProcessSchemaRegistry } from 'millrace/serdes/avro'
import { TopologyTestDriver } from 'millrace/testing'
import {
  DeserializationError,
  LifecycleError,
  ProcessingError,
  TopologyError,
} from '../../src/core/errors.ts'
import { Record } from '../../src/core/record.ts'
import { keyValueStore, windowStore } from '../../src/state/index.ts'
import type { KeyValueStore, WindowStore } from '../../src/state/store.ts'
import type { Processor } from '../../src/topology/processor.ts'
import { Topology } from '../../src/topology/topology.ts'

const words = topic('words', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: double() })
const countStore = keyValueStore({ name: 'counts-store', key: string(), value: double() })

function countingTopology(): Topology {
  const topology = new Topology()
  const source = topology.addSource('source', words)
  const counter = topology.addProcessor<string, string, string, number, [typeof countStore]>(
    'count',
    () => ({
      process(record, context) {
        const store = context.store(countStore)
        const count = ((store.get(record.key) as number | undefined) ?? 0) + 1
        store.put(record.key, count)
        return context.forward(record.withValue(count))
      },
    }),
    { parents: [source], stores: [countStore] },
  )
  topology.addSink('sink', counts, { parents: [counter] })
  return topology
}

/** A processor between `words` and the topic `out`. */
function through(processor: () => Processor<string, string, string, string>): Topology {
  const topology = new Topology()
  const source = topology.addSource('source', words)
  const step = topology.addProcessor('step', processor, { parents: [source] })
  topology.addSink('sink', out, { parents: [step] })
  return topology
}

const out = topic('out', { key: string(), value: string() })

describe('a topology that reads topics by a pattern, in a test', () => {
  const serdes = { key: string(), value: string() }

  it('takes every topic that matches, also one that it writes to itself', async () => {
    const builder = new StreamsBuilder()
    builder.stream(words).to({ name: (value) => `by-length-${value.length}`, ...serdes })
    builder
      .stream(topics(/by-length-.*/, serdes))
      .process<string, string>(() => ({
        process: (record, context) =>
          context.forward(record.withValue(`${context.recordMetadata?.topic}: ${record.value}`)),
      }))
      .to(out)
    await using driver = await TopologyTestDriver.create(builder.build())
    await driver.input(words).pipe({ key: 'a', value: 'one', timestampMs: 1 })
    await driver.input('by-length-9', serdes).pipe({ key: 'b', value: 'nine', timestampMs: 2 })
    await driver.input(words).pipe({ key: 'c', value: 'two', timestampMs: 3 })
    expect(driver.output(out).readValues()).toEqual([
      'by-length-3: one',
      'by-length-9: nine',
      'by-length-3: two',
    ])
  })

  it('refuses a topic that does not match, naming the pattern', async () => {
    const builder = new StreamsBuilder()
    builder.stream(topics(/by-length-.*/, serdes)).to(out)
    await using driver = await TopologyTestDriver.create(builder.build())
    expect(() => driver.input(words)).toThrow(/topic words\. It reads: \/by-length-\.\*\//)
  })
})

describe('TopologyTestDriver', () => {
  it('runs a topology and shows what it wrote and stored, without a promise', async () => {
    await using driver = await TopologyTestDriver.create(countingTopology())
    const input = driver.input(words)
    void input.pipe({ key: 'a', value: 'x', timestampMs: 5 })
    void input.pipe({ key: 'b', value: 'x', timestampMs: 6 })
    expect(input.pipe({ key: 'a', value: 'x', timestampMs: 7 })).toBeUndefined()
    expect(driver.output(counts).readKeyValues()).toEqual([
      ['a', 1],
      ['b', 1],
      ['a', 2],
    ])
    expect(driver.store(countStore).getWithTimestamp('a')).toEqual({ value: 2, timestampMs: 7 })
  })

  it('reads output one by one, each record once, with time and headers', async () => {
    await using driver = await TopologyTestDriver.create(countingTopology())
    const headers = [{ key: 'trace', value: Buffer.from('1') }]
    const output = driver.output(counts)
    expect(output.isEmpty()).toBe(true)
    expect(() => output.read()).toThrow(LifecycleError)
    void driver.input(words).pipe({ key: 'a', value: 'x', timestampMs: 5, headers })
    void driver.input(words).pipeKeyValues([
      ['b', 'x'],
      ['a', 'x'],
      ['b', 'x'],
    ])
    expect(output.size).toBe(4)
    expect(output.read()).toEqual({ key: 'a', value: 1, timestampMs: 5, headers })
    expect(output.readValue()).toBe(1)
    expect(output.readKeyValue()).toEqual(['a', 2])
    expect(driver.output(counts).readKeyValuesToMap()).toEqual(new Map([['b', 2]]))
    expect(output.isEmpty()).toBe(true)
  })

  it('gives records without a time the wall clock’s, or one that goes on by itself', async () => {
    await using driver = await TopologyTestDriver.create(countingTopology(), { startMs: 1_000 })
    const times = (): number[] =>
      driver
        .output(counts)
        .readRecords()
        .map(({ timestampMs }) => timestampMs)
    const plain = driver.input(words)
    void plain.pipe({ key: 'a', value: 'x' })
    void driver.advanceWallClock(5)
    void plain.pipe({ key: 'a', value: 'x' })
    expect(times()).toEqual([1_000, 1_005])
    const advancing = driver.input(words, { startMs: 50, autoAdvanceMs: 10 })
    void advancing.pipeAll([
      { key: 'a', value: 'x' },
      { key: 'a', value: 'x', timestampMs: 7 },
      { key: 'a', value: 'x' },
    ])
    advancing.advanceTime(100)
    void advancing.pipe({ key: 'a', value: 'x' })
    expect(times()).toEqual([50, 7, 60, 170])
  })

  it('pipes values without keys', async () => {
    const topology = through(() => ({ process: (record, context) => context.forward(record) }))
    await using driver = await TopologyTestDriver.create(topology)
    void driver.input(words).pipeValues(['x', 'y'])
    void driver.input(words).pipeValue('z', 9)
    expect(driver.output(out).readKeyValues()).toEqual([
      [null, 'x'],
      [null, 'y'],
      [null, 'z'],
    ])
  })

  it('takes records through repartition topics within the call', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(words)
      .groupBy((word) => word, { key: string(), name: 'by-word' })
      .count({ store: 'word-counts' })
      .toStream()
      .mapValues((count) => String(count))
      .to(out)
    await using driver = await TopologyTestDriver.create(builder.build(), { applicationId: 'app' })
    expect(driver.input(words).pipe({ key: '1', value: 'tea', timestampMs: 1 })).toBeUndefined()
    expect(driver.output(out).readKeyValues()).toEqual([['tea', '1']])
    expect(driver.producedTopics).toEqual([
      'words',
      'app-by-word-repartition',
      'app-word-counts-changelog',
      'out',
    ])
    const repartitioned = driver.output('by-word-repartition', { key: string(), value: bytes() })
    expect(repartitioned.readKeyValues()).toMatchObject([['tea', expect.anything()]])
  })

  it('shows each update in the changelog', async () => {
    await using driver = await TopologyTestDriver.create(countingTopology())
    void driver.input(words).pipeKeyValues([
      ['a', 'x'],
      ['a', 'x'],
    ])
    const changelog = driver.output('counts-store-changelog', { key: string(), value: bytes() })
    expect(changelog.readRecords().map(({ key }) => key)).toEqual(['a', 'a'])
  })

  it('fills global tables for others to read', async () => {
    const names = topic('names', { key: string(), value: string() })
    const namesStore = keyValueStore({ name: 'names-store', key: string(), value: string() })
    const topology = new Topology()
    topology.addGlobalStore(namesStore, {
      topic: names,
      sourceName: 'names-source',
      processorName: 'names-processor',
      supplier: () => {
        let store: KeyValueStore<string, string>
        return {
          init(context) {
            store = context.store('names-store') as typeof store
          },
          process: ({ key, value }) => store.put(key, value),
        }
      },
    })
    const source = topology.addSource('source', words)
    const step = topology.addProcessor<string, string, string, string>(
      'step',
      () => ({
        process(record, context) {
          const store = context.store('names-store') as KeyValueStore<string, string>
          const name = (store.get(record.key) as string | undefined) ?? 'nobody'
          return context.forward(record.withValue(`${record.value} by ${name}`))
        },
      }),
      { parents: [source] },
    )
    topology.addSink('sink', out, { parents: [step] })
    await using driver = await TopologyTestDriver.create(topology)
    void driver.input(words).pipe({ key: 'a', value: 'x' })
    void driver.input(names).pipe({ key: 'a', value: 'Ada' })
    void driver.input(words).pipe({ key: 'a', value: 'y' })
    expect(driver.output(out).readValues()).toEqual(['x by nobody', 'y by Ada'])
    expect(driver.store('names-store').all()).toMatchObject([{ key: 'a', value: 'Ada' }])
  })

  it('needs no registry to be given for Avro, nor any waiting', async () => {
    const schema = {
      type: 'record',
      name: 'Word',
      fields: [{ name: 'text', type: 'string' }],
    } as const
    const avroIn = topic('avro-in', { key: string(), value: avro({ schema }) })
    const avroOut = topic('avro-out', { key: string(), value: avro({ schema }) })
    const builder = new StreamsBuilder()
    builder
      .stream(avroIn)
      .mapValues(({ text }) => ({ text: text.toUpperCase() }))
      .to(avroOut)
    await using driver = await TopologyTestDriver.create(builder.build())
    expect(driver.input(avroIn).pipe({ key: 'k', value: { text: 'tea' } })).toBeUndefined()
    expect(driver.output(avroOut).readValues()).toEqual([{ text: 'TEA' }])
  })

  it('waits where another version of a schema has to be registered first', async () => {
    const fields = [{ name: 'text', type: 'string' }] as const
    const first = { type: 'record', name: 'Word', fields } as const
    const second = {
      ...first,
      fields: [...fields, { name: 'count', type: 'int', default: 1 }],
    } as const
    const reads = topic('avro-in', { key: string(), value: avro({ schema: second }) })
    const writes = topic('avro-in', { key: string(), value: avro({ schema: first }) })
    const builder = new StreamsBuilder()
    builder
      .stream(reads)
      .mapValues(({ text, count }) => `${text} ${count}`)
      .to(out)
    await using driver = await TopologyTestDriver.create(builder.build(), {
      schemaRegistry: inProcessSchemaRegistry(),
    })
    const piped = driver.input(writes).pipe({ key: 'k', value: { text: 'tea' } })
    expect(piped).toBeInstanceOf(Promise)
    await piped
    expect(driver.output(out).readValues()).toEqual(['tea 1'])
  })

  it('shows windows', async () => {
    const windows = windowStore({
      name: 'windows',
      key: string(),
      value: string(),
      windowSizeMs: 10,
      retentionMs: 100_000,
    })
    const topology = new Topology()
    const source = topology.addSource('source', words)
    topology.addProcessor<string, string, never, never, [typeof windows]>(
      'keep',
      () => ({
        process(record, context) {
          const store: WindowStore<string, string> = context.store(windows)
          store.put(record.key, record.value, record.timestampMs - (record.timestampMs % 10))
        },
      }),
      { parents: [source], stores: [windows] },
    )
    await using driver = await TopologyTestDriver.create(topology)
    void driver.input(words, { startMs: 5, autoAdvanceMs: 10 }).pipeKeyValues([
      ['a', 'x'],
      ['b', 'y'],
      ['a', 'z'],
    ])
    const store = driver.store(windows)
    expect(store.fetch('a', 0)).toBe('x')
    expect(store.fetch('a', 10)).toBeUndefined()
    expect(store.fetchWithTimestamp('a', 20)).toEqual({ value: 'z', timestampMs: 25 })
    expect(store.fetchRange('a', 0, 20).map(({ value }) => value)).toEqual(['x', 'z'])
    expect(store.fetchAll(10, 20).map(({ value }) => value)).toEqual(['y', 'z'])
    expect(store.all()).toHaveLength(3)
    store.put('c', 'set up', 30, 31)
    expect(store.fetchWithTimestamp('c', 30)).toEqual({ value: 'set up', timestampMs: 31 })
  })

  it('lets a test set up a store', async () => {
    await using driver = await TopologyTestDriver.create(countingTopology())
    const store = driver.store(countStore)
    store.put('a', 41)
    void driver.input(words).pipeKeyValues([['a', 'x']])
    expect(driver.output(counts).readValues()).toEqual([42])
    store.put('b', 1)
    store.put('c', 1)
    store.delete('a')
    expect(store.all().map(({ key }) => key)).toEqual(['b', 'c'])
    expect(store.range({ from: 'c' }).map(({ key }) => key)).toEqual(['c'])
  })
})

describe('time in a test', () => {
  const ticking = (type: 'stream-time' | 'wall-clock-time'): Topology =>
    through(() => ({
      init(context) {
        context.schedule(type, 100, (timestampMs) =>
          context.forward(new Record('tick', String(timestampMs), timestampMs)),
        )
      },
      process() {},
    }))

  it('moves punctuators of the wall clock once for each step, as in Java', async () => {
    await using driver = await TopologyTestDriver.create(ticking('wall-clock-time'))
    for (const ms of [99, 1, 350, 49, 1]) void driver.advanceWallClock(ms)
    expect(driver.output(out).readValues()).toEqual(['100', '450', '500'])
    expect(driver.clock.now()).toBe(500)
  })

  it('moves punctuators of stream time with the records', async () => {
    await using driver = await TopologyTestDriver.create(ticking('stream-time'))
    void driver.advanceWallClock(1_000)
    const input = driver.input(words)
    for (const timestampMs of [30, 99, 100, 310]) void input.pipe({ value: 'x', timestampMs })
    expect(driver.output(out).readValues()).toEqual(['30', '100', '310'])
  })

  it('holds records back for those of an empty topic, as long as maxTaskIdleMs says', async () => {
    const other = topic('other', { key: string(), value: string() })
    const builder = new StreamsBuilder()
    builder.stream(words).merge(builder.stream(other)).to(out)
    await using driver = await TopologyTestDriver.create(builder.build(), { maxTaskIdleMs: 50 })
    void driver.input(words).pipe({ key: 'k', value: 'late', timestampMs: 9 })
    expect(driver.output(out).isEmpty()).toBe(true)
    void driver.input(other).pipe({ key: 'k', value: 'early', timestampMs: 4 })
    expect(driver.output(out).readValues()).toEqual(['early'])
    void driver.advanceWallClock(50)
    expect(driver.output(out).readValues()).toEqual(['late'])
  })
})

describe('a topology that waits', () => {
  const slow = (): Topology =>
    through(() => ({
      async process(record, context) {
        await Promise.resolve()
        if (record.value === 'bad') throw new Error('bad')
        await context.forward(record)
      },
    }))

  it('is waited for', async () => {
    await using driver = await TopologyTestDriver.create(slow())
    const piped = driver.input(words).pipe({ key: 'a', value: 'x' })
    expect(piped).toBeInstanceOf(Promise)
    expect(driver.output(out).isEmpty()).toBe(true)
    await piped
    expect(driver.output(out).readValues()).toEqual(['x'])
  })

  it('gets what is piped meanwhile in order', async () => {
    await using driver = await TopologyTestDriver.create(slow())
    const input = driver.input(words)
    await Promise.all([input.pipe({ value: 'x' }), input.pipe({ value: 'y' })])
    await input.pipeValues(['z', 'w'])
    expect(driver.output(out).readValues()).toEqual(['x', 'y', 'z', 'w'])
  })

  it('rejects where it fails', async () => {
    await using driver = await TopologyTestDriver.create(slow())
    await expect(driver.input(words).pipe({ value: 'bad' })).rejects.toThrow(ProcessingError)
  })
})

describe('what goes wrong in a test', () => {
  const picky = (): Topology =>
    through(() => ({
      process(record, context) {
        if (record.value === 'bad') throw new Error('bad')
        return context.forward(record)
      },
    }))

  it('is thrown by the call, where no handler says otherwise', async () => {
    await using driver = await TopologyTestDriver.create(picky())
    expect(() => driver.input(words).pipe({ value: 'bad' })).toThrow(/step failed: bad/)
  })

  it('goes to the handlers that the test gives', async () => {
    await using driver = await TopologyTestDriver.create(picky(), {
      handlers: { processing: () => 'dead-letter' },
    })
    void driver.input(words).pipeValues(['x', 'bad', 'y'])
    expect(driver.output(out).readValues()).toEqual(['x', 'y'])
    expect(driver.deadLetters).toMatchObject([{ stage: 'processing', offset: 1, topic: 'words' }])
  })

  it('may be bytes that the topology cannot read', async () => {
    const numbers = topic('numbers', { key: string(), value: double() })
    const builder = new StreamsBuilder()
    builder.stream(numbers).to(topic('copy', { key: string(), value: double() }))
    await using driver = await TopologyTestDriver.create(builder.build())
    const raw = driver.input('numbers', { key: string(), value: bytes() })
    expect(() => raw.pipe({ key: 'k', value: Buffer.from('no') })).toThrow(DeserializationError)
  })

  it('names what is there where a topic or a store is not', async () => {
    await using driver = await TopologyTestDriver.create(countingTopology())
    expect(() => driver.input('word', { key: string(), value: string() })).toThrow(
      /No source of the topology reads the topic word. Is words meant\?/,
    )
    expect(() => driver.input(counts)).toThrow(TopologyError)
    expect(() => driver.store('count-store')).toThrow(/no store count-store. Is counts-store meant/)
    expect(() => driver.store('zzzzzzzz')).toThrow(/Its stores are: counts-store/)
  })

  it('is refused after the driver was closed, which closes processors once', async () => {
    let closed = 0
    const topology = through(() => ({
      process() {},
      close() {
        closed++
      },
    }))
    const driver = await TopologyTestDriver.create(topology)
    const input = driver.input(words)
    await driver.close()
    await driver.close()
    expect(closed).toBe(1)
    expect(() => input.pipe({ value: 'x' })).toThrow(LifecycleError)
    expect(() => driver.advanceWallClock(1)).toThrow(LifecycleError)
  })

  it('at the start closes what was opened', async () => {
    const closed: string[] = []
    const topology = new Topology()
    const source = topology.addSource('source', words)
    topology.addProcessor('fine', () => ({ process() {}, close: () => void closed.push('fine') }), {
      parents: [source],
    })
    const other = topology.addSource('other', topic('other', { key: string(), value: string() }))
    topology.addProcessor(
      'broken',
      () => ({
        init() {
          throw new Error('no luck')
        },
        process() {},
      }),
      { parents: [other] },
    )
    await expect(TopologyTestDriver.create(topology)).rejects.toThrow(/broken .*no luck/)
    expect(closed).toEqual(['fine'])
  })
})

it('partitioners see the partitions that the test gives a topic', async () => {
  const topology = new Topology()
  const source = topology.addSource('source', words)
  const seen: number[] = []
  topology.addSink('sink', out, {
    parents: [source],
    partitioner: (_topic, _key, _value, partitions) => {
      seen.push(partitions)
      return partitions - 1
    },
  })
  await using driver = await TopologyTestDriver.create(topology, { partitions: { out: 6 } })
  void driver.input(words).pipe({ key: 'k', value: 'v' })
  expect(seen).toEqual([6])
  expect(driver.output(out).readValues()).toEqual(['v'])
})
