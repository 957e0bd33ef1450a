import { StreamsBuilder } from 'millrace'
import { expect, it } from 'vitest'
import { counts, text } from '../dsl/golden/topics.ts'

it('describe() draws a graph for Graphviz', () => {
  const builder = new StreamsBuilder()
  const products = builder.globalTable(text('products'), { store: 'products', name: 'load' })
  builder
    .stream(text('purchases'), { name: 'source' })
    .join(products, (a) => a, { on: (id) => id, name: 'priced' })
    .groupByKey({ value: text('').value })
    .count({ name: 'count', store: 'counts' })
    .toStream({ name: 'updates' })
    .to(counts('out'), { name: 'sink' })
  expect(builder.build().describe({ format: 'dot' })).toBe(`digraph topology {
  "topic purchases" [label="purchases", shape=ellipse]
  "topic out" [label="out", shape=ellipse]
  "topic products" [label="products", shape=ellipse]
  subgraph "cluster sub-topology 1" {
    label="sub-topology 1"
    "node source" [label="source", shape=box]
    "node priced" [label="priced", shape=box]
    "node count" [label="count", shape=box]
    "node updates" [label="updates", shape=box]
    "node sink" [label="sink", shape=box]
    "store counts" [label="counts", shape=cylinder]
  }
  subgraph "cluster global store products" {
    label="global store products"
    "node load-source" [label="load-source", shape=box]
    "node load" [label="load", shape=box]
    "store products" [label="products", shape=cylinder]
  }
  "topic purchases" -> "node source"
  "node source" -> "node priced"
  "node priced" -> "node count"
  "node count" -> "node updates"
  "node count" -> "store counts" [dir=none]
  "node updates" -> "node sink"
  "node sink" -> "topic out"
  "topic products" -> "node load-source"
  "node load-source" -> "node load"
  "node load" -> "store products" [dir=none]
}
`)
})

it('describe() refuses a format that there is not', () => {
  const builder = new StreamsBuilder()
  builder.stream(text('in')).to(text('out'))
  expect(() => builder.build().describe({ format: 'svg' as never })).toThrow(
    /no format "svg"; describe takes text, mermaid, dot and json/,
  )
})
