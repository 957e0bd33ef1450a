import { readdirSync, readFileSync } from 'node:fs'
import { retrying } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { logAndFail } from '../../src/runtime/error-handlers.ts'
import { flakyPlan } from './flaky-plan.ts'
import { buildTopology } from './golden/build.ts'
import { entriesOf, sortedRows, storeRows } from './golden/store-rows.ts'
import { feed, outputsOf, recordsOf, type Vector } from './golden/vector.ts'
import { Seeded } from './random/seeded.ts'

const golden = new URL('../golden/behaviour/', import.meta.url)
const names = readdirSync(golden).map((file) => file.replace(/\.json$/, ''))
const retry = retrying({ attempts: Infinity, otherwise: logAndFail })

describe('though processors fail and records are undone and tried again, there is what Kafka Streams gives:', () => {
  const count = { failures: 0 }

  afterAll(() => expect(count.failures).toBeGreaterThan(1_000))

  it.each(names.map((name, i) => [name, i] as const))('%s', async (name, i) => {
    const vector = JSON.parse(readFileSync(new URL(`${name}.json`, golden), 'utf8')) as Vector
    const { topology, driver: options } = buildTopology(name)
    const flaky = { plan: () => flakyPlan(topology.plan(), new Seeded(i), count) }
    const handlers = { deserialization: logAndFail, processing: retry }
    await using driver = await TopologyTestDriver.create(flaky, { ...options, handlers })
    await feed(driver, vector.inputs)
    expect(outputsOf(driver)).toEqual(vector.outputs)
    const topics = new Set(vector.internal?.map(({ topic }) => topic))
    expect(recordsOf(driver, [...topics])).toEqual(vector.internal ?? [])
    for (const [store, rows] of Object.entries(vector.stores)) {
      const entries = entriesOf(driver, store, vector.inputs)
      expect(storeRows(entries, rows), `the store ${store}`).toEqual(sortedRows(rows))
    }
  })
})
