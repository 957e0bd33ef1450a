import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rocksDbState } from 'millrace/state/rocksdb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../../src/broker/embedded/index.ts'
import { codes } from '../../../src/broker/kafkajs/protocol/error-codes.ts'
import { protocolError } from '../../../src/broker/kafkajs/protocol/protocol-error.ts'
import {
  BrokerTimeoutError,
  BrokerUnavailableError,
  ProductionError,
} from '../../../src/core/errors.ts'
import { taskMetrics, workerMetrics } from '../../../src/metrics/names.ts'
import type { KeyValueStore } from '../../../src/state/store.ts'
import type { StateProvider } from '../../../src/state/task-state.ts'
import { workingBindings } from '../../state/rocksdb/working-bindings.ts'
import { counting, createCountingTopics, exactly, readTotals } from '../counting.ts'
import { createWorker, eventually, type TestWorker } from '../worker-harness.ts'
import { CountedMetrics } from './counted-metrics.ts'
import { FaultyClient, type Call, type Fault } from './faulty-client.ts'

// What becomes of each task for each way in which a commit, or what surrounds it, can fail: the table of
// docs/concepts/exactly-once.md. The errors are those that the client of a real Kafka makes of the broker's answers.

const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const code = (name: keyof typeof codes): Error => protocolError(codes[name], 'A call')
const late = (): Error => new BrokerTimeoutError('No answer', { retriable: true })
const away = (): Error => new BrokerUnavailableError('Connection refused', { retriable: true })

interface Outcome {
  readonly call: Call
  readonly what: string
  readonly errors: () => readonly Error[]
  readonly done?: boolean
  /**
   * `again`: the transaction did not happen, and its records are processed again on state that needs no restore.
   * `restored`: it happened; nothing is processed again, and the state is brought to it from the changelog's tail.
   * `kept`: nothing happened to the tasks at all.
   */
  readonly fate: 'again' | 'restored' | 'kept'
}

const outcomes: readonly Outcome[] = [
  // Refused: someone else has the tasks, or the id, or may have.
  ...(
    ['illegalGeneration', 'unknownMemberId', 'rebalanceInProgress', 'fencedInstanceId'] as const
  ).map((name): Outcome => ({
    call: 'sendOffsets',
    what: name,
    errors: () => [code(name)],
    fate: 'again',
  })),
  ...(['sendOffsets', 'commit', 'send'] as const).flatMap((call) =>
    (['producerFenced', 'invalidProducerEpoch', 'invalidProducerIdMapping'] as const).map(
      (name): Outcome => ({ call, what: name, errors: () => [code(name)], fate: 'again' }),
    ),
  ),
  // The producer is of no use any more, though nobody took its place.
  ...(
    [
      'outOfOrderSequenceNumber',
      'unknownProducerId',
      'invalidTxnState',
      'transactionAbortable',
    ] as const
  ).map((name): Outcome => ({
    call: 'commit',
    what: name,
    errors: () => [code(name)],
    fate: 'again',
  })),
  // The coordinator is away for longer than the client tries.
  ...(['coordinatorNotAvailable', 'notCoordinator', 'concurrentTransactions'] as const).flatMap(
    (name): Outcome[] => [
      { call: 'sendOffsets', what: name, errors: () => [code(name)], fate: 'again' },
      { call: 'commit', what: name, errors: () => [code(name)], fate: 'again' },
    ],
  ),
  // Unknown outcomes, both ways that they can have gone.
  { call: 'sendOffsets', what: 'no answer', errors: () => [late()], fate: 'again' },
  {
    call: 'sendOffsets',
    what: 'no answer, done',
    errors: () => [late()],
    done: true,
    fate: 'again',
  },
  { call: 'commit', what: 'no answer', errors: () => [late()], fate: 'again' },
  { call: 'commit', what: 'no answer, done', errors: () => [late()], done: true, fate: 'restored' },
  { call: 'commit', what: 'connection lost', errors: () => [away()], fate: 'again' },
  {
    call: 'commit',
    what: 'connection lost, done',
    errors: () => [away()],
    done: true,
    fate: 'restored',
  },
  // Producing fails for longer than the client tries.
  { call: 'send', what: 'not acknowledged in time', errors: () => [late()], fate: 'again' },
  { call: 'send', what: 'broker away', errors: () => [away()], fate: 'again' },
]

/** Failures beside a commit, or while beginning anew after one. */
const surroundings: readonly Outcome[] = [
  { call: 'heartbeat', what: 'no answer', errors: () => [late()], fate: 'kept' },
  { call: 'heartbeat', what: 'broker away', errors: () => [away(), away()], fate: 'kept' },
]

interface Second {
  readonly what: string
  readonly faults: () => readonly Fault[]
}

/** What goes wrong on top of a refused commit, while the worker begins anew. */
const seconds: readonly Second[] = [
  { what: 'the new producer gets no answer', faults: () => [{ call: 'open', error: late() }] },
  {
    what: 'the new producer is opened and does not learn it',
    faults: () => [{ call: 'open', error: late(), done: true }],
  },
  {
    what: 'the new producer is fenced as it opens',
    faults: () => [{ call: 'open', error: code('producerFenced') }],
  },
  {
    what: 'the transaction before is still being ended for longer than the client tries',
    faults: () => [{ call: 'open', error: code('concurrentTransactions') }],
  },
  { what: 'joining the group gets no answer', faults: () => [{ call: 'join', error: late() }] },
  {
    what: 'joining the group works and is not answered',
    faults: () => [{ call: 'join', error: late(), done: true }],
  },
  {
    what: 'committed offsets are not stable for longer than the client tries',
    faults: () => [{ call: 'committedOffsets', error: code('unstableOffsetCommit') }],
  },
  {
    what: 'the group coordinator is away',
    faults: () => [{ call: 'committedOffsets', error: code('coordinatorNotAvailable') }],
  },
  { what: 'fetching fails', faults: () => [{ call: 'poll', error: away() }] },
]

let broker: EmbeddedBroker
let folder: string
let state: StateProvider
let faulty: FaultyClient
let counted: CountedMetrics
let started: TestWorker

let rounds = 0

// One worker meets all of these failures, one after the other; where one ends it, another one takes its place.
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-outcomes-'))
  broker = new EmbeddedBroker()
  await createCountingTopics(broker)
  faulty = new FaultyClient()
  counted = new CountedMetrics()
  state = rocksDbState({ folder, binding: workingBindings[0]! })
  await startWorker()
  await produceTogether()
  await caughtUp()
})

afterAll(async () => {
  await started.worker.close()
  await state.close()
  await broker.close()
  rmSync(folder, { recursive: true, force: true })
})

async function startWorker(): Promise<void> {
  started = createWorker({
    topology: counting(),
    broker,
    state,
    metrics: counted.metrics,
    wrap: (client) => faulty.wrap(client),
    config: { sessionTimeoutMs: 5_000, transactionTimeoutMs: 60_000 },
  })
  await started.worker.start()
}

/** One record of each key, which all become visible at one instant, so that one commit has them. */
async function produceTogether(): Promise<void> {
  const client = broker.open()
  const producer = await client.openProducer({ transactionalId: 'input' })
  await producer.prepare(['events'])
  producer.beginTransaction()
  keys.forEach((key, i) => {
    producer.send('events', i % 4, i, Buffer.from(key), Buffer.from('x'))
  })
  await producer.commitTransaction()
  await producer.close()
  await client.close()
  rounds++
}

/** Waits until all rounds are committed and all tasks run, and checks that each was counted once. */
async function caughtUp(): Promise<void> {
  await eventually(async () => {
    expect((await readTotals(broker)).totals).toEqual(exactly(rounds, keys).totals)
    const { state: workerState, tasks } = started.worker.status()
    expect(workerState).toBe('running')
    expect(tasks.map((task) => task.state)).toEqual(Array(4).fill('running'))
    for (const { partitions } of tasks) {
      for (const { committedOffset, endOffset, lagRecords } of partitions) {
        expect(committedOffset).toBe(endOffset)
        expect(lagRecords).toBe(0)
      }
    }
  })
  expect(await readTotals(broker)).toEqual(exactly(rounds, keys))
  expect(await storedTotals()).toEqual(exactly(rounds, keys).totals)
}

/** What the state of all tasks holds. */
async function storedTotals(): Promise<globalThis.Record<string, number>> {
  const totals: globalThis.Record<string, number> = {}
  for (const { store } of started.worker.storeViews('counts')) {
    const entries = (store as KeyValueStore<string, bigint>).range()
    for await (const { key, value } of entries) totals[key] = Number(value)
  }
  return totals
}

const processed = (): number => counted.of(taskMetrics.processed.name)
const restored = (): number => counted.of(workerMetrics.restored.name)
const failures = (): number => counted.of(workerMetrics.failures.name)

const expectations = {
  again: { processedAgain: keys.length, restored: 0 },
  restored: { processedAgain: 0, restored: keys.length },
  kept: { processedAgain: 0, restored: 0 },
} as const

describe.each([...outcomes, ...surroundings])('$call fails, $what:', (outcome) => {
  it(`records are ${outcome.fate}, outputs are there once, every task runs on its own state`, async () => {
    const before = { processed: processed(), restored: restored(), failures: failures() }
    faulty.plan(
      ...outcome.errors().map((error) => ({
        call: outcome.call,
        error,
        done: outcome.done === true,
      })),
    )
    await produceTogether()
    await eventually(() => expect(faulty.left).toBe(0))
    await caughtUp()
    const { processedAgain, restored: restoredThen } = expectations[outcome.fate]
    expect(processed() - before.processed).toBeLessThanOrEqual(keys.length + processedAgain)
    if (outcome.call !== 'send') {
      expect(processed() - before.processed).toBe(keys.length + processedAgain)
    }
    expect(restored() - before.restored).toBe(restoredThen)
    expect(failures() - before.failures).toBe(outcome.fate === 'kept' ? 0 : 1)
  })
})

describe.each(seconds)('a commit is refused, and then $what:', ({ faults }) => {
  it.each(['again', 'restored'] as const)(
    'records are %s, outputs are there once, every task runs on its own state',
    async (fate) => {
      const before = { processed: processed(), restored: restored() }
      faulty.plan({ call: 'commit', error: late(), done: fate === 'restored' }, ...faults())
      await produceTogether()
      await eventually(() => expect(faulty.left).toBe(0))
      await caughtUp()
      const { processedAgain, restored: restoredThen } = expectations[fate]
      expect(processed() - before.processed).toBe(keys.length + processedAgain)
      expect(restored() - before.restored).toBe(restoredThen)
    },
  )
})

describe.each([
  ['sendOffsets', 'GROUP_AUTHORIZATION_FAILED', 30],
  ['commit', 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 53],
  ['send', 'TOPIC_AUTHORIZATION_FAILED', 29],
  ['commit', 'UNSUPPORTED_VERSION', 35],
] as const)('%s fails with %s, which trying again does not mend:', (call, name, brokerCode) => {
  it('the worker ends with it, having committed nothing of it, and the next one goes on from there', async () => {
    const before = processed()
    faulty.plan({ call, error: protocolError(brokerCode, 'A call') })
    await produceTogether()
    await expect(started.worker.closed).rejects.toThrow(name)
    expect(started.worker.status()).toMatchObject({ state: 'error', tasks: [] })
    expect(await readTotals(broker)).toEqual(exactly(rounds - 1, keys))
    const restoredBefore = restored()
    await startWorker()
    await caughtUp()
    expect(processed() - before).toBeLessThanOrEqual(2 * keys.length)
    expect(restored() - restoredBefore).toBe(0)
  })
})

it('a worker whose last commit and abort are not answered leaves nothing that the next one does not mend', async () => {
  const before = processed()
  faulty.plan(
    { call: 'commit', error: code('producerFenced') },
    { call: 'open', error: new ProductionError('stops the worker here') },
    { call: 'abort', error: late() },
  )
  await produceTogether()
  await expect(started.worker.closed).rejects.toThrow('stops the worker here')
  expect(faulty.left).toBe(0)
  const restoredBefore = restored()
  await startWorker()
  await caughtUp()
  expect(processed() - before).toBe(2 * keys.length)
  expect(restored() - restoredBefore).toBe(0)
})
