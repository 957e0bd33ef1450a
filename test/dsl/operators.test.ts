import { Record, StreamsBuilder, type Processor, type ProcessorContext } from 'millrace'
import { string } from 'millrace/serdes'
import { keyValueStore } from 'millrace/state'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { fixedKeyProcessor } from '../../src/dsl/fixed-key-processor.ts'
import { FakeContext } from './fake-context.ts'
import { text } from './golden/topics.ts'

const key = string()
const value = string()

async function later<T>(result: T, turns: number): Promise<T> {
  for (let i = 0; i < turns; i++) await Promise.resolve()
  return result
}

describe('asynchronous callbacks', () => {
  it('are awaited in record order, in every operator that takes one', async () => {
    const builder = new StreamsBuilder()
    const seen: string[] = []
    const turns = (word: string): number => 10 - word.length
    const stream = builder
      .stream(text('in'))
      .filter((word) => later(word !== 'x', turns(word)))
      .mapValues((word) => later(`${word}1`, turns(word)))
      .map((word, k) => later({ key: k, value: `${word}2` }, turns(word)), { key, value })
      .flatMapValues((word) => later([word, word.toUpperCase()], turns(word)))
      .flatMap((word, k) => later([{ key: k, value: word }], turns(word)))
      .selectKey((_word, k) => later(k, 3), { key, value })
      .peek((word) => later(undefined, turns(word)).then(() => void seen.push(word)))
    const { big, small } = stream.branch({
      big: (word) => later(word === word.toUpperCase(), 2),
      small: () => later(true, 1),
    })
    big.to(text('big'))
    small
      .groupByKey({ key, value })
      .reduce((a, b) => later(`${a}+${b}`, 2))
      .filter(() => later(true, 2))
      .mapValues((words) => later(`<${words}>`, 2))
      .groupBy((words, k) => later({ key: k, value: words }, 2), { key, value })
      .reduce(
        (a, b) => later(a + b, 2),
        (a, b) => later(a.replace(b, ''), 2),
      )
      .toStream()
      .to(text('small'))
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.input(text('in'))
    for (const word of ['abc', 'x', 'de', 'f']) await input.pipe({ key: 'k', value: word })
    const lines = ['abc12', 'ABC12', 'de12', 'DE12', 'f12', 'F12']
    expect(seen).toEqual(lines)
    expect(driver.output(text('big')).readValues()).toEqual(['ABC12', 'DE12', 'F12'])
    expect(driver.output(text('small')).readValues()).toEqual([
      '<abc12>',
      '<abc12+de12>',
      '<abc12+de12+f12>',
    ])
  })

  it('make promises only where they are', async () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream(text('in')).mapValues((word) => word, { value })
    stream
      .groupBy((word) => word, { key })
      .count()
      .toStream()
      .foreach(() => {})
    await using driver = await TopologyTestDriver.create(builder.build())
    expect(driver.input(text('in')).pipe({ key: 'k', value: 'a' })).toBe(undefined)
  })
})

describe('callbacks', () => {
  it('are told of the record at hand', async () => {
    const builder = new StreamsBuilder()
    const seen: unknown[] = []
    builder.stream(text('in')).foreach((word, k, context) => {
      const { topic, partition, offset, timestampMs, streamTimeMs, headers } = context
      seen.push([word, k, topic, partition, offset, timestampMs, streamTimeMs, headers.length])
    })
    await using driver = await TopologyTestDriver.create(builder.build())
    const headers = [{ key: 'h', value: null }]
    await driver.input(text('in')).pipe({ key: 'k', value: 'a', timestampMs: 7, headers })
    await driver.input(text('in')).pipe({ key: 'k', value: 'b', timestampMs: 5 })
    expect(seen).toEqual([
      ['a', 'k', 'in', 0, 0, 7, 7, 1],
      ['b', 'k', 'in', 0, 1, 5, 7, 0],
    ])
  })
})

describe('process', () => {
  it('reads and writes the stores that were connected, tables among them', async () => {
    const builder = new StreamsBuilder()
    const table = builder.table(text('table'))
    const last = keyValueStore({ name: 'last', key, value })
    builder
      .stream(text('in'))
      .process(
        () => ({
          async process(record, context) {
            const rows = context.store(table)
            const before = await context.store(last).get(record.key)
            context.store(last).put(record.key, record.value)
            const row = await rows.get(record.key)
            await context.forward(record.withValue(`${before} ${row} ${record.value}`))
          },
        }),
        { stores: [table, last], key, value },
      )
      .to(text('out'))
    await using driver = await TopologyTestDriver.create(builder.build())
    await driver.input(text('table')).pipe({ key: 'k', value: 'row' })
    await driver.input(text('in')).pipe({ key: 'k', value: 'a' })
    await driver.input(text('in')).pipe({ key: 'k', value: 'b' })
    expect(driver.output(text('out')).readValues()).toEqual(['undefined row a', 'a row b'])
    expect(driver.store(last).get('k')).toBe('b')
    expect(driver.store(table).get('k')).toBe('row')
  })
})

describe('processValues', () => {
  it('keeps what follows from being repartitioned', () => {
    const builder = new StreamsBuilder()
    const upper: Processor<string, string, string, string> = {
      process: (record, context) => context.forward(record.withValue(record.value.toUpperCase())),
    }
    builder
      .stream(text('in'))
      .processValues(() => upper, { value })
      .groupByKey()
      .count()
    expect(builder.build().plan().subTopologies).toHaveLength(1)
  })

  it('refuses a record under another key', () => {
    const inner: Processor<string, string, string, string> = {
      process: (record, context) => context.forward(record.withKey('other')),
    }
    const processor = fixedKeyProcessor(inner, 'mine')
    expect(() => processor.process(new Record('k', 'v', 0), new FakeContext())).toThrow(
      /The processor mine was added with processValues, yet it forwards a record under another key/,
    )
  })

  it('passes the rest of the context on', async () => {
    const store = { name: 'store', kind: 'key-value' } as const
    const outer = new FakeContext(store)
    let given: ProcessorContext<string, string> | undefined
    const inner: Processor<string, string, string, string> = {
      init: (context) => void (given = context),
      process: (record, context) => context.forward(record),
    }
    const processor = fixedKeyProcessor(inner, 'mine')
    await processor.init?.(outer)
    await processor.process(new Record('k', 'v', 3), outer)
    given!.recordDropped?.('why')
    given!.commit()
    given!.schedule('stream-time', 1, () => {}).cancel()
    expect(given!.store('store')).toBe(store)
    expect(given!.store({ storeName: 'store' })).toBe(store)
    expect([given!.applicationId, given!.taskId, given!.recordMetadata?.offset]).toEqual([
      'test',
      outer.taskId,
      7,
    ])
    expect([given!.currentStreamTimeMs(), given!.currentSystemTimeMs()]).toEqual([99, 0])
    expect(given!.logger).toBe(outer.logger)
    expect(outer.forwarded).toEqual([['k', 'v', 3]])
    expect(outer.dropped).toEqual(['why'])
    await processor.close?.()
  })
})
