import { StreamsBuilder, topic, type KTable, type Topology } from 'millrace'
import { integer, string } from 'millrace/serdes'

const lines = topic('lines', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: integer() })

const builder = new StreamsBuilder()

/** How often each word came. */
export const wordCounts: KTable<string, number> = builder
  .stream(lines)
  .flatMapValues((line) => line.toLowerCase().match(/\p{L}+/gu) ?? [])
  .groupBy((word) => word, { name: 'by-word', key: string(), value: string() })
  .count({ store: 'word-counts' })

wordCounts
  .toStream()
  .filter((count) => count !== null)
  .to(counts)

const topology: Topology = builder.build()
export default topology
