import { StreamsBuilder, topic, type Topology } from 'millrace'
import { integer, string } from 'millrace/serdes'
import type { Scenario } from './scenario.ts'

const left = topic('left', { key: string(), value: integer() })
const right = topic('right', { key: string(), value: integer() })
const even = topic('even', { key: string(), value: integer() })
const odd = topic('odd', { key: string(), value: integer() })
const slow = topic('slow', { key: string(), value: string() })

function build(): Topology {
  const builder = new StreamsBuilder()
  const both = builder
    .stream([left, right])
    .flatMapValues((value) => [value, ...(value % 5 === 0 ? [-value] : [])])
  both.filter((value) => value % 2 === 0).to(even)
  both.filter((value) => value % 2 !== 0).to(odd)
  // Calls that end in an order of their own, one after the other for a key.
  builder
    .stream([left, right])
    .mapValuesAsync(async (value, key) => await Promise.resolve(`${key} has ${value}`), {
      concurrency: 3,
      value: string(),
    })
    .to(slow)
  return builder.build()
}

export const stateless: Scenario = {
  name: 'two streams filtered, multiplied, and mapped by calls',
  build,
  outputs: { even: 'each', odd: 'each', slow: 'each' },
  input(add, random) {
    for (let i = 40 + random.below(60); i > 0; i--) {
      const value = random.below(100)
      add(random.pick([left, right]), { key: `k${random.below(6)}`, value })
    }
  },
}
