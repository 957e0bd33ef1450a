import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { BrokerTimeoutError, BrokerUnavailableError } from '../../src/core/errors.ts'
import { StreamsBuilder } from '../../src/index.ts'
import { logAndFail } from '../../src/runtime/error-handlers.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { integer, string } from '../../src/serdes/index.ts'
import { keyValueStore, type KeyValueStore } from '../../src/state/index.ts'
import { topic } from '../../src/topology/topic.ts'
import type { Topology } from '../../src/topology/topology.ts'
import type { Gate } from './gate.ts'
import { textTopic } from './text-topologies.ts'
import { WorkerBed } from './worker-bed.ts'
import { eventually, produce, readAll, type StartOptions } from './worker-harness.ts'

const rates = topic('rates', { key: string(), value: integer() })
const rateStore = keyValueStore({ name: 'rates', key: string(), value: integer() })

/** Looks up the rate of each currency that comes. */
function lookingUp(): Topology {
  const builder = new StreamsBuilder()
  builder.addGlobalStore(rateStore, {
    topic: rates,
    sourceName: 'rates-source',
    processorName: 'rates-processor',
    supplier: () => ({
      process: (record, context) => context.store(rateStore).put(record.key, record.value),
    }),
  })
  builder
    .stream(textTopic('currencies'))
    .process(
      () => ({
        async process(record, context) {
          const rate = await context.store(rateStore).get(record.value)
          await context.forward(record.withValue(`${record.value}=${rate}`))
        },
      }),
      { stores: [rateStore], key: string(), value: string() },
    )
    .to(textTopic('rated'))
  return builder.build()
}

let bed: WorkerBed
let gate: Gate
let broker: EmbeddedBroker

beforeEach(async () => {
  bed = new WorkerBed(lookingUp)
  ;({ gate, broker } = bed)
  await broker.open().createTopics([
    { name: 'rates', partitions: 3 },
    { name: 'currencies', partitions: 2 },
    { name: 'rated', partitions: 1 },
  ])
})

afterEach(() => bed.close())

const start = async (options: Partial<StartOptions> = {}): Promise<Worker> => {
  const { worker } = await bed.start(options)
  return worker
}

const setRate = async (currency: string, value: Buffer | null, partition = 0): Promise<void> => {
  const producer = await broker.open().openProducer({})
  producer.send('rates', partition, 1, Buffer.from(currency), value, [])
  await producer.close()
}

const rate = (value: number): Buffer =>
  integer().serialize(value, { topic: 'rates', part: 'value' })

const rated = async (): Promise<(string | null)[]> =>
  (await readAll(broker, 'rated')).map(({ value }) => value)

const lookUp = async (currency: string): Promise<void> => {
  await produce(broker, 'currencies', [{ key: 'k', value: currency }])
}

const storeOf = (worker: Worker): KeyValueStore<string, number> =>
  worker.storeViews('rates')[0]!.store as KeyValueStore<string, number>

describe('a global store', () => {
  it('is there whole, of all partitions, before the first record is processed', async () => {
    await setRate('eur', rate(2), 0)
    await setRate('usd', rate(3), 1)
    await setRate('chf', rate(4), 2)
    await setRate('chf', null, 2)
    for (const currency of ['eur', 'usd', 'chf']) await lookUp(currency)
    await start()
    await eventually(async () => {
      expect(await rated()).toEqual(['eur=2', 'usd=3', 'chf=undefined'])
    })
  })

  it('follows its topic on every worker', async () => {
    const all = [await start(), await start({ clientId: 'second' })]
    await setRate('eur', rate(2), 2)
    for (const worker of all) {
      await eventually(async () => expect(await storeOf(worker).get('eur')).toBe(2))
    }
    await setRate('eur', rate(5), 2)
    for (const worker of all) {
      await eventually(async () => expect(await storeOf(worker).get('eur')).toBe(5))
    }
    await lookUp('eur')
    await eventually(async () => expect(await rated()).toEqual(['eur=5']))
  })

  it('says of its views that they have all keys', async () => {
    const worker = await start()
    expect(worker.storeViews('rates')).toMatchObject([
      { storeName: 'rates', taskId: 'global', partition: undefined, partitions: 1 },
    ])
  })

  it('skips a record that cannot be read, without a dead letter at each start', async () => {
    await setRate('bad', Buffer.from('no integer'))
    await setRate('eur', rate(2))
    const worker = await start()
    expect(await storeOf(worker).get('eur')).toBe(2)
    expect(await storeOf(worker).get('bad')).toBeUndefined()
    expect(await readAll(broker, 'app-dead-letters')).toEqual([])
  })

  it('ends the worker over such a record where the handler says fail', async () => {
    await setRate('bad', Buffer.from('no integer'))
    await expect(start({ handlers: { deserialization: logAndFail } })).rejects.toThrow(
      /topic rates, partition 0.*offset 0/,
    )
  })

  it('is read again from the start where the broker was slow to answer as the worker started', async () => {
    await setRate('eur', rate(2))
    gate.refuse('worker', 'listOffsets', new BrokerTimeoutError('No answer', { retriable: true }))
    const worker = await start()
    expect(await storeOf(worker).get('eur')).toBe(2)
  })

  it('is not there for reading once the worker is closed', async () => {
    const worker = await start()
    expect(worker.storeViews('rates')).toHaveLength(1)
    await worker.close()
    expect(worker.storeViews('rates')).toEqual([])
  })

  it('goes on following after the broker was away', async () => {
    const worker = await start()
    const away = (): Error => new BrokerUnavailableError('Connection refused', { retriable: true })
    gate.refuse('worker', 'fetch', away(), away(), away())
    await setRate('eur', rate(2))
    await eventually(async () => expect(await storeOf(worker).get('eur')).toBe(2))
  })
})
