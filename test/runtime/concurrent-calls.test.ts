import { describe, expect, it } from 'vitest'
import { Record } from 'millrace'
import { LifecycleError, TopologyError } from '../../src/core/errors.ts'
import { isPromise } from '../../src/core/maybe-promise.ts'
import { deadLetter } from '../../src/runtime/error-handlers.ts'
import type {
  CallAttempt,
  ConcurrentCalls,
  ConcurrentCallsOptions,
} from '../../src/topology/concurrent-calls.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { runningTask, type HarnessOptions, type TaskHarness } from './task-harness.ts'
import { textTopology, type TextContext } from './text-topologies.ts'

/** Calls that end when the test says so. */
class Service {
  /** In the order in which they were made. */
  readonly asked: string[] = []
  readonly #open = new Map<string, { resolve(): void; reject(error: Error): void }>()
  readonly signals = new Map<string, AbortSignal>()

  readonly call = (value: string, { attempt, signal }: CallAttempt): Promise<string> => {
    const name = attempt === 1 ? value : `${value} again ${attempt}`
    this.asked.push(name)
    this.signals.set(name, signal)
    return new Promise((resolve, reject) =>
      this.#open.set(name, { resolve: () => resolve(`${value}!`), reject }),
    )
  }

  get inFlight(): string[] {
    return [...this.#open.keys()]
  }

  async end(name: string, error?: Error): Promise<void> {
    const call = this.#open.get(name)!
    this.#open.delete(name)
    if (error) call.reject(error)
    else call.resolve()
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }
}

function calling(
  service: Service,
  options: ConcurrentCallsOptions,
  context?: (context: TextContext) => void,
): Topology {
  return textTopology({
    sources: ['in'],
    steps: [
      {
        name: 'call',
        parents: ['in'],
        processor: () => {
          let calls: ConcurrentCalls
          return {
            init(own) {
              calls = own.concurrentCalls(options)
            },
            process: (record, own) =>
              calls.start(
                record.key,
                (attempt) => service.call(record.value!, attempt),
                (value) => {
                  context?.(own)
                  if (value === 'bad!') throw new Error('bad result')
                  return own.forward(record.withValue(value))
                },
              ),
          }
        },
      },
    ],
    sinks: { out: ['call'] },
  })
}

async function started(
  service: Service,
  options: ConcurrentCallsOptions,
  values: readonly string[],
  harness: HarnessOptions = {},
): Promise<TaskHarness> {
  const task = await runningTask(calling(service, options), harness)
  task.feed(
    'in',
    values.map((value, i) => ({ key: value.slice(0, 1), value, timestampMs: i })),
  )
  return task
}

const out = (harness: TaskHarness): unknown[] => harness.collector.values('out')

describe('calls beside processing', () => {
  it('are made while records follow, and hand on their results in the order of the records', async () => {
    const service = new Service()
    let woken = 0
    const wake = (): void => void woken++
    await using harness = await started(service, { concurrency: 2 }, ['a', 'b', 'c'], { wake })
    expect(harness.drain()).toBe(3)
    expect(service.asked).toEqual(['a', 'b'])
    expect(harness.task.isProcessable(0)).toBe(false)
    await service.end('b')
    expect(service.asked).toEqual(['a', 'b', 'c'])
    expect(harness.task.isProcessable(0)).toBe(false)
    expect(woken).toBe(1)
    await service.end('a')
    expect(harness.task.isProcessable(0)).toBe(true)
    await harness.drain()
    expect(out(harness)).toEqual(['a!', 'b!'])
    await service.end('c')
    await harness.drain()
    expect(out(harness)).toEqual(['a!', 'b!', 'c!'])
  })

  it('hand on results as they come, but for those of a key, where that is wanted', async () => {
    const service = new Service()
    const options = { concurrency: 3, orderedBy: 'key' } as const
    await using harness = await started(service, options, ['a1', 'a2', 'b1', 'a3'])
    await harness.drain()
    expect(service.asked).toEqual(['a1', 'b1'])
    await service.end('b1')
    await harness.drain()
    expect(out(harness)).toEqual(['b1!'])
    for (const name of ['a1', 'a2', 'a3']) await service.end(name)
    await harness.drain()
    expect(out(harness)).toEqual(['b1!', 'a1!', 'a2!', 'a3!'])
  })

  it('are held in bounds: processing waits where there are too many', async () => {
    const service = new Service()
    const values = ['a', 'b', 'c', 'd', 'e', 'f']
    await using harness = await started(service, { concurrency: 1 }, values)
    const drained = harness.drain()
    expect(isPromise(drained)).toBe(true)
    for (const value of values) {
      expect(service.inFlight).toEqual([value])
      await service.end(value)
    }
    await drained
    await harness.task.settle()
    expect(out(harness)).toEqual(values.map((value) => `${value}!`))
  })

  it('keep their records from being committed before they end', async () => {
    const service = new Service()
    await using harness = await started(service, { concurrency: 2 }, ['a', 'b'])
    await harness.drain()
    expect(() => harness.task.prepareCommit()).toThrow(LifecycleError)
    const settling = harness.task.settle()
    await service.end('a')
    await service.end('b')
    await settling
    expect(harness.task.settle()).toBeUndefined()
    expect((await harness.commit()).offsets).toMatchObject([{ offset: 2 }])
    expect(out(harness)).toEqual(['a!', 'b!'])
  })

  it('have their own record in process as their result goes on', async () => {
    const service = new Service()
    const seen: unknown[] = []
    const topology = calling(service, { concurrency: 2 }, (context) => {
      seen.push([context.recordMetadata?.offset, context.currentStreamTimeMs()])
    })
    await using harness = await runningTask(topology)
    const records = ['a', 'b', 'c'].map((value, i) => ({ key: value, value, timestampMs: 10 * i }))
    harness.feed('in', records, { from: 7 })
    await harness.drain()
    for (const value of ['a', 'b', 'c']) await service.end(value)
    await harness.drain()
    expect(seen).toEqual([
      [7, 0],
      [8, 10],
      [9, 20],
    ])
    expect(harness.task.streamTimeMs).toBe(20)
  })

  it('that fail go to the handler with their record, in their turn', async () => {
    const service = new Service()
    const handlers = { deserialization: deadLetter, processing: deadLetter, production: deadLetter }
    await using harness = await started(service, { concurrency: 4 }, ['a', 'bad', 'c', 'd'], {
      handlers,
    })
    await harness.drain()
    await service.end('c', new Error('no answer'))
    for (const value of ['d', 'bad', 'a']) await service.end(value)
    await harness.drain()
    expect(out(harness)).toEqual(['a!', 'd!'])
    const facts = harness.deadLetters.map(({ offset, value, node, error }) => {
      return [offset, value?.toString(), node, error.message.split(' [')[0]]
    })
    expect(facts).toEqual([
      [1, 'bad', 'call', 'The processor call failed: bad result'],
      [2, 'c', 'call', 'The processor call failed: no answer'],
    ])
  })

  it('end the task where the handler says so', async () => {
    const service = new Service()
    await using harness = await started(service, { concurrency: 2 }, ['a', 'b'])
    await harness.drain()
    const settling = harness.task.settle()?.catch((error: unknown) => error)
    await service.end('a', new Error('no answer'))
    await service.end('b')
    expect(String(await settling)).toMatch(/failed: no answer .*offset 0/)
    expect(() => harness.task.prepareCommit()).toThrow(/no answer/)
  })

  it('are made again as often as is said, after waiting longer each time', async () => {
    const service = new Service()
    const retry = {
      attempts: 3,
      backoffMs: 10,
      when: (error: unknown) => (error as Error).message === 'busy',
    }
    await using harness = await started(service, { concurrency: 2, retry }, ['a', 'b'], {
      handlers: { deserialization: deadLetter, processing: deadLetter, production: deadLetter },
    })
    await harness.drain()
    await service.end('b', new Error('broken'))
    await service.end('a', new Error('busy'))
    await harness.clock.advance(9)
    expect(service.asked).toEqual(['a', 'b'])
    await harness.clock.advance(1)
    await service.end('a again 2', new Error('busy'))
    await harness.clock.advance(19)
    expect(service.inFlight).toEqual([])
    await harness.clock.advance(1)
    await service.end('a again 3')
    await harness.drain()
    expect(out(harness)).toEqual(['a!'])
    expect(harness.deadLetters.map(({ error }) => error.message)).toMatchObject([/broken/])
  })

  it('are aborted when their time is up', async () => {
    const service = new Service()
    const options = { concurrency: 1, timeoutMs: 50, retry: { attempts: 2, backoffMs: 5 } }
    await using harness = await started(service, options, ['a'], {
      handlers: { deserialization: deadLetter, processing: deadLetter, production: deadLetter },
    })
    await harness.drain()
    await harness.clock.advance(50)
    expect(service.signals.get('a')?.aborted).toBe(true)
    await harness.clock.advance(5)
    expect(service.asked).toEqual(['a', 'a again 2'])
    await harness.clock.advance(50)
    await harness.drain()
    expect(harness.deadLetters[0]?.error.message).toContain('a call did not end within 50 ms')
  })

  it('are aborted and forgotten when the task is closed, also by those who wait for them', async () => {
    const service = new Service()
    const harness = await started(service, { concurrency: 1 }, ['a', 'b', 'c', 'd', 'e', 'f'])
    const drained = harness.drain()
    const settled = harness.task.settle()
    await harness.task.close()
    expect(service.signals.get('a')?.reason).toBeInstanceOf(LifecycleError)
    await settled
    await drained
    expect(service.asked).toEqual(['a'])
    expect(out(harness)).toEqual([])
    await harness[Symbol.asyncDispose]()
  })

  it('end before what is due of event time after their records', async () => {
    const service = new Service()
    const topology = textTopology({
      sources: ['in'],
      steps: [
        {
          name: 'call',
          parents: ['in'],
          processor: () => {
            let calls: ConcurrentCalls
            return {
              init(context) {
                calls = context.concurrentCalls({ concurrency: 2 })
                context.schedule('stream-time', 10, (timestampMs) =>
                  context.forward(new Record('k', `time ${timestampMs}`, timestampMs)),
                )
              },
              process: (record, context) =>
                calls.start(
                  null,
                  (attempt) => service.call(record.value!, attempt),
                  (value) => context.forward(record.withValue(value)),
                ),
            }
          },
        },
      ],
      sinks: { out: ['call'] },
    })
    await using harness = await runningTask(topology)
    harness.feed(
      'in',
      ['a', 'b', 'c'].map((value, i) => ({ key: 'k', value, timestampMs: 5 * i })),
    )
    const drained = harness.drain()
    await service.end('a')
    await service.end('b')
    await service.end('c')
    await drained
    await harness.task.settle()
    expect(out(harness)).toEqual(['a!', 'time 0', 'b!', 'c!', 'time 10'])
  })

  it('are refused options that make no sense', async () => {
    for (const options of [
      { concurrency: 0 },
      { concurrency: 1, timeoutMs: 0.5 },
      { concurrency: 1, retry: { attempts: 0 } },
    ]) {
      await expect(runningTask(calling(new Service(), options))).rejects.toBeInstanceOf(
        TopologyError,
      )
    }
  })
})
