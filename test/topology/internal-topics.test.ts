import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decoratedTopicName, type TopologyPlan } from '../../src/topology/topology-plan.ts'
import { buildTopology } from '../dsl/golden/build.ts'

const golden = new URL('../golden/topics/', import.meta.url)
const names = readdirSync(golden).map((file) => file.replace(/\.json$/, ''))

/** The internal topics as the oracle writes them. */
function topicsOf(plan: TopologyPlan): Record<string, object> {
  return Object.fromEntries(
    [...plan.internalTopics.values()].map(({ name, partitions, config }) => [
      decoratedTopicName(plan, 'oracle', name),
      partitions === undefined ? config : { partitions, ...config },
    ]),
  )
}

type Topics = Record<string, Record<string, string>>

/** Where a topic is configured otherwise on purpose, by the name of the topology. */
const otherwise: Readonly<Record<string, Topics>> = {
  // Windows whose results come at their close are kept until then, a millisecond longer than their size and grace.
  'emit-tumbling-kept-shortly': { 'oracle-counts-changelog': { 'retention.ms': '86400016' } },
  // Windows of one point in time have to be kept at least a millisecond to be joined at all.
  'stream-join-outer-throttled-at-once': {
    'oracle-KSTREAM-OUTEROTHER-0000000005-store-changelog': { 'retention.ms': '86400001' },
    'oracle-KSTREAM-OUTERTHIS-0000000004-store-changelog': { 'retention.ms': '86400001' },
  },
  // Each entry of a join's store has a key of its own: there is nothing to compact, whoever declared the store.
  'stream-join-stores': Object.fromEntries(
    ['lefts', 'mine', 'others', 'rights'].map((store) => [
      `oracle-${store}-changelog`,
      { 'cleanup.policy': 'delete' },
    ]),
  ),
}

describe('internal topics have the names and the configuration that they have in Kafka Streams:', () => {
  it.each(names)('%s', (name) => {
    const text = readFileSync(new URL(`${name}.json`, golden), 'utf8')
    const topics = JSON.parse(text) as Topics
    for (const [topic, config] of Object.entries(otherwise[name] ?? {})) {
      expect(topics[topic]).not.toMatchObject(config)
      topics[topic] = { ...topics[topic], ...config }
    }
    expect(topicsOf(buildTopology(name).topology.plan())).toEqual(topics)
  })
})
