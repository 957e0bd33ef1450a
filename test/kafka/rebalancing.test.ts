import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import type { Broker, GroupMembership, GroupOptions, Producer } from '../../src/broker/port.ts'
import type { Logger } from '../../src/core/logger.ts'
import { systemClock } from '../../src/core/clock.ts'
import { taskIdName } from '../../src/core/task-id.ts'
import { StreamsBuilder, topic, type Topology } from '../../src/index.ts'
import type { WorkerConfig } from '../../src/runtime/worker-config.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { string } from '../../src/serdes/index.ts'
import { overlay } from '../runtime/overlay.ts'
import { openBroker, readEnded, uniqueName } from './kafka-client.ts'
import { kafkaWorker } from './kafka-worker.ts'

const partitions = 4
const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

function tasksOf(worker: Worker): string[] {
  return worker
    .status()
    .tasks.map(({ taskId }) => taskIdName(taskId))
    .toSorted()
}

/** Holds up the joins of a worker until it is opened. */
class JoinGate {
  #held: Promise<void> | undefined
  #open: (() => void) | undefined
  waiting = 0

  hold(): void {
    this.#held = new Promise((resolve) => (this.#open = resolve))
  }

  open(): void {
    this.#held = undefined
    this.#open?.()
  }

  before(client: Broker): Broker {
    const openGroup = (options: GroupOptions): GroupMembership => {
      const membership = client.openGroup(options)
      const join: GroupMembership['join'] = async (waiting) => {
        this.waiting++
        await this.#held
        this.waiting--
        return await membership.join(waiting)
      }
      return overlay(membership, { join })
    }
    return overlay(client, { openGroup })
  }
}

describe('workers that share an application on Kafka', () => {
  let applicationId: string
  let broker: Broker
  let producer: Producer
  let workers: Worker[]
  let clients: Broker[]
  let warnings: string[]
  let rounds: number

  beforeEach(async () => {
    applicationId = uniqueName('rebalancing')
    workers = []
    clients = []
    warnings = []
    rounds = 0
    broker = openBroker(inject('kafkaBootstrap'))
    await broker.createTopics([
      { name: `${applicationId}-in`, partitions },
      { name: `${applicationId}-out`, partitions: 1 },
    ])
    producer = await broker.openProducer({})
    await producer.prepare([`${applicationId}-in`])
  })

  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.close()))
    await producer.close()
    await Promise.all([broker, ...clients].map((each) => each.close()))
  })

  /** Counts records by key: what is lost or counted twice shows. */
  const counting = (): Topology => {
    const builder = new StreamsBuilder()
    const text = { key: string(), value: string() }
    builder
      .stream(topic(`${applicationId}-in`, text))
      .groupByKey()
      .count({ store: 'counts' })
      .toStream()
      .mapValues((count, key) => `${key}${count}`)
      .to(topic(`${applicationId}-out`, text))
    return builder.build()
  }

  const create = (
    config: Partial<WorkerConfig> = {},
    wrap: (client: Broker) => Broker = (client) => client,
  ): Worker => {
    const client = openBroker(inject('kafkaBootstrap'))
    clients.push(client)
    const logger: Logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: (message, facts) => warnings.push(`${message} ${JSON.stringify(facts)}`),
      error: (message) => warnings.push(message),
    }
    const worker = kafkaWorker({
      applicationId,
      topology: counting(),
      broker: wrap(client),
      logger,
      config: {
        commitIntervalMs: 20,
        heartbeatIntervalMs: 100,
        rebalanceTimeoutMs: 40_000,
        ...config,
      },
    })
    workers.push(worker)
    return worker
  }

  const produceRound = async (): Promise<void> => {
    keys.forEach((key, i) => {
      const value = Buffer.from('x')
      producer.send(`${applicationId}-in`, i % partitions, rounds, Buffer.from(key), value)
    })
    rounds++
    await producer.flush()
  }

  const eventually = async (check: () => void | Promise<void>): Promise<void> => {
    const deadlineMs = performance.now() + 40_000
    for (;;) {
      try {
        return await check()
      } catch (error) {
        if (performance.now() > deadlineMs) throw error
        await systemClock.sleep(50)
      }
    }
  }

  /** Each result once: `a1`, `a2`, … of each key. */
  const untilAllCounted = (): Promise<void> =>
    eventually(async () => {
      const results = await readEnded(broker, `${applicationId}-out`, 0)
      const wanted = keys.flatMap((key) =>
        Array.from({ length: rounds }, (_, i) => `${key}${i + 1}`),
      )
      expect(results.toSorted()).toEqual(wanted.toSorted())
    })

  const untilShared = (...shares: (readonly [Worker, number])[]): Promise<void> =>
    eventually(() => {
      for (const [worker, count] of shares) {
        expect(worker.status()).toMatchObject({ state: 'running' })
        expect(tasksOf(worker)).toHaveLength(count)
      }
    })

  it('go on with the tasks that stay while a slow worker holds up the rebalance', async () => {
    const gate = new JoinGate()
    const first = create()
    await first.start()
    const slow = create({}, (client) => gate.before(client))
    await slow.start()
    await untilShared([first, 2], [slow, 2])
    gate.hold()
    const third = create()
    const starting = third.start()
    await eventually(() => expect(gate.waiting).toBe(1))
    for (let i = 0; i < 3; i++) {
      await produceRound()
      await untilAllCounted()
    }
    expect(tasksOf(third)).toEqual([])
    expect(tasksOf(first)).toHaveLength(2)
    gate.open()
    await starting
    await eventually(() =>
      expect([first, slow, third].flatMap(tasksOf).toSorted()).toEqual([
        '0_0',
        '0_1',
        '0_2',
        '0_3',
      ]),
    )
    await produceRound()
    await untilAllCounted()
    expect(warnings).toEqual([])
  }, 90_000)

  for (const processingGuarantee of ['exactly_once', 'at_least_once'] as const) {
    it(`count each record once as one becomes three and one again, under ${processingGuarantee}`, async () => {
      const enough = new AbortController()
      const produce = async (): Promise<void> => {
        while (!enough.signal.aborted) {
          await produceRound()
          await systemClock.sleep(5)
        }
      }
      const first = create({ processingGuarantee })
      await first.start()
      const producing = produce()
      const others = [create({ processingGuarantee }), create({ processingGuarantee })]
      await Promise.all(others.map((worker) => worker.start()))
      await eventually(() => expect([first, ...others].flatMap(tasksOf)).toHaveLength(4))
      for (const worker of others) await worker.close()
      await untilShared([first, 4])
      enough.abort()
      await producing
      // Nobody failed, so that nothing is there twice under `at_least_once` either.
      await untilAllCounted()
      expect(warnings).toEqual([])
    }, 90_000)
  }

  it('find their tasks after a restart as the same static member, without a rebalance', async () => {
    const config = (groupInstanceId: string): Partial<WorkerConfig> => ({
      groupInstanceId,
      sessionTimeoutMs: 30_000,
    })
    let joins = 0
    const counted = (client: Broker): Broker =>
      overlay(client, {
        openGroup: (options) => {
          const membership = client.openGroup(options)
          const join: GroupMembership['join'] = (waiting) => {
            joins++
            return membership.join(waiting)
          }
          return overlay(membership, { join })
        },
      })
    const first = create(config('one'), counted)
    const second = create(config('two'))
    await Promise.all([first.start(), second.start()])
    await untilShared([first, 2], [second, 2])
    const before = joins
    const [kept, given] = [tasksOf(first), tasksOf(second)]
    await produceRound()
    await untilAllCounted()
    await second.close()
    await produceRound()
    const again = create(config('two'))
    await again.start()
    await untilAllCounted()
    expect(tasksOf(again)).toEqual(given)
    expect(tasksOf(first)).toEqual(kept)
    expect(joins).toBe(before)
    const newer = create(config('one'))
    await newer.start()
    await expect(first.closed).rejects.toThrow('has taken its place')
    await produceRound()
    await untilAllCounted()
    expect(tasksOf(newer)).toEqual(kept)
    expect(tasksOf(again)).toEqual(given)
  }, 90_000)
})
