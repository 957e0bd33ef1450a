import { StreamsBuilder, topic, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import type { Scenario } from './scenario.ts'

const orders = topic('orders', { key: string(), value: string() })
const customers = topic('customers', { key: string(), value: string() })
const results = topic('results', { key: string(), value: string() })

function build(): Topology {
  const builder = new StreamsBuilder()
  const wanted = builder.table(orders, { store: 'orders' })
  wanted
    .leftJoin(
      builder.table(customers, { store: 'customers' }),
      (order, customer) => `${order} of ${customer ?? 'nobody'}`,
      {
        on: (order) => order.split('/')[0]!,
        name: 'orders-of',
        store: 'results',
        value: string(),
      },
    )
    .toStream()
    .to(results)
  return builder.build()
}

export const foreignKey: Scenario = {
  name: 'a join of tables by foreign key',
  build,
  stores: ['orders', 'customers', 'results'],
  outputs: { results: 'latest' },
  input(add, random) {
    for (let i = 30 + random.below(40); i > 0; i--) {
      const customer = `c${random.below(4)}`
      if (random.chance(0.6)) {
        const value = random.chance(0.2) ? null : `${customer}/${random.below(100)}`
        add(orders, { key: `o${random.below(10)}`, value })
      } else {
        const value = random.chance(0.2) ? null : `n${random.below(100)}`
        add(customers, { key: customer, value })
      }
    }
  },
}
