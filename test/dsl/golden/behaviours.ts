import { readdirSync, readFileSync } from 'node:fs'
import type { TopologyTestDriver } from 'millrace/testing'
import { expect } from 'vitest'
import { entriesOf, sortedRows, storeRows } from './store-rows.ts'
import { feed, outputsOf, recordsOf, type Vector } from './vector.ts'

const golden = new URL('../../golden/behaviour/', import.meta.url)

/** The topologies of which is known what Kafka Streams gives for some records. */
export const behaviours: readonly string[] = readdirSync(golden).map((file) =>
  file.replace(/\.json$/, ''),
)

/** What Kafka Streams gives. */
export function readBehaviour(name: string): Vector {
  return JSON.parse(readFileSync(new URL(`${name}.json`, golden), 'utf8')) as Vector
}

/** Feeds the records to a topology, which must give what Kafka Streams gives. */
export async function expectBehaviour(driver: TopologyTestDriver, vector: Vector): Promise<void> {
  await feed(driver, vector.inputs)
  expect(outputsOf(driver)).toEqual(vector.outputs)
  const topics = new Set(vector.internal?.map(({ topic }) => topic))
  expect(recordsOf(driver, [...topics])).toEqual(vector.internal ?? [])
  for (const [store, rows] of Object.entries(vector.stores)) {
    const entries = entriesOf(driver, store, vector.inputs)
    expect(storeRows(entries, rows), `the store ${store}`).toEqual(sortedRows(rows))
  }
}
