import { StreamsBuilder, topic, type Topology } from 'millrace'
import { integer, string } from 'millrace/serdes'
import type { Scenario } from './scenario.ts'

const stock = topic('stock', { key: string(), value: integer() })
const names = topic('names', { key: string(), value: string() })
const named = topic('named', { key: string(), value: string() })
const totals = topic('totals', { key: string(), value: integer() })
const large = topic('large', { key: string(), value: integer() })

/** Tables with deletions: filtered, joined, and summed by another key, which takes out what a row was before. */
function build(): Topology {
  const builder = new StreamsBuilder()
  const stocks = builder.table(stock, { store: 'stock' })
  const labels = builder.table(names, { store: { name: 'names', logging: { everyUpdate: true } } })
  stocks
    .filter((value) => value > 50, { store: 'large' })
    .toStream()
    .to(large)
  stocks
    .join(labels, (value, name) => `${name}: ${value}`, {
      name: 'named',
      store: 'named',
      value: string(),
    })
    .toStream()
    .to(named)
  stocks
    .groupBy((value, key) => ({ key: key.length > 2 ? 'long' : 'short', value }), {
      key: string(),
      value: integer(),
      name: 'by-length',
    })
    .aggregate(
      () => 0,
      (sum: number, value) => sum + value,
      (sum: number, value) => sum - value,
      { store: 'totals', value: integer() },
    )
    .toStream()
    .to(totals)
  return builder.build()
}

export const tables: Scenario = {
  name: 'tables with deletions, filtered, joined and summed',
  build,
  outputs: { named: 'latest', totals: 'latest' },
  input(add, random) {
    for (let i = 40 + random.below(60); i > 0; i--) {
      const key = `k${random.below(14)}`
      if (random.chance(0.6)) {
        add(stock, { key, value: random.chance(0.25) ? null : random.below(100) })
      } else {
        add(names, { key, value: random.chance(0.25) ? null : `n${random.below(100)}` })
      }
    }
  },
}
