import { existsSync, readFileSync } from 'node:fs'
import { StreamsBuilder, type BuildOptions, type OptimizationName, type Topology } from 'millrace'
import type { TopologyTestDriverOptions } from 'millrace/testing'
import { allTopologies } from './all-topologies.ts'

const configs = new URL('../../golden/config/', import.meta.url)

/** A topology of the oracle, and how the test driver is to run it. */
export interface Built {
  readonly topology: Topology
  readonly driver: TopologyTestDriverOptions
}

/** Builds a topology of the oracle with the settings that Kafka Streams had for it. */
export function buildTopology(name: string): Built {
  const declare = allTopologies[name]
  if (!declare) throw new Error(`No file in test/dsl/golden declares the topology ${name}.`)
  const driver: { -readonly [K in keyof TopologyTestDriverOptions]: TopologyTestDriverOptions[K] } =
    {}
  let optimize: BuildOptions['optimize'] = 'none'
  for (const [key, value] of Object.entries(configOf(name))) {
    switch (key) {
      case 'statestore.cache.max.bytes':
        // Every update is forwarded here, with Kafka Streams' record cache and without.
        break
      case '__emit.interval.ms.kstreams.outer.join.spurious.results.fix__':
      case '__emit.interval.ms.kstreams.windowed.aggregation__':
        // The topology says it itself, as `emitIntervalMs`.
        break
      case 'max.task.idle.ms':
        driver.maxTaskIdleMs = Number(value)
        break
      case 'topology.optimization':
        optimize = value === 'all' ? 'all' : (String(value).split(',') as OptimizationName[])
        break
      case '__enable.process.processValue.fix__':
        // What Kafka Streams mends only where it is asked to is right here from the first.
        break
      default:
        throw new Error(`The replay does not know the setting ${key} of the case ${name}.`)
    }
  }
  const builder = new StreamsBuilder()
  declare(builder)
  return { topology: builder.build({ optimize }), driver }
}

function configOf(name: string): Readonly<Record<string, unknown>> {
  const file = new URL(`${name}.json`, configs)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>) : {}
}
