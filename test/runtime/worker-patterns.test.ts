import { describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { StreamsBuilder, topics } from '../../src/index.ts'
import { string } from '../../src/serdes/index.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { textTopic } from './text-topologies.ts'
import { eventually, produce, readAll, startWorker } from './worker-harness.ts'

const serdes = { key: string(), value: string() }
const orders = topics(/orders-.*/, serdes)

function copying(): Topology {
  const builder = new StreamsBuilder()
  builder.stream(orders).to(textTopic('out'))
  return builder.build()
}

async function valuesIn(broker: EmbeddedBroker, topic: string): Promise<(string | null)[]> {
  return (await readAll(broker, topic)).map(({ value }) => value).sort()
}

describe('a worker whose topology reads topics by a pattern', () => {
  it('reads those that there are when it starts, with as many tasks as the widest has partitions', async () => {
    await using broker = new EmbeddedBroker()
    await broker.open().createTopics([
      { name: 'orders-eu', partitions: 1 },
      { name: 'orders-us', partitions: 3 },
      { name: 'returns-eu', partitions: 5 },
      { name: 'out', partitions: 1 },
    ])
    const { worker } = await startWorker({ broker, topology: copying() })
    const read = worker.status().tasks.map(({ partitions }) => partitions.map(({ topic }) => topic))
    expect(read).toEqual([['orders-eu', 'orders-us'], ['orders-us'], ['orders-us']])
    await produce(broker, 'orders-eu', [{ key: 'a', value: 'eu' }])
    await produce(broker, 'orders-us', [{ key: 'a', value: 'us' }], 3)
    await produce(broker, 'returns-eu', [{ key: 'a', value: 'no order' }], 5)
    await eventually(async () => expect(await valuesIn(broker, 'out')).toEqual(['eu', 'us']))
    await worker.close()
  })
})
