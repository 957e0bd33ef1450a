// What each thread of threads.mjs loads. Each has a broker of its own, since an installed package is tried without Kafka.
import { isMainThread } from 'node:worker_threads'
import { defineConfig, StreamsBuilder, topic } from 'millrace'
import { EmbeddedBroker } from 'millrace/broker/embedded'
import { string } from 'millrace/serdes'

const embedded = new EmbeddedBroker()
const words = topic('words', { key: string(), value: string() })
const builder = new StreamsBuilder()
builder.stream(words).groupByKey().count({ store: 'counts' })

if (!isMainThread) {
  await embedded.open().createTopics([{ name: words.name, partitions: 2 }])
}

export const config = defineConfig({
  applicationId: 'threads',
  topology: builder.build(),
  broker: { name: 'one a thread', open: (environment) => embedded.open(environment) },
  module: import.meta.url,
})
