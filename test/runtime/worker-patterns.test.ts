import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker, type EmbeddedClient } from '../../src/broker/embedded/index.ts'
import { TopologyError, UnknownTopicError } from '../../src/core/errors.ts'
import { StreamsBuilder, topics } from '../../src/index.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import type { WorkerConfig } from '../../src/runtime/worker-config.ts'
import { string } from '../../src/serdes/index.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { textTopic } from './text-topologies.ts'
import { createWorker, eventually, produce, readAll } from './worker-harness.ts'

const serdes = { key: string(), value: string() }
const orders = topics(/orders-.*/, serdes)

let broker: EmbeddedBroker
let client: EmbeddedClient
let workers: Worker[]

beforeEach(async () => {
  broker = new EmbeddedBroker()
  client = broker.open()
  workers = []
  await create('out', 1)
})

afterEach(async () => {
  for (const worker of workers) await worker.close()
  await broker.close()
})

function create(name: string, partitions: number): Promise<void> {
  return client.createTopics([{ name, partitions }])
}

/** A worker that looks for changed topics every few milliseconds. */
function newWorker(topology: Topology, config: Partial<WorkerConfig> = {}): Worker {
  const { worker } = createWorker({
    broker,
    topology,
    clientId: `worker-${workers.length}`,
    config: { metadataMaxAgeMs: 20, ...config },
  })
  workers.push(worker)
  return worker
}

async function started(topology: Topology, config: Partial<WorkerConfig> = {}): Promise<Worker> {
  const worker = newWorker(topology, config)
  await worker.start()
  return worker
}

function copying(): Topology {
  const builder = new StreamsBuilder()
  builder.stream(orders).to(textTopic('out'))
  return builder.build()
}

/** Counts by value, behind a repartition topic, and holds the counts in a store. */
function countingValues(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(orders)
    .groupBy((value) => value, { key: string(), name: 'by-value' })
    .aggregate(
      () => '',
      (count) => String(Number(count) + 1),
      { store: 'counts', value: string() },
    )
    .toStream()
    .to(textTopic('out'))
  return builder.build()
}

const numbered = (prefix: string, count: number): { key: string; value: string }[] =>
  Array.from({ length: count }, (_, i) => ({ key: `${prefix}${i}`, value: `${prefix}${i}` }))

async function valuesOut(): Promise<(string | null)[]> {
  return (await readAll(broker, 'out')).map(({ value }) => value).sort()
}

function sorted(...lists: { readonly value: string }[][]): string[] {
  return lists
    .flat()
    .map(({ value }) => value)
    .sort()
}

function inputsOf(...of: Worker[]): string[] {
  return of
    .flatMap((worker) => worker.status().tasks.flatMap(({ partitions }) => partitions))
    .map(({ topic, partition }) => `${topic}/${partition}`)
    .sort()
}

describe('a worker whose topology reads topics by a pattern', () => {
  it('reads those that there are when it starts, with as many tasks as the widest has partitions', async () => {
    await create('orders-eu', 1)
    await create('orders-us', 3)
    await create('returns-eu', 5)
    const worker = await started(copying())
    const read = worker.status().tasks.map(({ partitions }) => partitions.map(({ topic }) => topic))
    expect(read).toEqual([['orders-eu', 'orders-us'], ['orders-us'], ['orders-us']])
    await produce(broker, 'orders-eu', [{ key: 'a', value: 'eu' }])
    await produce(broker, 'orders-us', [{ key: 'a', value: 'us' }], 3)
    await produce(broker, 'returns-eu', [{ key: 'a', value: 'no order' }], 5)
    await eventually(async () => expect(await valuesOut()).toEqual(['eu', 'us']))
  })

  it('runs while nothing matches yet, and begins with the first topic that does', async () => {
    const worker = await started(countingValues())
    expect(worker.status()).toMatchObject({ state: 'running', tasks: [] })
    await create('orders-eu', 2)
    await produce(broker, 'orders-eu', numbered('a', 4), 2)
    await eventually(async () => expect(await valuesOut()).toEqual(['1', '1', '1', '1']))
    expect(worker.status().tasks.map(({ taskId }) => taskId)).toHaveLength(4)
  })

  it('reads a topic that appears from its beginning, each record once, over two workers', async () => {
    await create('orders-eu', 2)
    const [first, second] = [await started(copying()), newWorker(copying())]
    const before = numbered('before-', 50)
    await produce(broker, 'orders-eu', before, 2)
    await second.start()
    await create('orders-us', 4)
    const [early, late] = [numbered('early-', 100), numbered('late-', 100)]
    await produce(broker, 'orders-us', early, 4)
    await eventually(() => {
      expect(inputsOf(first, second)).toEqual([
        'orders-eu/0',
        'orders-eu/1',
        ...[0, 1, 2, 3].map((partition) => `orders-us/${partition}`),
      ])
    })
    await produce(broker, 'orders-us', late, 4)
    await produce(broker, 'orders-eu', numbered('more-', 50), 2)
    await eventually(async () => {
      expect(await valuesOut()).toEqual(sorted(before, early, late, numbered('more-', 50)))
    })
    expect(first.status().tasks.length + second.status().tasks.length).toBe(4)
    await eventually(() => {
      expect([first.status().state, second.status().state]).toEqual(['running', 'running'])
    })
  })

  it('does not close the tasks that take up more topics', async () => {
    await create('orders-eu', 1)
    let made = 0
    const builder = new StreamsBuilder()
    builder
      .stream(orders)
      .process<string, string>(() => {
        made++
        return { process: (record, context) => context.forward(record) }
      })
      .to(textTopic('out'))
    const worker = await started(builder.build())
    const beforehand = made
    await create('orders-us', 1)
    await produce(broker, 'orders-us', [{ key: 'a', value: 'us' }])
    await eventually(async () => expect(await valuesOut()).toEqual(['us']))
    expect(inputsOf(worker)).toEqual(['orders-eu/0', 'orders-us/0'])
    expect(made).toBe(beforehand)
  })

  it('goes on without a topic that is deleted, and takes it up anew when it is there again', async () => {
    await create('orders-eu', 1)
    await create('orders-us', 1)
    const worker = await started(copying())
    await produce(broker, 'orders-us', [{ key: 'a', value: 'us' }])
    await eventually(async () => expect(await valuesOut()).toEqual(['us']))
    await client.deleteTopics(['orders-us'])
    await eventually(() => expect(inputsOf(worker)).toEqual(['orders-eu/0']))
    await produce(broker, 'orders-eu', [{ key: 'a', value: 'eu' }])
    await eventually(async () => expect(await valuesOut()).toEqual(['eu', 'us']))
    await create('orders-us', 1)
    await produce(broker, 'orders-us', [{ key: 'a', value: 'us again' }])
    await eventually(async () => expect(await valuesOut()).toEqual(['eu', 'us', 'us again']))
    expect(worker.status().error).toBeUndefined()
  })

  it('ends where a topic appears that two patterns match, naming it', async () => {
    await create('orders-eu', 1)
    const builder = new StreamsBuilder()
    builder.stream(orders).to(textTopic('out'))
    builder.stream(topics(/.*-us/, serdes)).to(textTopic('out'))
    const worker = await started(builder.build())
    const ended = worker.closed
    await create('orders-us', 1)
    await expect(ended).rejects.toThrow(/orders-us matches both \/orders-\.\*\/ .* and \/\.\*-us\//)
    await expect(ended).rejects.toBeInstanceOf(TopologyError)
  })

  it('does not read what it has written to its dead-letter topic', async () => {
    await create('orders-eu', 1)
    const builder = new StreamsBuilder()
    builder
      .stream(topics(/.*(?<!out)/, serdes))
      .mapValues(() => {
        throw new Error('It is broken')
      })
      .to(textTopic('out'))
    const worker = await started(builder.build())
    await produce(broker, 'orders-eu', [{ key: 'a', value: 'eu' }])
    await eventually(async () => expect(await readAll(broker, 'app-dead-letters')).toHaveLength(1))
    await create('orders-us', 1)
    await eventually(() => expect(inputsOf(worker)).toEqual(['orders-eu/0', 'orders-us/0']))
    expect(await readAll(broker, 'app-dead-letters')).toHaveLength(1)
  })
})

describe('partitions that are added to an input topic while workers run', () => {
  it('are read from their beginning by tasks of their own, where there is no state', async () => {
    await create('orders-eu', 1)
    const [first, second] = [await started(copying()), await started(copying())]
    await produce(broker, 'orders-eu', numbered('one-', 20))
    broker.addPartitions('orders-eu', 3)
    await produce(broker, 'orders-eu', numbered('three-', 60), 3)
    await eventually(async () => {
      expect(await valuesOut()).toEqual(sorted(numbered('one-', 20), numbered('three-', 60)))
    })
    expect(inputsOf(first, second)).toEqual(['orders-eu/0', 'orders-eu/1', 'orders-eu/2'])
  })

  it('end the workers where there is state, saying what to do: keys lie elsewhere from then on', async () => {
    await create('orders-eu', 1)
    const worker = await started(countingValues())
    const ended = worker.closed
    broker.addPartitions('orders-eu', 2)
    await expect(ended).rejects.toThrow(
      /app-(?:by-value-repartition|counts-changelog) has 1 partitions where the topology now needs 2/,
    )
    await expect(ended).rejects.toThrow(/repartition\(\{ partitions: 1 \}\)/)
    await expect(ended).rejects.toBeInstanceOf(TopologyError)
  })
})

describe('an input topic that is named and deleted while workers run', () => {
  it('ends them, naming it', async () => {
    await create('named', 1)
    const builder = new StreamsBuilder()
    builder.stream(textTopic('named')).to(textTopic('out'))
    const worker = await started(builder.build())
    const ended = worker.closed
    await client.deleteTopics(['named'])
    await expect(ended).rejects.toThrow(/The source topic named of sub-topology 0 does not exist/)
    await expect(ended).rejects.toBeInstanceOf(UnknownTopicError)
  })
})
