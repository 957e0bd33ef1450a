import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import {
  ConfigError,
  LifecycleError,
  TopologyError,
  UnknownTopicError,
} from '../../src/core/errors.ts'
import { StreamsBuilder } from '../../src/index.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { string } from '../../src/serdes/index.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { exactly, produceRound, readTotals } from './counting.ts'
import type { Gate } from './gate.ts'
import { overlay } from './overlay.ts'
import { textTopic } from './text-topologies.ts'
import { WorkerBed } from './worker-bed.ts'
import { eventually, type StartOptions } from './worker-harness.ts'

const text = { key: string(), value: string() }

let bed: WorkerBed
let gate: Gate
let broker: EmbeddedBroker

beforeEach(async () => {
  bed = await WorkerBed.counting()
  ;({ gate, broker } = bed)
})

afterEach(() => bed.close())

const create = (options: Partial<StartOptions> = {}): Worker => bed.create(options).worker

const copy = (from: string, to: string): Topology => {
  const builder = new StreamsBuilder()
  builder.stream(textTopic(from)).to(textTopic(to))
  return builder.build()
}

const joined = (): Topology => {
  const builder = new StreamsBuilder()
  const table = builder.table(textTopic('totals'), { store: 'table' })
  builder
    .stream(textTopic('events'))
    .join(table, (a) => a)
    .to(textTopic('joined'))
  return builder.build()
}

describe('a worker does not start', () => {
  const refused = async (
    worker: Worker,
    error: unknown,
    words: readonly string[],
  ): Promise<void> => {
    const starting = worker.start()
    await expect(starting).rejects.toThrow(error as new () => Error)
    for (const said of words) await expect(starting).rejects.toThrow(said)
    expect(worker.status().state).toBe('error')
    await expect(worker.closed).rejects.toThrow(error as new () => Error)
  }

  it('where a source topic does not exist', async () => {
    const worker = create({ topology: copy('nowhere', 'totals') })
    await refused(worker, UnknownTopicError, ['nowhere', 'sub-topology 0', 'create it first'])
  })

  it('where an output topic does not exist', async () => {
    const worker = create({ topology: copy('events', 'nowhere') })
    await refused(worker, UnknownTopicError, ['output topic nowhere'])
  })

  it('where topics that are joined differ in their partition counts', async () => {
    const worker = create({ topology: joined() })
    await refused(worker, TopologyError, ['events has 4', 'totals has 2', 'repartition'])
  })

  it('where an internal topic has another partition count than the topology needs', async () => {
    await broker.open().createTopics([{ name: 'app-counts-changelog', partitions: 3 }])
    const worker = create()
    await refused(worker, TopologyError, ['app-counts-changelog', '3 partitions', '4'])
  })

  it('where topics are missing that it may not create', async () => {
    const worker = create({ config: { autoCreateTopics: false } })
    await refused(worker, UnknownTopicError, [
      'app-counts-changelog with 4 partitions',
      'cleanup.policy=compact',
    ])
  })

  it('under exactly_once on a broker without transactions, and says what to set', async () => {
    const wrap: StartOptions['wrap'] = (client) => overlay(client, { supportsTransactions: false })
    await refused(create({ wrap }), ConfigError, ["processingGuarantee: 'at_least_once'"])
    const worker = create({ wrap, config: { processingGuarantee: 'at_least_once' } })
    await worker.start()
    expect(worker.status().state).toBe('running')
  })

  it('with another topology than the workers that run, which it does not disturb', async () => {
    const running = create()
    await running.start()
    await produceRound(broker, ['a', 'b'])
    await refused(create({ topology: copy('events', 'totals') }), TopologyError, [
      'another topology',
      'applicationId',
    ])
    await produceRound(broker, ['a', 'b'])
    await eventually(async () => {
      expect(await readTotals(broker)).toEqual(exactly(2, ['a', 'b']))
    })
    expect(running.status().state).toBe('running')
  })
})

describe('a worker creates', () => {
  it('the internal topics that are missing, with the settings that they need', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(textTopic('events'))
      .groupBy((value) => value, { ...text, name: 'by-value' })
      .count({ store: 'counts' })
    await create({ topology: builder.build() }).start()
    expect(broker.topic('app-counts-changelog').partitions).toHaveLength(4)
    expect(broker.topic('app-counts-changelog').config['cleanup.policy']).toBe('compact')
    const repartition = broker.topic('app-by-value-repartition')
    expect(repartition.partitions).toHaveLength(4)
    expect(repartition.config['cleanup.policy']).toBe('delete')
    expect(repartition.config['retention.ms']).toBe('-1')
    expect(broker.topic('app-dead-letters').config['retention.ms']).toBe('-1')
  })

  it('nothing that is there', async () => {
    await broker.open().createTopics([
      { name: 'app-counts-changelog', partitions: 4 },
      { name: 'failed', partitions: 3 },
    ])
    const config = { autoCreateTopics: false, deadLetterTopic: 'failed' }
    const worker = create({ config })
    await worker.start()
    expect(worker.status().tasks).toHaveLength(4)
  })
})

describe('a start', () => {
  it('ends when the worker is closed while a request of its set-up hangs', async () => {
    gate.hold('worker', 'metadata')
    const worker = create()
    const starting = worker.start()
    await eventually(() => expect(gate.count('worker', 'metadata')).toBe(1))
    const closing = worker.close({ timeoutMs: 0 })
    await expect(starting).rejects.toThrow(LifecycleError)
    await closing
  })

  it('is not disturbed by a listener that throws', async () => {
    const worker = create()
    const states: string[] = []
    worker.onStateChange(() => {
      throw new Error('no business of the worker')
    })
    worker.onStateChange((state) => states.push(state))
    await worker.start()
    await worker.close()
    expect(states).toEqual(['starting', 'running', 'pending-shutdown', 'closed'])
  })

  it('ends when the worker is closed meanwhile', async () => {
    gate.hold('worker', 'joinGroup')
    const worker = create()
    const starting = worker.start()
    await eventually(() => expect(gate.count('worker', 'joinGroup')).toBe(1))
    const closing = worker.close({ timeoutMs: 50 })
    gate.release()
    await expect(starting).rejects.toThrow(LifecycleError)
    await closing
    expect(worker.status().state).toBe('closed')
  })

  it('ends when its signal is aborted, with the reason', async () => {
    // One that does not answer keeps the others waiting in the join.
    const first = create({ clientId: 'first', config: { rebalanceTimeoutMs: 60_000 } })
    await first.start()
    gate.hold('first', 'heartbeat')
    const worker = create()
    const ending = new AbortController()
    const starting = worker.start({ signal: ending.signal })
    await eventually(() => expect(gate.count('worker', 'joinGroup')).toBe(1))
    const reason = new Error('the user gave up')
    ending.abort(reason)
    await expect(starting).rejects.toBe(reason)
    expect(worker.status().state).toBe('closed')
  })
})
