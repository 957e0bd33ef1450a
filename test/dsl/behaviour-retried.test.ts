import { retrying } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { logAndFail } from '../../src/runtime/error-handlers.ts'
import { flakyPlan } from './flaky-plan.ts'
import { behaviours, expectBehaviour, readBehaviour } from './golden/behaviours.ts'
import { buildTopology } from './golden/build.ts'
import { Seeded } from './random/seeded.ts'

const retry = retrying({ attempts: Infinity, otherwise: logAndFail })

describe('though processors fail and records are undone and tried again, there is what Kafka Streams gives:', () => {
  const count = { failures: 0 }

  afterAll(() => expect(count.failures).toBeGreaterThan(1_000))

  it.each(behaviours.map((name, i) => [name, i] as const))('%s', async (name, i) => {
    const { topology, driver: options } = buildTopology(name)
    const flaky = { plan: () => flakyPlan(topology.plan(), new Seeded(i), count) }
    const handlers = { deserialization: logAndFail, processing: retry }
    await using driver = await TopologyTestDriver.create(flaky, { ...options, handlers })
    await expectBehaviour(driver, readBehaviour(name))
  })
})
