import { describe, expect, it } from 'vitest'
import { string, double } from '../../src/serdes/index.ts'
import { keyValueStore } from '../../src/state/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { Topology } from '../../src/topology/topology.ts'
import { topic } from '../../src/topology/topic.ts'

const words = topic('words', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: double() })
const countStore = keyValueStore({ name: 'counts-store', key: string(), value: double() })

function countingTopology(): Topology {
  const topology = new Topology()
  const source = topology.addSource('source', words)
  const counter = topology.addProcessor<string, string, string, number, [typeof countStore]>(
    'count',
    () => ({
      process(record, context) {
        const store = context.store(countStore)
        const count = ((store.get(record.key) as number | undefined) ?? 0) + 1
        store.put(record.key, count)
        return context.forward(record.withValue(count))
      },
    }),
    { parents: [source], stores: [countStore] },
  )
  topology.addSink('sink', counts, { parents: [counter] })
  return topology
}

describe('TopologyTestDriver', () => {
  it('runs a topology and shows what it wrote and stored', async () => {
    await using driver = await TopologyTestDriver.create(countingTopology())
    const input = driver.input(words)
    input.pipe({ key: 'a', value: 'x', timestampMs: 5 })
    input.pipe({ key: 'b', value: 'x', timestampMs: 6 })
    expect(input.pipe({ key: 'a', value: 'x', timestampMs: 7 })).toBeUndefined()
    expect(driver.output(counts).readKeyValues()).toEqual([
      ['a', 1],
      ['b', 1],
      ['a', 2],
    ])
    expect(driver.output(counts).isEmpty()).toBe(true)
    expect(driver.store(countStore).getWithTimestamp('a')).toEqual({ value: 2, timestampMs: 7 })
    expect(
      driver
        .store(countStore)
        .all()
        .map(({ key }) => key),
    ).toEqual(['a', 'b'])
  })
})
