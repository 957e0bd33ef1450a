import {
  Record,
  StreamsBuilder,
  topic,
  TopologyError,
  type KTableIndex,
  type TableIndex,
} from 'millrace'
import { json, string } from 'millrace/serdes'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { builtSlot, type IndexSlot } from '../../src/state/index-slot.ts'
import type { KeyValueStore } from '../../src/state/store.ts'
import { indexedRows } from '../../src/state/table-index.ts'
import { CrashableTask } from '../runtime/crashable-task.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import { text } from './golden/topics.ts'

interface Customer {
  readonly name: string
  readonly city: string
  readonly tags?: readonly string[]
}

const customers = topic('customers', { key: string(), value: json<Customer>() })

function declare(builder: StreamsBuilder): {
  byCity: KTableIndex<string, string, Customer>
  byTag: KTableIndex<string, string, Customer>
} {
  const table = builder.table(customers, { store: 'customers' })
  return {
    byCity: table.index('by-city', (customer) => customer.city, { key: string() }),
    byTag: table.index('by-tag', (customer) => customer.tags ?? [], { key: string() }),
  }
}

const customer = (name: string, city: string, ...tags: string[]): Customer => {
  return { name, city, ...(tags.length > 0 && { tags }) }
}

describe('an index of a table', () => {
  it('finds rows by what is in them as they change and go', async () => {
    const builder = new StreamsBuilder()
    const { byCity, byTag } = declare(builder)
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.input(customers)
    const found = async (
      index: KTableIndex<string, string, Customer>,
      key: string,
    ): Promise<string[]> => (await driver.indexed(index, key)).map((row) => row.value.name)
    await input.pipe({ key: '1', value: customer('Ada', 'Paris', 'a', 'b', 'a') })
    await input.pipe({ key: '2', value: customer('Bob', 'Paris\0', 'b') })
    await input.pipe({ key: '3', value: customer('Cid', 'Paris') })
    expect(await found(byCity, 'Paris')).toEqual(['Ada', 'Cid'])
    expect(await found(byCity, 'Paris\0')).toEqual(['Bob'])
    expect(await found(byTag, 'a')).toEqual(['Ada'])
    expect(await found(byTag, 'b')).toEqual(['Ada', 'Bob'])
    await input.pipe({ key: '1', value: customer('Ada', 'Rome', 'b') })
    await input.pipe({ key: '3', value: null })
    expect(await found(byCity, 'Paris')).toEqual([])
    expect(await found(byCity, 'Rome')).toEqual(['Ada'])
    expect(await found(byTag, 'a')).toEqual([])
    // One entry a row and index key, and that all rows are in it.
    expect(driver.store('by-city').all()).toHaveLength(2 + 1)
  })

  it('is read by processors that name it', async () => {
    const builder = new StreamsBuilder()
    const { byCity } = declare(builder)
    builder
      .stream(text('cities'))
      .process<string, string, [typeof byCity]>(
        () => {
          let index: TableIndex<string, string, Customer>
          return {
            init(context) {
              index = byCity.from(context)
            },
            async process({ key, value, timestampMs }, context) {
              const names: string[] = []
              for await (const row of index.get(value)) names.push(row.value.name)
              await context.forward(new Record(key, names.join(' '), timestampMs))
            },
          }
        },
        { stores: [byCity], key: string(), value: string() },
      )
      .to(text('names'))
    await using driver = await TopologyTestDriver.create(builder.build())
    await driver.input(customers).pipe({ key: '1', value: customer('Ada', 'Rome') })
    await driver.input(customers).pipe({ key: '2', value: customer('Bob', 'Rome') })
    await driver.input(text('cities')).pipe({ key: 'k', value: 'Rome' })
    expect(driver.output(text('names')).readValues()).toEqual(['Ada Bob'])
  })

  it('is built beside processing where the table has rows already, and read rightly meanwhile', async () => {
    const plain = new StreamsBuilder()
    // Old values are kept in any case, so that both topologies have the same store.
    plain.table(customers, { store: 'customers' })
    const builder = new StreamsBuilder()
    const { byCity } = declare(builder)
    const rows = Array.from({ length: 2_500 }, (_, i) => {
      const value = JSON.stringify(customer(`c${i}`, i % 2 === 0 ? 'Rome' : 'Paris'))
      return { key: String(i), value, timestampMs: i }
    })
    const moved = { key: '2', value: JSON.stringify(customer('c2', 'Oslo')), timestampMs: 3_000 }
    const gone = { key: '4', value: null, timestampMs: 3_001 }
    const folder = await temporaryFolder()
    const inputs = { customers: [...rows, moved, gone] }
    await using task = new CrashableTask(plain.build(), inputs, { folder })
    await task.open()
    await task.step(rows.length)
    await task.commit()
    await task.crash(builder.build())
    const inRome = async (): Promise<string[]> => {
      const found: string[] = []
      const index = task.state.store('by-city') as KeyValueStore<IndexSlot<string, string>, true>
      const table = task.state.store('customers') as KeyValueStore<string, Customer>
      const { keysOf } = byCity
      for await (const row of indexedRows({ index, table, keysOf }, 'Rome')) found.push(row.key)
      return found.sort()
    }
    const before = rows.filter((_row, i) => i % 2 === 0).map(({ key }) => key)
    expect(await inRome()).toEqual([...before].sort())
    const built = async (): Promise<boolean> =>
      (await (task.state.store('by-city') as KeyValueStore<unknown, true>).get(builtSlot)) === true
    expect(await built()).toBe(false)
    const buildOn = async (): Promise<void> => {
      task.clock.advanceSync(10)
      await task.task.punctuate(task.clock.now())
      await task.commit()
    }
    await buildOn()
    await task.drain()
    await buildOn()
    await task.crash()
    for (let round = 0; round < 10 && !(await built()); round++) await buildOn()
    expect(await built()).toBe(true)
    const after = before.filter((key) => key !== '2' && key !== '4').sort()
    expect(await inRome()).toEqual(after)
    const store = task.state.store('by-city') as KeyValueStore<unknown, true>
    const entries: unknown[] = []
    for await (const entry of store.range()) entries.push(entry)
    // One for each row, and that all rows are in it.
    expect(entries).toHaveLength(rows.length - 1 + 1)
  })

  it('is refused of what is in no store, or has windows', () => {
    const builder = new StreamsBuilder()
    const table = builder.table(customers)
    const derived = table.filter((row) => row.city !== '')
    expect(() => derived.index('by-city', (row) => row.city, { key: string() })).toThrow(
      TopologyError,
    )
    // @ts-expect-error The selector gives text.
    table.index('by-name', (row) => row.name, { key: json<number>() })
  })
})
