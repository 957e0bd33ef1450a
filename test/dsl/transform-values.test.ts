import {
  StreamsBuilder,
  TopologyError,
  type TransformContext,
  type ValueTransformer,
} from 'millrace'
import { string } from 'millrace/serdes'
import { keyValueStore, type KeyValueStore } from 'millrace/state'
import { TopologyTestDriver } from 'millrace/testing'
import { expect, it } from 'vitest'
import { text } from './golden/topics.ts'

const key = string()
const value = string()
const names = keyValueStore({ name: 'names', key, value })

// In Kafka Streams the join, which transforms the rows that it reads itself, is not connected to the stores for that.
it.each(['at once', 'later'])(
  'a table that is computed as it is read has the stores of its transformer, opened %s',
  async (when) => {
    const events: string[] = []
    class Naming implements ValueTransformer<string, string, string> {
      private store!: KeyValueStore<string, string>

      async init(context: TransformContext): Promise<void> {
        if (when === 'later') await Promise.resolve()
        this.store = context.store(names.storeName) as KeyValueStore<string, string>
        events.push('opened')
      }

      async transform(word: string | null, id: string): Promise<string> {
        const name = (await this.store.get(id)) ?? 'nobody'
        if (word !== null) this.store.put(id, word)
        return `${name} then ${word}`
      }

      close(): void {
        events.push('closed')
      }
    }
    const builder = new StreamsBuilder()
    builder.addStateStore(names)
    const table = builder
      .table(text('table'))
      .transformValues(() => new Naming(), { stores: [names] })
    builder
      .stream(text('in'))
      .leftJoin(table, (word, row) => `${word}: ${row}`)
      .to(text('out'))
    const driver = await TopologyTestDriver.create(builder.build())
    await driver.input(text('table')).pipe({ key: 'k', value: 'Ada', timestampMs: 1 })
    await driver.input(text('in')).pipe({ key: 'k', value: 'hi', timestampMs: 2 })
    await driver.input(text('in')).pipe({ key: 'l', value: 'hi', timestampMs: 3 })
    expect(driver.output(text('out')).readValues()).toEqual([
      'hi: Ada then Ada',
      'hi: nobody then null',
    ])
    await driver.close()
    // One in the table's own operator, and one in the join.
    expect(events).toEqual(['opened', 'opened', 'closed', 'closed'])
  },
)

it('a transformer cannot be held in a store of values whose serde is not known', () => {
  const table = new StreamsBuilder().table(text('in'))
  const same = (): ValueTransformer<string, string, string> => ({ transform: (word) => word })
  expect(() => table.transformValues(same, { store: 'rows' })).toThrow(TopologyError)
  expect(() => table.transformValues(same, { store: 'rows' })).toThrow(/serde of its values/)
})

it('a transformer knows the record that it is asked about, and nothing to forward to', async () => {
  const seen: unknown[] = []
  const builder = new StreamsBuilder()
  builder.table(text('in')).transformValues<string>(() => ({
    transform(word, _id, context) {
      const { topic, offset, timestampMs, headers, recordMetadata } = context
      seen.push([
        word,
        topic,
        offset,
        timestampMs,
        headers.length,
        recordMetadata,
        'forward' in context,
      ])
      return word
    },
  }))
  await using driver = await TopologyTestDriver.create(builder.build())
  const headers = [{ key: 'id', value: null }]
  await driver.input(text('in')).pipe({ key: 'k', value: 'a', timestampMs: 7, headers })
  await driver.input(text('in')).pipe({ key: 'k', value: null, timestampMs: 8 })
  const place = (offset: number): object => ({ topic: 'in', partition: 0, offset })
  expect(seen).toEqual([
    ['a', 'in', 0, 7, 1, place(0), false],
    [null, 'in', 1, 8, 0, place(1), false],
  ])
})
