import { readdirSync, readFileSync } from 'node:fs'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { buildTopology } from './golden/build.ts'
import { entriesOf, readAsOf, sortedRows, storeRows } from './golden/store-rows.ts'
import { feed, outputsOf, recordsOf, type Vector } from './golden/vector.ts'

const golden = new URL('../golden/behaviour/', import.meta.url)
const names = readdirSync(golden).map((file) => file.replace(/\.json$/, ''))

describe('the same records give what they give in Kafka Streams:', () => {
  it.each(names)('%s', async (name) => {
    const vector = JSON.parse(readFileSync(new URL(`${name}.json`, golden), 'utf8')) as Vector
    const { topology, driver: options } = buildTopology(name)
    await using driver = await TopologyTestDriver.create(topology, options)
    await feed(driver, vector.inputs)
    expect(outputsOf(driver)).toEqual(vector.outputs)
    const topics = new Set(vector.internal?.map(({ topic }) => topic))
    expect(recordsOf(driver, [...topics])).toEqual(vector.internal ?? [])
    for (const [store, rows] of Object.entries(vector.stores)) {
      const entries = entriesOf(driver, store, vector.inputs)
      expect(storeRows(entries, rows), `the store ${store}`).toEqual(sortedRows(rows))
    }
    for (const read of vector.reads ?? []) expect(readAsOf(driver, read)).toEqual(read)
  })
})
