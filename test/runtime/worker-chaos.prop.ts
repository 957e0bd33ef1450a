import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { BrokerTimeoutError, BrokerUnavailableError, FencedError } from '../../src/core/errors.ts'
import { counting, createCountingTopics, exactly, produceRound, readTotals } from './counting.ts'
import { Gate } from './gate.ts'
import { createWorker, eventually, type TestWorker } from './worker-harness.ts'

const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

const failures = {
  fenced: () => new FencedError('No longer a member'),
  late: () => new BrokerTimeoutError('No answer', { retriable: true }),
  away: () => new BrokerUnavailableError('Connection refused', { retriable: true }),
}

type Event =
  | { readonly type: 'records' }
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'crash' }
  /** The next rebalance takes as long as somebody does not join: the tasks go on. */
  | { readonly type: 'hold' }
  | { readonly type: 'release' }
  | {
      readonly type: 'refuse'
      readonly request: string
      readonly failure: keyof typeof failures
    }

const requests = [
  'fetch',
  'produce',
  'txnOffsetCommit',
  'endTxn',
  'offsetCommit',
  'heartbeat',
  'joinGroup',
  'initProducerId',
  'committedOffsets',
  'listOffsets',
]

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Event>({ type: 'records' }) },
  { weight: 1, arbitrary: fc.constant<Event>({ type: 'start' }) },
  { weight: 1, arbitrary: fc.constant<Event>({ type: 'stop' }) },
  { weight: 1, arbitrary: fc.constant<Event>({ type: 'crash' }) },
  { weight: 1, arbitrary: fc.constant<Event>({ type: 'hold' }) },
  { weight: 1, arbitrary: fc.constant<Event>({ type: 'release' }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('refuse' as const),
      request: fc.constantFrom(...requests),
      failure: fc.constantFrom('fenced' as const, 'late' as const, 'away' as const),
    }),
  },
)

const scenario = fc.array(event, { minLength: 4, maxLength: 16 })

/** Workers that come, go and fail while records flow. */
class Scene {
  readonly gate = new Gate()
  readonly broker = new EmbeddedBroker({ onRequest: this.gate.onRequest })
  readonly #guarantee: 'exactly_once' | 'at_least_once'
  readonly #workers = new Map<string, TestWorker>()
  #named = 0
  rounds = 0

  constructor(guarantee: 'exactly_once' | 'at_least_once') {
    this.#guarantee = guarantee
  }

  async play(event: Event): Promise<void> {
    const [name, latest] = [...this.#workers].at(-1) ?? []
    switch (event.type) {
      case 'records':
        this.rounds++
        await produceRound(this.broker, keys)
        break
      case 'start':
        if (this.#workers.size < 3) this.start()
        break
      case 'stop':
        if (name !== undefined) this.#workers.delete(name)
        await latest?.worker.close()
        break
      case 'crash':
        if (name !== undefined) this.#workers.delete(name)
        latest?.client.crash()
        await latest?.worker.close()
        break
      case 'hold':
        if (name !== undefined) this.gate.hold(name, 'joinGroup')
        break
      case 'release':
        this.gate.release()
        break
      case 'refuse':
        for (const client of this.#workers.keys()) {
          this.gate.refuse(client, event.request, failures[event.failure]())
        }
    }
    // Lets what is under way get to another place each time.
    await new Promise((resolve) => setTimeout(resolve, (this.rounds % 4) * 4))
  }

  start(): void {
    const clientId = `worker-${this.#named++}`
    const started = createWorker({
      topology: counting(),
      broker: this.broker,
      clientId,
      config: {
        processingGuarantee: this.#guarantee,
        commitIntervalMs: 5,
        heartbeatIntervalMs: 5,
        sessionTimeoutMs: 60,
        rebalanceTimeoutMs: 200,
        transactionTimeoutMs: 200,
        retryBackoffMs: 1,
      },
    })
    this.#workers.set(clientId, started)
    started.worker.start().catch(() => undefined)
  }

  async stop(): Promise<void> {
    for (const { worker } of this.#workers.values()) await worker.close()
  }

  async close(): Promise<void> {
    await this.stop()
    await this.broker.close()
  }
}

async function run(
  guarantee: 'exactly_once' | 'at_least_once',
  events: readonly Event[],
  check: (scene: Scene) => Promise<void>,
): Promise<void> {
  const scene = new Scene(guarantee)
  await createCountingTopics(scene.broker)
  try {
    scene.start()
    for (const event of events) await scene.play(event)
    scene.gate.release()
    scene.start()
    await scene.play({ type: 'records' })
    await eventually(() => check(scene), 8_000)
    // Nor may anything be added while they stop.
    await scene.stop()
    await check(scene)
  } finally {
    await scene.close()
  }
}

describe('whatever fails, workers that come and go', () => {
  it('count each record exactly once under exactly_once', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, (events) =>
        run('exactly_once', events, async ({ broker, rounds }) => {
          expect(await readTotals(broker)).toEqual(exactly(rounds, keys))
        }),
      ),
      { numRuns: 25, endOnFailure: true },
    )
  }, 60_000)

  it('count each record at least once under at_least_once', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, (events) =>
        run('at_least_once', events, async ({ broker, rounds }) => {
          const { totals } = await readTotals(broker)
          for (const key of keys) expect(totals[key]).toBeGreaterThanOrEqual(rounds)
        }),
      ),
      { numRuns: 25, endOnFailure: true },
    )
  }, 60_000)
})
