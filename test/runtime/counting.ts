import type { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { StreamsBuilder } from '../../src/index.ts'
import { string } from '../../src/serdes/index.ts'
import { topic } from '../../src/topology/topic.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { produce, readAll } from './worker-harness.ts'

const events = topic('events', { key: string(), value: string() })
const totals = topic('totals', { key: string(), value: string() })

/** Counts records by key: what is lost or counted twice shows in the totals. */
export function counting(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(events)
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .mapValues((count) => String(count))
    .to(totals)
  return builder.build()
}

const countingPartitions = 4

export async function createCountingTopics(broker: EmbeddedBroker): Promise<void> {
  const client = broker.open()
  await client.createTopics([
    { name: 'events', partitions: countingPartitions },
    { name: 'totals', partitions: 2 },
  ])
  await client.close()
}

/** One record of each key, each key always in the same partition. */
export async function produceRound(broker: EmbeddedBroker, keys: readonly string[]): Promise<void> {
  const records = keys.map((key, i) => ({ key, value: 'x', partition: i % countingPartitions }))
  await produce(broker, 'events', records)
}

/** The highest count of each key among what was committed, and how many results there are. */
export async function readTotals(
  broker: EmbeddedBroker,
): Promise<{ totals: globalThis.Record<string, number>; results: number }> {
  const records = await readAll(broker, 'totals')
  const found: globalThis.Record<string, number> = {}
  for (const { key, value } of records) found[key!] = Math.max(found[key!] ?? 0, Number(value))
  return { totals: found, results: records.length }
}

/** What {@link readTotals} gives when each of so many rounds was counted exactly once. */
export function exactly(
  rounds: number,
  keys: readonly string[],
): { totals: globalThis.Record<string, number>; results: number } {
  return {
    totals: Object.fromEntries(keys.map((key) => [key, rounds])),
    results: rounds * keys.length,
  }
}
