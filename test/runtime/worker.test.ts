import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { StreamsBuilder } from '../../src/index.ts'
import { long, string } from '../../src/serdes/index.ts'
import { memoryState } from '../../src/state/index.ts'
import { topic } from '../../src/topology/topic.ts'
import type { Topology } from '../../src/topology/topology.ts'
import {
  eventually,
  produce,
  readAll,
  startWorker,
  createWorker,
  type TestWorker,
} from './worker-harness.ts'

const words = topic('words', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: string() })

function wordCount(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(words)
    .flatMapValues((line) => line.split(' '))
    .groupBy((word) => word, { key: string(), value: string() })
    .count({ store: 'word-counts' })
    .toStream()
    .mapValues((count) => String(count))
    .to(counts)
  return builder.build()
}

/** The last value of each key. */
function latest(
  records: readonly { key: string | null; value: string | null }[],
): Map<string, string> {
  return new Map(records.map(({ key, value }) => [key!, value!]))
}

describe.each(['exactly_once', 'at_least_once'] as const)('a worker, %s', (processingGuarantee) => {
  let broker: EmbeddedBroker
  let workers: TestWorker[]

  beforeEach(async () => {
    broker = new EmbeddedBroker()
    workers = []
    const client = broker.open()
    await client.createTopics([
      { name: 'words', partitions: 3 },
      { name: 'counts', partitions: 2 },
    ])
  })

  afterEach(async () => {
    for (const { worker } of workers) await worker.close()
    await broker.close()
  })

  const start = async (): Promise<TestWorker> => {
    const started = await startWorker({
      topology: wordCount(),
      broker,
      config: { processingGuarantee },
    })
    workers.push(started)
    return started
  }

  it('counts words through a repartition topic', async () => {
    await produce(
      broker,
      'words',
      [
        { key: 'a', value: 'to be or not to be' },
        { key: 'b', value: 'to do' },
      ],
      3,
    )
    const { worker } = await start()
    expect(worker.status().state).toBe('running')
    await eventually(async () => {
      const found = latest(await readAll(broker, 'counts'))
      expect(Object.fromEntries(found)).toEqual({ to: '3', be: '2', or: '1', not: '1', do: '1' })
    })
  })
})
