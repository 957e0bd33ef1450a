import { DeadLetterQueue, StreamsBuilder, topic } from 'millrace'
import { string } from 'millrace/serdes'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../../src/broker/embedded/index.ts'
import { HeldBackLimitError } from '../../../src/core/errors.ts'
import type { WorkerConfig } from '../../../src/runtime/worker-config.ts'
import type { Worker } from '../../../src/runtime/worker.ts'
import { CountingMetrics } from '../task-harness.ts'
import {
  createWorker,
  eventually,
  produce,
  readAll,
  type StartOptions,
  type TestWorker,
} from '../worker-harness.ts'

const orders = topic('orders', { key: string(), value: string() })
const seen = topic('seen', { key: string(), value: string() })

describe.each(['exactly_once', 'at_least_once'] as const)(
  'records held back behind a dead letter, %s',
  (processingGuarantee) => {
    let broker: EmbeddedBroker
    let workers: Worker[]
    let queue: DeadLetterQueue
    let refused: Set<string>

    beforeEach(async () => {
      broker = new EmbeddedBroker()
      workers = []
      refused = new Set(['bad'])
      await broker.open().createTopics([
        { name: 'orders', partitions: 2 },
        { name: 'seen', partitions: 1 },
        { name: 'aside', partitions: 1 },
      ])
      queue = await DeadLetterQueue.open({ broker, applicationId: 'app' })
    })

    afterEach(async () => {
      await queue.close()
      for (const worker of workers) await worker.close()
      await broker.close()
    })

    const create = (
      config: Partial<WorkerConfig> = {},
      options: Partial<StartOptions> = {},
    ): TestWorker => {
      const builder = new StreamsBuilder()
      builder
        .stream(orders)
        .peek((value) => {
          if (refused.has(value)) throw new RangeError(`${value} is refused`)
        })
        .to(seen)
      const created = createWorker({
        topology: builder.build(),
        broker,
        config: {
          processingGuarantee,
          holdBackLaterRecords: true,
          droppedIntervalMs: 20,
          ...config,
        },
        ...options,
      })
      workers.push(created.worker)
      return created
    }

    const start = async (
      config: Partial<WorkerConfig> = {},
      options: Partial<StartOptions> = {},
    ): Promise<TestWorker> => {
      const created = create(config, options)
      await created.worker.start()
      return created
    }

    const write = async (...keyed: string[]): Promise<void> => {
      const records = keyed.map((text) => {
        const [key, value] = text.split(' ')
        return { key: key!, value: value!, partition: key! < 'm' ? 0 : 1 }
      })
      await produce(broker, 'orders', records)
    }

    const outputs = async (): Promise<(string | null)[]> =>
      (await readAll(broker, 'seen')).map(({ value }) => value)
    const pending = async (): Promise<string[]> => {
      const found: string[] = []
      for await (const { value, stage, isRedriven } of queue.list()) {
        if (!isRedriven) found.push(`${value!.toString()} ${stage}`)
      }
      return found
    }
    const until = async (values: string[], letters: string[]): Promise<void> => {
      await eventually(async () => {
        expect([await outputs(), await pending()]).toEqual([values, letters])
      })
    }
    const outstanding = (worker: Worker): number =>
      worker.status().tasks.reduce((sum, { heldBack }) => sum + (heldBack?.records ?? 0), 0)

    it('are redriven in their order and processed, and then none is held back any more', async () => {
      const metrics = new CountingMetrics()
      const { worker } = await start({}, { metrics })
      await write('a bad', 'a a1', 'z z1', 'a a2')
      await until(['z1'], ['bad processing', 'a1 held-back', 'a2 held-back'])
      const held = worker.status().tasks.map(({ heldBack }) => heldBack)
      expect(held).toEqual([
        { keys: 1, records: 3 },
        { keys: 0, records: 0 },
      ])
      expect(metrics.counts.get('millrace_task_dead_letter_records_total held-back')).toBe(2)
      expect([...metrics.gauges.keys()]).toContain('millrace_task_held_back_keys')
      refused.clear()
      expect(await queue.redrive()).toEqual({ redriven: 3, kept: 0 })
      await until(['z1', 'bad', 'a1', 'a2'], [])
      expect(outstanding(worker)).toBe(0)
      await write('a a3')
      await until(['z1', 'bad', 'a1', 'a2', 'a3'], [])
    })

    it('stay held back where their task comes to another worker', async () => {
      const first = await start()
      await write('a bad', 'a a1')
      await until([], ['bad processing', 'a1 held-back'])
      await first.worker.close()
      const second = await start({}, { clientId: 'second' })
      expect(outstanding(second.worker)).toBe(2)
      await write('a a2', 'b b1')
      await until(['b1'], ['bad processing', 'a1 held-back', 'a2 held-back'])
      refused.clear()
      await queue.redrive()
      await until(['b1', 'bad', 'a1', 'a2'], [])
    })

    it('stay held back where the worker crashes after the dead letter', async () => {
      const first = await start()
      await write('a bad')
      await eventually(() => expect(outstanding(first.worker)).toBe(1))
      await until([], ['bad processing'])
      await eventually(async () => {
        const changelog = await readAll(broker, 'app-held-back-orders-changelog')
        expect(changelog).toHaveLength(1)
      })
      first.client.crash()
      await first.worker.close({ timeoutMs: 0 })
      await write('a a1')
      await start({}, { clientId: 'second' })
      await until([], ['bad processing', 'a1 held-back'])
    })

    it('stay held back over a rebalance that moves their task to a standby', async () => {
      const config = { numStandbyReplicas: 1, probingRebalanceIntervalMs: 50 }
      const one = await start(config, { clientId: 'one' })
      const two = await start(config, { clientId: 'two' })
      await write('a bad', 'z bad', 'a a1', 'z z1')
      await eventually(() => expect(outstanding(one.worker) + outstanding(two.worker)).toBe(4))
      await one.worker.close()
      await eventually(() => expect(outstanding(two.worker)).toBe(4))
      await write('a a2', 'z z2')
      await eventually(async () => expect(await pending()).toHaveLength(6))
      refused.clear()
      await queue.redrive()
      await eventually(async () => expect(await outputs()).toHaveLength(6))
      const values = await outputs()
      expect(values.filter((value) => value!.startsWith('a'))).toEqual(['a1', 'a2'])
      expect(values.filter((value) => value!.startsWith('z'))).toEqual(['z1', 'z2'])
      expect(outstanding(two.worker)).toBe(0)
    })

    it('go on at once where all that they wait for is dropped', async () => {
      const { worker } = await start()
      await write('a bad', 'a a1', 'b bad')
      await until([], ['bad processing', 'a1 held-back', 'bad processing'])
      expect(await queue.drop({ key: 'a', dryRun: true })).toEqual({ dropped: 2 })
      expect(await queue.drop({ key: 'a' })).toEqual({ dropped: 2 })
      await eventually(() => expect(outstanding(worker)).toBe(1))
      await write('a a2')
      await until(['a2'], ['bad processing'])
      await worker.close()
      const { worker: second } = await start({}, { clientId: 'second' })
      expect(outstanding(second)).toBe(1)
    })

    it('are processed when they are redriven right after what they waited for was dropped', async () => {
      await start({ droppedIntervalMs: 60_000 })
      await write('a bad', 'a a1', 'a a2')
      await until([], ['bad processing', 'a1 held-back', 'a2 held-back'])
      expect(await queue.drop({ offsets: { to: 0 } })).toEqual({ dropped: 1 })
      await queue.redrive()
      await until(['a1', 'a2'], [])
    })

    it('no longer wait for what was redriven elsewhere', async () => {
      const { worker } = await start()
      await write('a bad', 'a a1')
      await until([], ['bad processing', 'a1 held-back'])
      await queue.redrive({ offsets: { to: 0 }, to: 'aside' })
      await eventually(() => expect(outstanding(worker)).toBe(1))
      await queue.redrive()
      await until(['a1'], [])
      const [aside] = await readAll(broker, 'aside')
      expect(aside!.headers).not.toHaveProperty('__millrace.redriven.from')
    })

    it('stop the worker where there would be more than the limit, until some are dropped', async () => {
      const { worker } = await start({ maxHeldBackRecords: 2 })
      await write('a bad', 'a a1', 'b b1')
      await until(['b1'], ['bad processing', 'a1 held-back'])
      await write('a a2')
      await expect(worker.closed).rejects.toThrow(HeldBackLimitError)
      await expect(worker.closed).rejects.toThrow(/maxHeldBackRecords.*topic orders.*offset 3/)
      await queue.drop({ key: 'a' })
      await start({ maxHeldBackRecords: 2 }, { clientId: 'second' })
      await eventually(async () => expect((await outputs()).slice(-1)).toEqual(['a2']))
    })

    it('go on behind further dead letters where the limit says so', async () => {
      const metrics = new CountingMetrics()
      await start({ maxHeldBackRecords: 1, onHeldBackLimit: 'let-go' }, { metrics })
      await write('a bad', 'b bad', 'b b1', 'a a1')
      await until(['b1'], ['bad processing', 'bad processing', 'a1 held-back'])
      expect(metrics.counts.get('millrace_task_held_back_let_go_total')).toBe(2)
    })
  },
)
