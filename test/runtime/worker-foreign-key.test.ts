import { StreamsBuilder, type KTable, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { text } from '../dsl/golden/topics.ts'
import { engines, withCrashes } from './with-crashes.ts'
import { eventually, produce, readAll, startWorker, type TextRecord } from './worker-harness.ts'

interface KeyedText extends TextRecord {
  readonly key: string
  readonly value: string
}

/** Rows of orders that name customers, none or some that are not there, and rows of customers; "gone" deletes. */
const records: readonly KeyedText[] = Array.from({ length: 420 }, (_, i) => {
  const number = (i * 7) % 11
  const isOrder = i % 3 !== 0
  const named = i % 13 === 0 ? '' : `c${(i * 5) % 8}`
  const gone = i % 17 === 0 ? ' gone' : ''
  return {
    key: `${isOrder ? 'o' : 'c'}${number % (isOrder ? 11 : 6)}`,
    value: isOrder ? `order ${i}|${named}${gone}` : `customer ${i}${gone}`,
    timestampMs: i,
    partition: (number % (isOrder ? 11 : 6)) % 2,
  }
})

function named(order: string): string | null {
  return order.split('|')[1] || null
}

/** The last row of each key, but for deleted ones. */
function rowsOf(kind: string): Map<string, string> {
  const rows = new Map<string, string>()
  for (const { key, value } of records) {
    if (!value.startsWith(kind)) continue
    if (value.endsWith('gone')) rows.delete(key)
    else rows.set(key, value)
  }
  return rows
}

function joinedRows(left: boolean): string[] {
  const customers = rowsOf('customer')
  return [...rowsOf('order')]
    .flatMap(([key, order]) => {
      const customer = customers.get(named(order) ?? '')
      return customer === undefined && !left ? [] : [`${key} ${order} ${customer ?? null}`]
    })
    .sort()
}

function tableOf(out: readonly TextRecord[]): string[] {
  const rows = new Map<string, string>()
  for (const { key, value } of out) {
    if (value === null) rows.delete(key!)
    else rows.set(key!, value)
  }
  return [...rows].map(([key, value]) => `${key} ${value}`).sort()
}

/** Orders where they come in, customers in another sub-topology. */
function joins(left: boolean): Topology {
  const builder = new StreamsBuilder()
  const stream = builder.stream(text('in'))
  const serdes = { key: string(), value: string() }
  const rows = (kind: string): ReturnType<typeof stream.mapValues<string | null>> =>
    stream
      .filter((value) => value.startsWith(kind))
      .mapValues((value) => (value.endsWith('gone') ? null : value))
  const orders: KTable<string, string> = rows('order').toTable({ store: 'orders', ...serdes })
  const customers: KTable<string, string> = rows('customer')
    .selectKey((_, key) => key)
    .toTable({ name: 'customers-by-id', store: 'customers', ...serdes })
  const options = { on: named, name: 'with-customer' }
  const joined = left
    ? orders.leftJoin(customers, (order, customer) => `${order} ${customer}`, options)
    : orders.join(customers, (order, customer) => `${order} ${customer}`, options)
  joined.toStream().to(text('out'))
  return builder.build()
}

describe.each(engines)('with workers that crash, on state in %s,', (_name, openState) => {
  it.each([
    ['an inner', false],
    ['a left', true],
  ] as const)('%s join by a foreign key ends as the join of both tables', async (_kind, left) => {
    const expected = joinedRows(left)
    expect(expected.length).toBeGreaterThan(4)
    const out = await withCrashes({
      topology: joins(left),
      rounds: [records.slice(0, 140), records.slice(140, 281), records.slice(281)],
      openState,
      isDone: (all) => JSON.stringify(tableOf(all)) === JSON.stringify(expected),
    })
    expect(tableOf(out)).toEqual(expected)
  })
})

describe('a join by a foreign key', () => {
  it('joins tables of different partition counts, with the answers sent where the rows came from', async () => {
    await using broker = new EmbeddedBroker()
    const client = broker.open()
    await client.createTopics([
      { name: 'orders', partitions: 3 },
      { name: 'customers', partitions: 2 },
      { name: 'out', partitions: 1 },
    ])
    await client.close()
    const builder = new StreamsBuilder()
    builder
      .table(text('orders'), { store: 'orders' })
      .join(builder.table(text('customers'), { store: 'customers' }), (a, b) => `${a} ${b}`, {
        on: named,
        name: 'with-customer',
        otherPartitioner: (_topic, key, _value, partitions) => Number(key.slice(1)) % partitions,
      })
      .toStream()
      .to(text('out'))
    const { worker } = await startWorker({ topology: builder.build(), broker })
    // Neither lies where its key would put it.
    const numbers = [0, 1, 2, 3, 4, 5]
    await produce(
      broker,
      'orders',
      numbers.map((n) => ({ key: `o${n}`, value: `order|c${n}`, partition: (n + 1) % 3 })),
    )
    await produce(
      broker,
      'customers',
      numbers.map((n) => ({ key: `c${n}`, value: `customer ${n}`, partition: n % 2 })),
    )
    const expected = numbers.map((n) => `o${n} order|c${n} customer ${n}`)
    await eventually(async () => expect(tableOf(await readAll(broker, 'out'))).toEqual(expected))
    await worker.close()
  })
})
