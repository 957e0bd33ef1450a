import type { Processor, StreamsBuilder } from 'millrace'
import { string } from 'millrace/serdes'
import { keyValueStore, type KeyValueStoreSpec } from 'millrace/state'
import { text, type Declare } from './topics.ts'

const pass: Processor<string, string, string, string> = {
  process: (record, context) => context.forward(record),
}

function store(name: string): KeyValueStoreSpec<string, string> {
  return keyValueStore({ name, key: string(), value: string() })
}

function process(builder: StreamsBuilder): void {
  const seen = store('seen')
  builder.addStateStore(seen)
  const stream = builder.stream(text('in'))
  const serdes = { key: string(), value: string() }
  stream
    .process(() => pass, serdes)
    .groupByKey()
    .count()
  stream.process(() => pass, { name: 'watch', stores: [seen] }).to(text('out'))
  stream
    .processValues(() => pass)
    .groupByKey()
    .count()
  stream.processValues(() => pass, { name: 'watch-values', stores: [seen] }).to(text('out-2'))
}

function sharedStores(builder: StreamsBuilder): void {
  const stores = Array.from({ length: 14 }, (_, i) => store(`store-${i}`))
  for (const spec of stores) builder.addStateStore(spec)
  const first = builder.stream(text('in'))
  const second = builder.stream(text('in-2'))
  const third = builder.stream(text('in-3'))
  first.process(() => pass, { name: 'some', stores: stores.slice(0, 5) })
  second.process(() => pass, { name: 'most', stores: stores.slice(4) })
  third.process(() => pass, { name: 'all', stores })
  builder.stream(text('in-4')).process(() => pass, { stores: [stores[0]!] })
}

export const processorTopologies: Readonly<Record<string, Declare>> = {
  process,
  'shared-stores': sharedStores,
}
