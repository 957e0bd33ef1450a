import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { behaviours, expectBehaviour, readBehaviour } from './golden/behaviours.ts'
import { buildTopology } from './golden/build.ts'
import { readAsOf } from './golden/store-rows.ts'

describe('the same records give what they give in Kafka Streams:', () => {
  it.each(behaviours)('%s', async (name) => {
    const vector = readBehaviour(name)
    const { topology, driver: options } = buildTopology(name)
    await using driver = await TopologyTestDriver.create(topology, options)
    await expectBehaviour(driver, vector)
    for (const read of vector.reads ?? []) expect(readAsOf(driver, read)).toEqual(read)
  })
})
