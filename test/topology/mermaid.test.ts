import { StreamsBuilder } from 'millrace'
import { expect, it } from 'vitest'
import { counts, text } from '../dsl/golden/topics.ts'

it('describe() draws a flow chart', () => {
  const builder = new StreamsBuilder()
  const products = builder.globalTable(text('products'), { store: 'products', name: 'load' })
  builder
    .stream(text('purchases'), { name: 'source' })
    .join(products, (a) => a, { on: (id) => id, name: 'priced' })
    .groupByKey({ value: text('').value })
    .count({ name: 'count', store: 'counts' })
    .toStream({ name: 'updates' })
    .to(counts('out'), { name: 'sink' })
  expect(builder.build().describe({ format: 'mermaid' })).toBe(`flowchart TD
  topic2(["purchases"])
  topic8(["out"])
  topic11(["products"])
  subgraph box0 ["sub-topology 1"]
    node1["source"]
    node3["priced"]
    node4["count"]
    node5["updates"]
    node7["sink"]
    store6[("counts")]
  end
  subgraph box9 ["global store products"]
    node10["load-source"]
    node12["load"]
    store13[("products")]
  end
  topic2 --> node1
  node1 --> node3
  node3 --> node4
  node4 --> node5
  node4 --- store6
  node5 --> node7
  node7 --> topic8
  topic11 --> node10
  node10 --> node12
  node12 --- store13
`)
})
