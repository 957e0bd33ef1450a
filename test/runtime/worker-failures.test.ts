import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import {
  BrokerError,
  BrokerTimeoutError,
  BrokerUnavailableError,
  FencedError,
} from '../../src/core/errors.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { exactly, produceRound, readTotals } from './counting.ts'
import type { Gate } from './gate.ts'
import { keys, WorkerBed } from './worker-bed.ts'
import { eventually, type StartOptions } from './worker-harness.ts'
import { withUnansweredCommits } from './unanswered-commits.ts'

const fenced = (): Error => new FencedError('A newer producer has the id')
const late = (): Error => new BrokerTimeoutError('No answer', { retriable: true })
const away = (): Error => new BrokerUnavailableError('Connection refused', { retriable: true })

let bed: WorkerBed
let gate: Gate
let broker: EmbeddedBroker

beforeEach(async () => {
  bed = await WorkerBed.counting()
  ;({ gate, broker } = bed)
})

afterEach(() => bed.close())

const start = async (options: Partial<StartOptions> = {}): Promise<Worker> => {
  const { worker } = await bed.start(options)
  return worker
}

describe('under exactly_once, a worker counts each record once', () => {
  it.each([
    ['its offsets are refused, since its tasks are another’s', 'txnOffsetCommit', fenced],
    ['its offsets are not answered', 'txnOffsetCommit', late],
    ['its transaction is refused, since it was aborted', 'endTxn', fenced],
    ['the end of its transaction is not answered', 'endTxn', late],
    ['its outputs cannot be written', 'produce', away],
    ['its outputs are refused, since a newer producer writes', 'produce', fenced],
    ['the broker is away while it fetches', 'fetch', away],
  ])('when %s', async (_, request, failure) => {
    const worker = await start()
    await produceRound(broker, keys)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(1, keys)))
    gate.refuse('worker', request, failure(), failure())
    await produceRound(broker, keys)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(2, keys)))
    await eventually(() => expect(worker.status().state).toBe('running'))
    await produceRound(broker, keys)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(3, keys)))
  })

  it.each([
    ['was committed', { committed: 1, lost: 0 }],
    ['was not committed', { committed: 0, lost: 1 }],
  ])('when it does not learn that a transaction %s', async (_, outcome) => {
    const unanswered = { committed: 0, lost: 0 }
    await start({ wrap: (client) => withUnansweredCommits(client, unanswered) })
    await produceRound(broker, keys)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(1, keys)))
    Object.assign(unanswered, outcome)
    await produceRound(broker, keys)
    await eventually(() => expect(unanswered).toEqual({ committed: 0, lost: 0 }))
    await produceRound(broker, keys)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(3, keys)))
  })

  it('when nothing that it needs to begin anew works for a while', async () => {
    await start()
    await produceRound(broker, keys)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(1, keys)))
    gate.refuse('worker', 'endTxn', late())
    gate.refuse('worker', 'initProducerId', away())
    gate.refuse('worker', 'joinGroup', away())
    gate.refuse('worker', 'committedOffsets', away())
    gate.refuse('worker', 'listOffsets', away())
    await produceRound(broker, keys)
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(2, keys)))
  })
})

describe('under at_least_once, a worker loses nothing', () => {
  const config = { processingGuarantee: 'at_least_once' } as const

  it.each([
    ['its outputs cannot be written', 'produce', away],
    ['its offsets are refused, since its tasks are another’s', 'offsetCommit', fenced],
    ['its offsets are not answered', 'offsetCommit', late],
    ['the broker is away while it fetches', 'fetch', away],
  ])('when %s', async (_, request, failure) => {
    const worker = await start({ config })
    await produceRound(broker, keys)
    await eventually(async () =>
      expect((await readTotals(broker)).totals).toEqual(exactly(1, keys).totals),
    )
    gate.refuse('worker', request, failure(), failure())
    await produceRound(broker, keys)
    await eventually(async () => {
      const { totals } = await readTotals(broker)
      for (const key of keys) expect(totals[key]).toBeGreaterThanOrEqual(2)
    })
    await eventually(() => {
      const views = worker.storeViews('counts')
      expect(views.map((view) => view.lagRecords)).toEqual([0, 0, 0, 0])
    })
  })
})

describe('a failure that trying again does not mend', () => {
  it('ends the worker with what it was, and leaves nothing open behind', async () => {
    const worker = await start({ config: { transactionTimeoutMs: 60_000 } })
    const refused = new BrokerError('Not authorized for the transactional id', { brokerCode: 53 })
    gate.refuse('worker', 'txnOffsetCommit', refused)
    await produceRound(broker, keys)
    await expect(worker.closed).rejects.toBe(refused)
    expect(worker.status()).toMatchObject({ state: 'error', error: refused, tasks: [] })
    // Its transaction was aborted and its membership given up: the next one waits for no timeout.
    await start()
    await eventually(async () => expect(await readTotals(broker)).toEqual(exactly(1, keys)))
  })

  it('is what start rejects with, where it comes first', async () => {
    const refused = new BrokerError('Not authorized for the group', { brokerCode: 30 })
    gate.refuse('worker', 'joinGroup', refused)
    await expect(start()).rejects.toBe(refused)
  })
})
