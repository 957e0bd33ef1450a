import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { SerializationError } from '../../src/core/errors.ts'
import { StreamsBuilder } from '../../src/index.ts'
import { deadLetterHeaders } from '../../src/runtime/dead-letter-headers.ts'
import { logAndContinue, logAndFail } from '../../src/runtime/error-handlers.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { integer, string } from '../../src/serdes/index.ts'
import type { Serde } from '../../src/serdes/serde.ts'
import { topic } from '../../src/topology/topic.ts'
import type { Topology } from '../../src/topology/topology.ts'
import {
  createWorker,
  eventually,
  readAll,
  type ReadRecord,
  type StartOptions,
} from './worker-harness.ts'

/** A serde that cannot write one value. */
const picky: Serde<number> = {
  ...integer(),
  name: 'picky',
  serialize(value, context) {
    if (value === 13) throw new SerializationError('13 cannot be written', { field: 'amount' })
    return integer().serialize(value, context)
  },
}

const amounts = topic('amounts', { key: string(), value: integer() })
const doubled = topic('doubled', { key: string(), value: picky })

/** Fails on 7 while it processes, and on 13 when it writes. */
function doubling(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(amounts)
    .mapValues((amount) => {
      if (amount === 7) throw new RangeError('seven is not served here')
      return amount
    })
    .to(doubled)
  return builder.build()
}

function bytes(amount: number): Buffer {
  return integer().serialize(amount, { topic: 'amounts', part: 'value' })
}

describe.each(['exactly_once', 'at_least_once'] as const)(
  'a record that fails, %s',
  (guarantee) => {
    let broker: EmbeddedBroker
    let workers: Worker[]

    beforeEach(async () => {
      broker = new EmbeddedBroker()
      workers = []
      await broker.open().createTopics([
        { name: 'amounts', partitions: 2 },
        { name: 'doubled', partitions: 1 },
      ])
    })

    afterEach(async () => {
      for (const worker of workers) await worker.close()
      await broker.close()
    })

    const start = async (options: Partial<StartOptions> = {}): Promise<Worker> => {
      const { config, ...others } = options
      const { worker } = createWorker({
        topology: doubling(),
        broker,
        config: { processingGuarantee: guarantee, ...config },
        ...others,
      })
      workers.push(worker)
      await worker.start()
      return worker
    }

    /** One good record, the one given, and another good one. */
    const produceAround = async (value: Buffer): Promise<void> => {
      const producer = await broker.open().openProducer({})
      const headers = [{ key: 'trace', value: Buffer.from('t-1') }]
      producer.send('amounts', 1, 1_000, Buffer.from('k'), bytes(1), [])
      producer.send('amounts', 1, 2_000, Buffer.from('k'), value, headers)
      producer.send('amounts', 1, 3_000, Buffer.from('k'), bytes(2), [])
      await producer.close()
    }

    const outputs = async (): Promise<number[]> =>
      (await readAll(broker, 'doubled')).map(({ valueBytes }) => valueBytes!.readInt32BE())

    const theDeadLetter = async (): Promise<ReadRecord> => {
      await eventually(async () => {
        expect(await readAll(broker, 'app-dead-letters')).toHaveLength(1)
        expect(await outputs()).toEqual([1, 2])
      })
      return (await readAll(broker, 'app-dead-letters'))[0]!
    }

    it.each([
      ['cannot be decoded', 'deserialization', Buffer.from('no integer'), 'DeserializationError'],
      ['the user’s code throws at', 'processing', bytes(7), 'ProcessingError'],
      ['whose result cannot be written', 'production', bytes(13), 'ProductionError'],
    ])('which %s is a dead letter with its bytes and its cause', async (_, stage, value, name) => {
      await start()
      await produceAround(value)
      const { key, valueBytes, headers, timestampMs } = await theDeadLetter()
      expect(key).toBe('k')
      expect(valueBytes).toEqual(value)
      expect(timestampMs).toBe(2_000)
      expect(headers).toMatchObject({
        trace: 't-1',
        [deadLetterHeaders.exception]: name,
        [deadLetterHeaders.topic]: 'amounts',
        [deadLetterHeaders.partition]: '1',
        [deadLetterHeaders.offset]: '1',
        [deadLetterHeaders.stage]: stage,
        [deadLetterHeaders.task]: '0_1',
      })
      expect(headers[deadLetterHeaders.message]).toMatch(/amounts|doubled/)
      expect(headers[deadLetterHeaders.stacktrace]).toContain('at ')
      expect(headers[deadLetterHeaders.node]).toMatch(/^KSTREAM-(SOURCE|MAPVALUES|SINK)-/)
    })

    it('names the cause that the user’s code or the serde gave', async () => {
      await start()
      await produceAround(bytes(7))
      const { headers } = await theDeadLetter()
      expect(headers[deadLetterHeaders.message]).toContain('seven is not served here')
    })

    it('goes to the topic that the configuration names', async () => {
      await broker.open().createTopics([{ name: 'failed', partitions: 2 }])
      await start({ config: { deadLetterTopic: 'failed' } })
      await produceAround(bytes(7))
      await eventually(async () => expect(await readAll(broker, 'failed')).toHaveLength(1))
      expect((await readAll(broker, 'failed'))[0]!.partition).toBe(1)
      expect(await broker.open().listTopics()).not.toContain('app-dead-letters')
    })

    it('which is too large for the dead-letter topic is there with its place and cause', async () => {
      const config = { 'max.message.bytes': '12000' }
      await broker.open().createTopics([{ name: 'app-dead-letters', partitions: 1, config }])
      await start()
      await produceAround(Buffer.alloc(50_000))
      const { key, value, headers } = await theDeadLetter()
      expect([key, value]).toEqual([null, null])
      expect(headers).toMatchObject({
        [deadLetterHeaders.topic]: 'amounts',
        [deadLetterHeaders.offset]: '1',
        [deadLetterHeaders.exception]: 'DeserializationError',
        [deadLetterHeaders.omitted]: 'key of 1 bytes, value of 50000 bytes, 1 headers',
      })
    })

    it('is dropped where the handler says continue', async () => {
      await start({ handlers: { processing: logAndContinue } })
      await produceAround(bytes(7))
      await eventually(async () => expect(await outputs()).toEqual([1, 2]))
      expect(await readAll(broker, 'app-dead-letters')).toEqual([])
    })

    it('stops the worker where the handler says fail, and is first when that starts again', async () => {
      const worker = await start({ handlers: { deserialization: logAndFail } })
      await produceAround(Buffer.from('no integer'))
      await expect(worker.closed).rejects.toThrow(/topic amounts, partition 1.*offset 1/)
      expect(worker.status().state).toBe('error')
      await start()
      await eventually(async () => {
        expect(await readAll(broker, 'app-dead-letters')).toHaveLength(1)
        expect((await outputs()).slice(-1)).toEqual([2])
      })
    })
  },
)
