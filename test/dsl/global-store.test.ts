import { StreamsBuilder } from 'millrace'
import { string } from 'millrace/serdes'
import { keyValueStore } from 'millrace/state'
import { TopologyTestDriver } from 'millrace/testing'
import { expect, it } from 'vitest'
import { text } from './golden/topics.ts'

it('a global store is filled by its own processor and read by any other', async () => {
  const rates = keyValueStore({ name: 'rates', key: string(), value: string() })
  const builder = new StreamsBuilder()
  builder.addGlobalStore(rates, {
    topic: text('rates'),
    sourceName: 'rates-source',
    processorName: 'rates-processor',
    supplier: () => ({
      process: (record, context) => context.store(rates).put(record.key, record.value),
    }),
  })
  builder
    .stream(text('in'))
    .process(
      () => ({
        async process(record, context) {
          const rate = await context.store(rates).get(record.value)
          await context.forward(record.withValue(`${record.value}=${rate}`))
        },
      }),
      { stores: [rates], key: string(), value: string() },
    )
    .to(text('out'))
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.input(text('rates')).pipe({ key: 'eur', value: '2' })
  await driver.input(text('in')).pipe({ key: 'k', value: 'eur' })
  await driver.input(text('rates')).pipe({ key: 'eur', value: null })
  await driver.input(text('in')).pipe({ key: 'k', value: 'eur' })
  expect(driver.output(text('out')).readValues()).toEqual(['eur=2', 'eur=undefined'])
})
