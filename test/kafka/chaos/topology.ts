import { StreamsBuilder, topic, type Topology } from 'millrace'
import { long, string } from 'millrace/serdes'

const data = { key: string(), value: long() }

/** What is read: numbers by key. */
export const numbers = topic('numbers', data)
export const echoes = topic('echoes', data)
export const minima = topic('minima', data)
export const sums = topic('sums', data)
export const maxima = topic('maxima', data)
export const counts = topic('counts', data)

export const partitions = 4

/** The stores by what they hold, to be compared at the end. */
export const storeNames: readonly ['min', 'sum', 'max', 'count'] = ['min', 'sum', 'max', 'count']

/**
 * Echo, minimum and sum by key; maximum and count by key behind a repartition topic. Each record read has exactly one
 * record of each output. Source: `EosTestClient` of Kafka Streams' system tests.
 */
export function chaosTopology(): Topology {
  const builder = new StreamsBuilder()
  const read = builder.stream(numbers)
  read.to(echoes)
  const byKey = read.groupByKey()
  const least = (a: bigint, b: bigint): bigint => (b < a ? b : a)
  byKey.reduce(least, { store: 'min' }).toStream().to(minima)
  const add = (sum: bigint, value: bigint): bigint => sum + value
  byKey
    .aggregate(() => 0n, add, { store: 'sum', value: long() })
    .toStream()
    .to(sums)
  const again = read.repartition({ name: 'again' }).groupByKey()
  const most = (a: bigint, b: bigint): bigint => (b > a ? b : a)
  again.reduce(most, { store: 'max' }).toStream().to(maxima)
  const one = (count: bigint): bigint => count + 1n
  again
    .aggregate(() => 0n, one, { store: 'count', value: long() })
    .toStream()
    .to(counts)
  return builder.build()
}
