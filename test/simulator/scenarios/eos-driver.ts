import { StreamsBuilder, topic, type Topology } from 'millrace'
import { integer, string } from 'millrace/serdes'
import type { Scenario } from './scenario.ts'

const data = topic('data', { key: string(), value: integer() })
const echo = topic('echo', { key: string(), value: integer() })
const counts = topic('counts', { key: string(), value: integer() })
const sums = topic('sums', { key: string(), value: integer() })
const lows = topic('lows', { key: string(), value: integer() })
const groups = topic('groups', { key: string(), value: integer() })

/** What Kafka's EosTestDriver verifies: echo, count, sum and minimum, and a count through a repartition. */
function build(): Topology {
  const builder = new StreamsBuilder()
  const records = builder.stream(data)
  records.to(echo)
  const byKey = records.groupByKey()
  byKey.count({ store: 'counts' }).toStream().to(counts)
  byKey
    .aggregate(
      () => 0,
      (sum: number, value) => sum + value,
      { store: 'sums', value: integer() },
    )
    .toStream()
    .to(sums)
  byKey
    .reduce((low, value) => Math.min(low, value), { store: 'lows' })
    .toStream()
    .to(lows)
  records
    .groupBy((value) => `group-${value % 3}`, { name: 'groups', key: string() })
    .count({ store: 'groups' })
    .toStream()
    .to(groups)
  return builder.build()
}

export const eosDriver: Scenario = {
  name: 'echo, count, sum, minimum, and a count through a repartition',
  build,
  input(add, random) {
    const records = 40 + random.below(60)
    const keys = 1 + random.below(8)
    for (let i = 0; i < records; i++) {
      add(data, { key: `k${random.below(keys)}`, value: random.below(1_000) })
    }
  },
}
