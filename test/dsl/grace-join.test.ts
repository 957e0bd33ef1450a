import { StreamsBuilder, type KTable, type RecordContext } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { text } from './golden/topics.ts'

function rows(builder: StreamsBuilder, historyRetentionMs = 100): KTable<string, string> {
  return builder.table(text('table'), {
    store: { name: 'rows', versioned: { historyRetentionMs } },
  })
}

describe('a join with a grace', () => {
  it('gives a left join a record without a key at once, since there is nothing to wait for', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(text('in'))
      .leftJoin(rows(builder), (a, b) => `${a}+${b}`, { graceMs: 50, name: 'waiting' })
      .to(text('out'))
    await using driver = await TopologyTestDriver.create(builder.build())
    await driver.input(text('in')).pipe({ key: 'k', value: 'a', timestampMs: 5 })
    const none = null as unknown as string
    await driver.input(text('in')).pipe({ key: none, value: 'b', timestampMs: 6 })
    expect(driver.output(text('out')).readValues()).toEqual(['b+null'])
  })

  it('tells the joiner, and what follows, where the record was read that waited', async () => {
    const places: string[] = []
    const note = (name: string, { topic, offset, timestampMs }: RecordContext): void => {
      places.push(`${name}: ${topic} ${offset} at ${timestampMs}`)
    }
    const builder = new StreamsBuilder()
    builder
      .stream(text('in'))
      .join(
        rows(builder),
        (a, b, _key, context) => {
          note('joiner', context)
          return a + b
        },
        { graceMs: 50, name: 'waiting' },
      )
      .foreach((_value, _key, context) => note('after', context))
    await using driver = await TopologyTestDriver.create(builder.build())
    await driver.input(text('table')).pipe({ key: 'k', value: 't', timestampMs: 1 })
    await driver.input(text('in')).pipe({ key: 'k', value: 'a', timestampMs: 7 })
    await driver.input(text('in')).pipe({ key: 'k', value: 'b', timestampMs: 70 })
    expect(places).toEqual(['joiner: in 0 at 7', 'after: in 0 at 7'])
  })

  it.each([
    ['a grace that is none', { graceMs: -1 }, /The join waiting: graceMs must be a whole number/],
    [
      'a longer grace than the history',
      { graceMs: 101 },
      /keeps the history of 100 ms only, in rows/,
    ],
  ])('is refused with %s', (_name, options, message) => {
    const builder = new StreamsBuilder()
    const stream = builder.stream(text('in'))
    expect(() => {
      stream.join(rows(builder), (a) => a, { name: 'waiting', ...options })
      builder.build()
    }).toThrow(message)
  })

  it('is refused with a table that keeps no history', () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream(text('in'))
    stream.join(builder.table(text('table'), { store: 'rows' }), (a) => a, { graceMs: 1 })
    expect(() => builder.build()).toThrow(/held in rows, which keeps no history/)
  })
})
