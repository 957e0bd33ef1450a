import { StreamsBuilder, type Record } from 'millrace'
import { string } from 'millrace/serdes'
import { keyValueStore } from 'millrace/state'
import { describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { ConfigError, DeserializationError, ProcessingError } from '../../src/core/errors.ts'
import type { Random } from '../../src/core/random.ts'
import {
  deadLetter,
  logAndContinue,
  logAndFail,
  retrying,
  type ErrorHandlers,
  type FailedRecord,
} from '../../src/runtime/error-handlers.ts'
import type { Serde } from '../../src/serdes/serde.ts'
import { topic } from '../../src/topology/topic.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { runningTask, type HarnessOptions, type TaskHarness } from './task-harness.ts'
import { oneStep, textTopology } from './text-topologies.ts'
import { createWorker, eventually, produce, readAll } from './worker-harness.ts'

const failing: ErrorHandlers = {
  deserialization: logAndFail,
  processing: logAndFail,
  production: logAndFail,
}
const half: Random = { next: () => 0.5, uuid: () => '' }
const totals = keyValueStore({ name: 'totals', key: string(), value: string() })

/** Fails the first attempts at a value, so often as its name says: `b!!` twice. */
function faults(): (value: string | null) => void {
  const left = new Map<string, number>()
  return (value) => {
    const count = left.get(value!) ?? value!.split('!').length - 1
    left.set(value!, count - 1)
    if (count > 0) throw new Error(`no ${value}`)
  }
}

/** Appends values to a total, puts the total out, and only then fails. */
function appending(isAsync = false): Topology {
  const fail = faults()
  return textTopology({
    sources: ['in'],
    steps: [
      {
        name: 'append',
        parents: ['in'],
        stores: [totals],
        processor: () => ({
          process(record: Record<string, string | null>, context) {
            const store = context.store(totals)
            const before = store.get(record.key) as string | undefined
            const total = `${before ?? ''}${record.value}`
            store.put(record.key, total)
            const forwarded = context.forward(record.withValue(total))
            if (!isAsync) return fail(record.value)
            return Promise.resolve(forwarded).then(() => fail(record.value))
          },
        }),
      },
    ],
    sinks: { out: ['append'] },
  })
}

const values = (...all: string[]): { key: string; value: string; timestampMs: number }[] =>
  all.map((value, i) => ({ key: 'k', value, timestampMs: i }))

describe('a record that fails and is tried again', () => {
  const start = async (
    topology: Topology,
    handlers: Partial<ErrorHandlers>,
    more: HarnessOptions = {},
  ): Promise<TaskHarness> =>
    await runningTask(topology, { handlers: { ...failing, ...handlers }, random: half, ...more })

  /** Lets the time pass until nothing waits; gives the waits. */
  const runOut = async ({ task, clock, drain }: TaskHarness): Promise<number[]> => {
    const waits: number[] = []
    for (;;) {
      await drain()
      const waitMs = task.nextWakeUpMs() - clock.now()
      if (waitMs === Infinity) return waits
      waits.push(waitMs)
      clock.advanceSync(waitMs)
    }
  }

  it.each([false, true])(
    'leaves nothing of the attempts that failed, and keeps its place (async: %s)',
    async (isAsync) => {
      await using harness = await start(appending(isAsync), { processing: retrying() })
      harness.feed('in', values('a', 'b!!', 'c'))
      expect(await runOut(harness)).toEqual([90, 180])
      expect(harness.collector.values('out')).toEqual(['a', 'ab!!', 'ab!!c'])
      expect(harness.metrics.counts.get('millrace_task_record_retries_total processing')).toBe(2)
      expect(harness.logger.messages.filter((each) => each.startsWith('warn'))).toHaveLength(1)
    },
  )

  it('waits as it is told: doubled, at most so long, less what is left to chance', async () => {
    const processing = retrying({ attempts: 6, backoffMs: 10, maxBackoffMs: 50, jitter: 0.4 })
    await using harness = await start(appending(), { processing })
    harness.feed('in', values('a!!!!!'))
    expect(await runOut(harness)).toEqual([8, 16, 32, 40, 40])
    expect(harness.collector.values('out')).toEqual(['a!!!!!'])
  })

  it('does not keep the task from being committed, and is not in that commit', async () => {
    await using harness = await start(appending(), { processing: retrying() })
    harness.feed('in', values('a', 'b!', 'c'))
    await harness.drain()
    expect(harness.task.isProcessable(harness.clock.now())).toBe(false)
    const { offsets } = await harness.commit()
    expect(offsets).toMatchObject([{ offset: 1 }])
    expect(harness.collector.values('out')).toEqual(['a'])
    const changelog = harness.collector.values('app-totals-changelog')
    expect(changelog).toHaveLength(1)
    await runOut(harness)
    expect((await harness.commit()).offsets).toMatchObject([{ offset: 3 }])
    expect(harness.collector.values('out')).toEqual(['a', 'ab!', 'ab!c'])
  })

  it('goes to the next handler with its count when its attempts are used up', async () => {
    const processing = retrying({ attempts: 3, backoffMs: 1 })
    await using harness = await start(appending(), { processing })
    harness.feed('in', values('a', 'b!!!!', 'c!'))
    await runOut(harness)
    expect(harness.deadLetters).toMatchObject([{ offset: 1, attempt: 3, canRetry: true }])
    // As without retries, what was done before it failed for good stays.
    expect(harness.collector.values('out')).toEqual(['a', 'ab!!!!', 'ab!!!!c!'])
  })

  it('is tried again only where that is worth it', async () => {
    const processing = retrying({ when: ({ error }) => !error.message.includes('no b') })
    await using harness = await start(appending(), { processing })
    harness.feed('in', values('b!', 'c!'))
    expect(await runOut(harness)).toHaveLength(1)
    expect(harness.deadLetters).toMatchObject([{ offset: 0, attempt: 1 }])
  })

  it('takes back the dead letters and failures further down, which come anew', async () => {
    const fail = faults()
    const topology = textTopology({
      sources: ['in'],
      steps: [
        {
          name: 'first',
          parents: ['in'],
          async process(record, context) {
            await context.forward(record)
            fail(record.value)
          },
        },
        {
          name: 'second',
          parents: ['first'],
          process: () => {
            throw new Error('never')
          },
        },
      ],
    })
    const processing = Object.assign(
      (failed: FailedRecord) => (failed.node === 'first' ? retrying()(failed) : deadLetter(failed)),
      { retries: true },
    )
    await using harness = await start(topology, { processing })
    harness.feed('in', values('a!!'))
    expect(await runOut(harness)).toHaveLength(2)
    expect(harness.deadLetters).toMatchObject([{ node: 'second', attempt: 3 }])
  })

  it('is undone also where a processor catches what its children failed with', async () => {
    const fail = faults()
    const topology = textTopology({
      sources: ['in'],
      steps: [
        {
          name: 'catching',
          parents: ['in'],
          process(record, context) {
            try {
              void context.forward(record)
            } catch {
              void context.forward(record.withValue('caught'))
            }
          },
        },
        {
          name: 'failing',
          parents: ['catching'],
          process: (record, context) => {
            fail(record.value)
            return context.forward(record)
          },
        },
      ],
      sinks: { out: ['failing'] },
    })
    await using harness = await start(topology, { processing: retrying() })
    harness.feed('in', values('a!', 'b'))
    await runOut(harness)
    expect(harness.collector.values('out')).toEqual(['a!', 'b'])
  })

  it('is read again where it could not be read', async () => {
    const fail = faults()
    const flaky: Serde<string> = {
      ...string(),
      deserialize(bytes) {
        const value = bytes.toString()
        try {
          fail(value)
        } catch (error) {
          throw new DeserializationError((error as Error).message)
        }
        return value
      },
    }
    delete (flaky as { deserializeAt?: unknown }).deserializeAt
    const builder = new StreamsBuilder()
    builder
      .stream(topic('in', { key: string(), value: flaky }))
      .to(topic('out', { key: string(), value: string() }))
    const deserialization = retrying({ attempts: 3 })
    await using harness = await start(builder.build(), { deserialization })
    harness.feed('in', values('a', 'b!!', 'c!!!', 'd'))
    expect(await runOut(harness)).toHaveLength(4)
    expect(harness.collector.values('out')).toEqual(['a', 'b!!', 'd'])
    expect(harness.deadLetters).toMatchObject([{ offset: 2, attempt: 3 }])
  })

  it('cannot be tried again by a handler that does not say that it may ask for it', async () => {
    const processing = (): { retry: object } => ({ retry: {} })
    await using harness = await start(appending(), { processing })
    harness.feed('in', values('a!'))
    await expect((async () => harness.drain())()).rejects.toThrow(ProcessingError)
    await expect((async () => harness.drain())()).rejects.toThrow(/retries: true/)
  })

  it('is not tried again once a call was begun beside it, which goes on', async () => {
    const topology = textTopology({
      sources: ['in'],
      steps: [
        {
          name: 'call',
          parents: ['in'],
          processor: () => {
            let calls: { start: (key: unknown, call: () => string, finish: () => void) => unknown }
            return {
              init(context) {
                calls = context.concurrentCalls({ concurrency: 1 }) as never
              },
              async process(record) {
                await calls.start(
                  record.key,
                  () => 'done',
                  () => {},
                )
                throw new Error('after the call')
              },
            }
          },
        },
      ],
    })
    await using harness = await start(topology, { processing: retrying() })
    harness.feed('in', values('a'))
    await harness.drain()
    await harness.task.settle()
    expect(harness.deadLetters).toMatchObject([{ canRetry: false, attempt: 1 }])
  })

  it('refuses numbers that make no sense', () => {
    expect(() => retrying({ attempts: 0 })).toThrow(ConfigError)
    expect(() => retrying({ backoffMs: -1 })).toThrow(/backoffMs/)
    expect(() => retrying({ maxBackoffMs: NaN })).toThrow(/maxBackoffMs/)
    expect(() => retrying({ jitter: 2 })).toThrow(/jitter/)
  })
})

describe('while a task of a worker waits to try again', () => {
  it('the others go on, it is handed over, and each output is there once', async () => {
    const broker = new EmbeddedBroker()
    await broker.open().createTopics([
      { name: 'in', partitions: 2 },
      { name: 'out', partitions: 1 },
    ])
    let isDown = true
    const topology = (): Topology =>
      oneStep(['in'], async (record, context) => {
        await context.forward(record)
        if (isDown && record.value === 'stuck') throw new Error('the service is down')
      })
    const handlers = {
      processing: retrying({
        attempts: Infinity,
        backoffMs: 5,
        maxBackoffMs: 20,
        otherwise: logAndContinue,
      }),
    }
    const outputs = async (): Promise<(string | null)[]> =>
      (await readAll(broker, 'out')).map(({ value }) => value).sort()
    const first = createWorker({ topology: topology(), broker, handlers, clientId: 'first' })
    const second = createWorker({ topology: topology(), broker, handlers, clientId: 'second' })
    try {
      await first.worker.start()
      await produce(broker, 'in', [
        { key: 'a', value: 'before', partition: 0 },
        { key: 'a', value: 'stuck', partition: 0 },
        { key: 'a', value: 'after', partition: 0 },
        { key: 'b', value: 'other', partition: 1 },
      ])
      await eventually(async () => expect(await outputs()).toEqual(['before', 'other']))
      await second.worker.start()
      await produce(broker, 'in', [{ key: 'b', value: 'later', partition: 1 }])
      await eventually(async () => expect(await outputs()).toEqual(['before', 'later', 'other']))
      await first.worker.close()
      await eventually(() => expect(second.worker.status().tasks).toHaveLength(2))
      isDown = false
      const all = ['after', 'before', 'later', 'other', 'stuck']
      await eventually(async () => expect(await outputs()).toEqual(all))
    } finally {
      await first.worker.close()
      await second.worker.close()
      await broker.close()
    }
  })
})
