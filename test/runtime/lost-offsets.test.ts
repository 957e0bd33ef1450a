import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { OffsetOutOfRangeError, TaskMigratedError } from '../../src/core/errors.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { StreamsBuilder } from '../../src/index.ts'
import { LostOffsets } from '../../src/runtime/lost-offsets.ts'
import { workerConfig, type WorkerConfig } from '../../src/runtime/worker-config.ts'
import type { WorkerOptions } from '../../src/runtime/worker-options.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { string } from '../../src/serdes/index.ts'
import type { LostOffsetPolicy } from '../../src/topology/topology-plan.ts'
import { topic } from '../../src/topology/topic.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { CountingMetrics } from './task-harness.ts'
import { createWorker, eventually, produce, readAll } from './worker-harness.ts'

const text = { key: string(), value: string() }
const place = { topic: 'in', partition: 0 }

function copying(onLostOffset?: LostOffsetPolicy): Topology {
  const builder = new StreamsBuilder()
  builder.stream(topic('in', text), onLostOffset && { onLostOffset }).to(topic('out', text))
  return builder.build()
}

describe('a committed offset that is no longer on the broker', () => {
  let broker: EmbeddedBroker
  let workers: Worker[]
  let metrics: CountingMetrics

  beforeEach(async () => {
    broker = new EmbeddedBroker()
    workers = []
    metrics = new CountingMetrics()
    await broker.open().createTopics([
      { name: 'in', partitions: 1 },
      { name: 'out', partitions: 1 },
    ])
  })

  afterEach(async () => {
    for (const worker of workers) await worker.close()
    await broker.close()
  })

  const start = async (topology: Topology, config: Partial<WorkerConfig> = {}): Promise<Worker> => {
    const { worker } = createWorker({ topology, broker, metrics, config })
    workers.push(worker)
    await worker.start()
    return worker
  }

  const write = (...values: string[]): Promise<void> =>
    produce(
      broker,
      'in',
      values.map((value) => ({ key: 'k', value })),
    )

  const committed = async (): Promise<number | undefined> =>
    (await broker.open().committedOffsets('app', [place]))[0]?.offset

  const outputs = async (): Promise<(string | null)[]> =>
    (await readAll(broker, 'out')).map(({ value }) => value)

  /** Processes one record, then loses the three after it, of five. */
  const lose = async (topology: Topology): Promise<void> => {
    const worker = await start(topology)
    await write('0')
    await eventually(async () => expect(await committed()).toBeGreaterThanOrEqual(1))
    await worker.close()
    await write('1', '2', '3', '4', '5')
    await broker.open().deleteRecords([{ ...place, offset: 4 }])
  }

  /** What a topic that was cut, or restored from a backup, looks like to its group. */
  const commitBeyondTheEnd = async (): Promise<void> => {
    await write('0')
    const nobody = { partitions: [], userData: Buffer.alloc(0) }
    const group = broker.open().openGroup({
      groupId: 'app',
      sessionTimeoutMs: 1_000,
      rebalanceTimeoutMs: 1_000,
      assignor: {
        name: 'none',
        subscription: () => ({ topics: [], userData: Buffer.alloc(0) }),
        assign: (members) =>
          Promise.resolve(new Map(members.map(({ memberId }) => [memberId, nobody]))),
      },
    })
    await group.join()
    await group.commitOffsets([{ ...place, offset: 9 }])
    await group.leave()
    await group.close()
  }

  const lost = (): number | undefined => metrics.counts.get('millrace_partition_lost_records_total')

  it('is no loss to a worker that stood still while another processed the records', async () => {
    const worker = await start(copying())
    await write('0', '1', '2', '3', '4')
    await eventually(async () => expect(await committed()).toBeGreaterThanOrEqual(5))
    await worker.close()
    const client = broker.open()
    await client.deleteRecords([{ ...place, offset: 4 }])
    const options = { broker: client, applicationId: 'app', plan: copying().plan() }
    const lostOffsets = new LostOffsets(
      { ...options, config: workerConfig(), logger: silentLogger } as unknown as WorkerOptions,
      () => {},
    )
    const gone = new OffsetOutOfRangeError('Gone', { topicPartition: place, offset: 2 })
    await expect(lostOffsets.positionAfter(gone)).rejects.toThrow(TaskMigratedError)
  })

  it('ends the worker with an error that says what is gone, and passes over nothing', async () => {
    await lose(copying())
    const worker = await start(copying())
    await expect(worker.closed).rejects.toThrow(OffsetOutOfRangeError)
    const { error } = worker.status()
    expect(error!.message).toMatch(/offset 1 is next, and the log begins at 4 now, so up to 3/)
    expect(error!.message).toMatch(/onLostOffset.*topic in, partition 0, offset 1/)
    expect(await committed()).toBe(1)
    expect(await outputs()).toEqual(['0'])
    expect(lost()).toBeUndefined()
  })

  it('is passed over where the configuration says so, up to where the log begins, and counted', async () => {
    await lose(copying())
    await start(copying(), { onLostOffset: 'earliest' })
    await eventually(async () => expect(await outputs()).toEqual(['0', '4', '5']))
    expect(lost()).toBe(3)
  })

  it('is passed over once: what was decided is committed though no record comes', async () => {
    await lose(copying())
    await broker.open().deleteRecords([{ ...place, offset: 6 }])
    const worker = await start(copying(), { onLostOffset: 'earliest' })
    await eventually(async () => expect(await committed()).toBe(6))
    await worker.close()
    expect(lost()).toBe(5)
    await start(copying())
    await write('6')
    await eventually(async () => expect(await outputs()).toEqual(['0', '6']))
    expect(lost()).toBe(5)
  })

  it('is passed over up to the end where a source says so, whatever the configuration says', async () => {
    await lose(copying('latest'))
    await start(copying('latest'), { onLostOffset: 'fail' })
    await eventually(async () => expect(await committed()).toBe(6))
    await write('6')
    await eventually(async () => expect(await outputs()).toEqual(['0', '6']))
    expect(lost()).toBe(5)
  })

  it('ends the worker too where the topic was made anew, with fewer records', async () => {
    await commitBeyondTheEnd()
    const worker = await start(copying())
    await expect(worker.closed).rejects.toThrow(/cut or made anew: offset 9 is next.* 0 to 1 now/)
  })

  it('goes back to the beginning of a topic that was made anew, where it may', async () => {
    await commitBeyondTheEnd()
    await start(copying(), { onLostOffset: 'earliest' })
    await eventually(async () => expect(await committed()).toBe(1))
    await write('1')
    await eventually(async () => expect(await outputs()).toEqual(['0', '1']))
    expect(lost()).toBe(0)
  })

  it('lets no policy pass over records of a repartition topic', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(topic('in', text))
      .groupBy((value) => value, { ...text, name: 'by-value' })
      .count({ store: 'counts' })
    const topology = builder.build()
    const config = { onLostOffset: 'latest', repartitionPurgeIntervalMs: 1e9 } as const
    const first = await start(topology, config)
    await write('a')
    const log = { topic: 'app-by-value-repartition', partition: 0 }
    await eventually(async () => {
      const [offset] = await broker.open().committedOffsets('app', [log])
      expect(offset?.offset).toBeGreaterThan(0)
    })
    await first.close()
    // As if records had been written after it, and deleted by another's hand.
    const producer = await broker.open().openProducer({})
    for (let i = 0; i < 5; i++) producer.send(log.topic, 0, 0, Buffer.from('k'), Buffer.from('v'))
    await producer.close()
    const [end] = await broker.open().listOffsets([log], 'latest', 'read_committed')
    await broker.open().deleteRecords([end!])
    const second = await start(topology, config)
    await expect(second.closed).rejects.toThrow(
      /repartition topic.*no policy passes over.*group app/,
    )
  })
})
