import { StreamsBuilder, topic, type Topology } from 'millrace'
import { integer, string } from 'millrace/serdes'
import type { MergedOutput } from 'millrace/testing'
import type { Scenario } from './scenario.ts'

const data = topic('data', { key: string(), value: integer() })
const echo = topic('echo', { key: string(), value: integer() })
const highs = topic('highs', { key: string(), value: integer() })
const groups = topic('groups', { key: string(), value: integer() })

/** What a repetition changes nothing of: the highest of all, and a set, as bits, through a repartition. */
function build(): Topology {
  const builder = new StreamsBuilder()
  const records = builder.stream(data)
  records.to(echo)
  records
    .groupByKey()
    .reduce((high, value) => Math.max(high, value), { store: 'highs' })
    .toStream()
    .to(highs)
  records
    .groupBy((value) => `group-${value % 3}`, { name: 'groups', key: string() })
    .aggregate(
      () => 0,
      (bits: number, value) => bits | (1 << (value % 31)),
      { store: { name: 'groups', logging: { everyUpdate: true } }, value: integer() },
    )
    .toStream()
    .to(groups)
  return builder.build()
}

/** Of integers as their serde writes them. */
function merging(merge: (one: number, other: number) => number): MergedOutput {
  return {
    merge(one, other) {
      const all = Buffer.alloc(4)
      all.writeInt32BE(merge(one.readInt32BE(), other.readInt32BE()))
      return all
    },
  }
}

export const atLeastOnce: Scenario = {
  name: 'at least once: echo, maximum, and a set through a repartition',
  processingGuarantee: 'at_least_once',
  build,
  outputs: { echo: 'each', highs: merging(Math.max), groups: merging((one, other) => one | other) },
  stores: ['highs', 'groups'],
  input(add, random) {
    for (let i = 40 + random.below(60); i > 0; i--) {
      add(data, { key: `k${random.below(6)}`, value: random.below(100_000) })
    }
  },
}
