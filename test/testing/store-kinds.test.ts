import { describe, expect, test } from 'vitest'
import { historyOf, StreamsBuilder, topic, type Processor, type ProcessorContext } from 'millrace'
import { bytes, json, string } from 'millrace/serdes'
import { keyValueStore, sessionStore, versionedStore, windowStore } from 'millrace/state'
import { TopologyTestDriver } from 'millrace/testing'

const serdes = { key: string(), value: json<number>() }
const numbers = topic('numbers', serdes)
const seen = keyValueStore({ name: 'seen', ...serdes, ttlMs: 100, headers: true })
const stays = sessionStore({ name: 'stays', ...serdes, retentionMs: 1000 })
const prices = versionedStore({ name: 'prices', ...serdes, historyRetentionMs: 1000 })
const pairs = windowStore({ name: 'pairs', ...serdes, windowSizeMs: 10, retainDuplicates: true })

/** Writes each record into a store of each kind. */
function writer(): Processor<string, number | null> {
  let context: ProcessorContext<never, never>
  return {
    init(given) {
      context = given
    },
    process({ key, value, timestampMs }) {
      context.store(seen).put(key, value)
      context.store(stays).put(key, timestampMs, timestampMs, value)
      void context.store(prices).put(key, value)
      context.store(pairs).put(key, value, timestampMs)
    },
  }
}

async function driverOf(): Promise<TopologyTestDriver> {
  const builder = new StreamsBuilder()
  builder.stream(numbers).process(() => writer(), { stores: [seen, stays, prices, pairs] })
  return TopologyTestDriver.create(builder.build())
}

describe('the stores of a test driver', () => {
  test('are there in every kind, with what a processor wrote', async () => {
    await using driver = await driverOf()
    const headers = [{ key: 'trace', value: Buffer.from('1') }]
    const input = driver.input(numbers)
    await input.pipe({ key: 'a', value: 1, timestampMs: 10, headers })
    await input.pipe({ key: 'a', value: 2, timestampMs: 20 })
    expect(driver.store(seen).getWithHeaders('a')).toEqual({
      value: 2,
      timestampMs: 20,
      headers: [],
    })
    expect(driver.store(stays).fetch('a')).toEqual([
      { key: 'a', startMs: 10, endMs: 10, value: 1 },
      { key: 'a', startMs: 20, endMs: 20, value: 2 },
    ])
    expect(driver.store(stays).findSessionsByEnd(15, 25)).toHaveLength(1)
    expect(driver.store(prices).get('a', 15)).toEqual({ value: 1, timestampMs: 10, validToMs: 20 })
    expect(driver.store(prices).versions('a')).toHaveLength(2)
    expect(
      driver
        .store(pairs)
        .all({ reverse: true })
        .map(({ value }) => value),
    ).toEqual([2, 1])
    const byName = driver.store('stays')
    expect(byName.kind === 'session' && byName.all()).toHaveLength(2)
    driver.store(prices).put('b', 5, 30)
    expect(driver.store(prices).all()).toHaveLength(2)
  })

  test('lose what expires to tombstones in the changelog, as stream time goes on', async () => {
    await using driver = await driverOf()
    const input = driver.input(numbers)
    const headers = [{ key: 'trace', value: Buffer.from('1') }]
    await input.pipe({ key: 'a', value: 1, timestampMs: 10, headers })
    await input.pipe({ key: 'b', value: 2, timestampMs: 50 })
    expect(driver.store(seen).getWithHeaders('a')?.headers).toEqual(headers)
    await input.pipe({ key: 'c', value: 3, timestampMs: 110 })
    expect(
      driver
        .store(seen)
        .all()
        .map(({ key }) => key),
    ).toEqual(['b', 'c'])
    const changelog = driver.output('seen-changelog', { key: string(), value: bytes() })
    const records = changelog.readRecords()
    expect(
      records.map(({ key, value, timestampMs, headers }) => [
        key,
        value?.toString(),
        timestampMs,
        headers.length,
      ]),
    ).toEqual([
      ['a', '1', 10, 1],
      ['b', '2', 50, 0],
      ['c', '3', 110, 0],
      ['a', undefined, 110, 0],
    ])
  })

  test('historyOf names the versioned store of a table, and refuses a table without one', async () => {
    const builder = new StreamsBuilder()
    const versioned = { historyRetentionMs: 1000 }
    const table = builder.table(numbers, { store: { name: 'p', versioned } })
    const plain = builder.table(topic('others', serdes), { store: 'others' })
    expect(() => historyOf(plain)).toThrow(/no history.*historyRetentionMs/)
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.input(numbers)
    for (const timestampMs of [10, 30, 20]) {
      await input.pipe({ key: 'a', value: timestampMs, timestampMs })
    }
    expect(driver.store(historyOf(table)).get('a', 25)?.value).toBe(20)
    expect(driver.store(historyOf(table)).get('a')?.value).toBe(30)
  })
})

describe('a table’s store', () => {
  test('keeps headers and lets rows expire, where it is told to', async () => {
    const builder = new StreamsBuilder()
    const store = { name: 'rows', ttlMs: 100, headers: true }
    const rows = builder.table(numbers, { store })
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.input(numbers)
    const headers = [{ key: 'trace', value: Buffer.from('1') }]
    await input.pipe({ key: 'a', value: 1, timestampMs: 10, headers })
    expect(driver.store(rows).getWithHeaders('a')?.headers).toEqual(headers)
    await input.pipe({ key: 'b', value: 2, timestampMs: 110 })
    expect(driver.store(rows).get('a')).toBeUndefined()
  })

  test('is not versioned and made to expire at once', () => {
    const builder = new StreamsBuilder()
    const store = { name: 'rows', ttlMs: 100, versioned: { historyRetentionMs: 5 } }
    builder.table(numbers, { store })
    expect(() => builder.build()).toThrow(/store rows is versioned.*ttlMs/)
  })
})
