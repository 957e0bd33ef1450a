import { beforeAll, describe, expect, inject, it } from 'vitest'
import type { Producer } from '../../../src/broker/port.ts'
import { openBroker, readToEnd, uniqueName, untilEnded } from '../kafka-client.ts'
import { fetchOnce, offsetsSeenByKafkajs, offsetsSeenByMillrace } from './kafkajs-filter.ts'

// kafkajs 2.2.4 lets records of aborted transactions through in three ways. Each is written here to a real Kafka; the
// bytes that come back are given to kafkajs's own filter, which leaks, and to ours.

const bootstrap = inject('kafkaBootstrap')
const place = (topic: string): { topic: string; partition: number } => ({ topic, partition: 0 })

interface Written {
  readonly topic: string
  /** Offsets that a read_committed reader must see. */
  readonly committed: readonly number[]
  /** Where the fetch begins. */
  readonly from: number
}

/** Runs the steps with two transactional producers, X and Y, on a new topic of one partition. */
async function write(
  name: string,
  steps: (x: Writer, y: Writer) => Promise<void>,
): Promise<{ readonly topic: string; readonly committed: number[] }> {
  const topic = uniqueName(name)
  await using broker = openBroker(bootstrap)
  await broker.createTopics([{ name: topic, partitions: 1 }])
  const committed: number[] = []
  await using x = await broker.openProducer({ transactionalId: uniqueName('x') })
  await using y = await broker.openProducer({ transactionalId: uniqueName('y') })
  await x.prepare([topic])
  await y.prepare([topic])
  await steps(new Writer(x, topic, committed), new Writer(y, topic, committed))
  await untilEnded(broker, topic, 0)
  return { topic, committed: committed.sort((a, b) => a - b) }
}

/** Writes each record as a batch of its own, so that transactions interleave record by record. */
class Writer {
  readonly #producer: Producer
  readonly #topic: string
  readonly #committed: number[]
  #open: number[] | undefined

  constructor(producer: Producer, topic: string, committed: number[]) {
    this.#producer = producer
    this.#topic = topic
    this.#committed = committed
  }

  async put(key: Buffer | null = null): Promise<void> {
    if (this.#open === undefined) this.#producer.beginTransaction()
    this.#open ??= []
    // Of now, as the markers are: records of long ago would have the log begin a new segment, where a fetch ends.
    this.#producer.send(this.#topic, 0, Date.now(), key, Buffer.from('value'))
    await this.#producer.flush()
    this.#open.push(this.#producer.lastOffset(this.#topic, 0)!)
  }

  async commit(): Promise<void> {
    await this.#producer.commitTransaction()
    this.#committed.push(...this.#open!)
    this.#open = undefined
  }

  async abort(): Promise<void> {
    await this.#producer.abortTransaction()
    this.#open = undefined
  }
}

const cases: readonly [string, () => Promise<Written>][] = [
  [
    'leak A: a record of the user whose key is the int32 0, within an aborted transaction, is taken for its end',
    async () => {
      const written = await write('leak-a', async (x, y) => {
        await y.put()
        await x.put()
        await x.put(Buffer.alloc(4))
        await x.put()
        await x.put()
        await y.commit()
        await x.abort()
        await x.put()
        await x.commit()
      })
      return { ...written, from: 0 }
    },
  ],
  [
    'leak B: of several aborted transactions that are open where the fetch begins, only one is noticed',
    async () => {
      const written = await write('leak-b', async (x, y) => {
        await x.put()
        await y.put()
        // The fetch begins here, within both.
        await y.put()
        await x.put()
        await x.abort()
        await y.abort()
        await y.put()
        await y.commit()
      })
      return { ...written, from: 2 }
    },
  ],
  [
    'leak C: of aborted transactions that ended in another order than they began, the first is noticed too late',
    async () => {
      const written = await write('leak-c', async (x, y) => {
        await x.put()
        await x.put()
        await y.put()
        await y.abort()
        await x.put()
        await x.abort()
        await x.put()
        await x.commit()
      })
      return { ...written, from: 0 }
    },
  ],
]

describe.each(cases)('%s', (_, prepare) => {
  let written: Written

  beforeAll(async () => {
    written = await prepare()
  })

  it("leaks through kafkajs's filter, and not through this one, on the same bytes", async () => {
    const { topic, from, committed } = written
    const fetched = await fetchOnce(bootstrap, { ...place(topic), offset: from })
    expect(fetched.aborted.length).toBeGreaterThan(0)
    const kafkajs = await offsetsSeenByKafkajs(fetched, from)
    expect(kafkajs.filter((offset) => !committed.includes(offset))).not.toEqual([])
    expect(offsetsSeenByMillrace(fetched, from)).toEqual(committed)
  })

  it('is not seen by a fetcher, wherever it begins and however little it fetches at a time', async () => {
    const { topic, committed } = written
    await using broker = openBroker(bootstrap)
    const [end] = await broker.listOffsets([place(topic)], 'latest', 'read_committed')
    for (let from = 0; from < end!.offset; from++) {
      await using fetcher = broker.openFetcher({
        isolation: 'read_committed',
        maxPartitionBytes: from % 2 === 0 ? 1 : 1 << 20,
      })
      fetcher.assign([{ ...place(topic), offset: from }])
      const seen: number[] = []
      for (let position = from; position < end!.offset;) {
        for (const { records, nextOffset } of await fetcher.poll({ timeoutMs: 1000 })) {
          while (records.next()) seen.push(records.offset)
          position = nextOffset
        }
      }
      expect(seen).toEqual(committed.filter((offset) => offset >= from))
    }
  })
})

it('records whose abort marker comes with a later fetch are not delivered, nor those of a second abort of one producer', async () => {
  const { topic, committed } = await write('ranges', async (x, y) => {
    for (let round = 0; round < 6; round++) {
      await x.put()
      await y.put()
      await x.put(round === 2 ? Buffer.alloc(4) : null)
      await (round % 3 === 0 ? x.commit() : x.abort())
      await y.put()
      await (round % 2 === 0 ? y.abort() : y.commit())
    }
  })
  await using broker = openBroker(bootstrap)
  for (const maxPartitionBytes of [1, 200, 400, 1 << 20]) {
    const seen = await readToEnd(broker, topic, 0, 'read_committed', maxPartitionBytes)
    expect(seen).toHaveLength(committed.length)
  }
  const fetched = await fetchOnce(bootstrap, { ...place(topic), offset: 0 })
  const byProducer = fetched.aborted.map(({ producerId }) => producerId)
  expect(new Set(byProducer).size).toBeLessThan(byProducer.length)
  expect(offsetsSeenByMillrace(fetched, 0)).toEqual(committed)
})

it('the position passes the markers at the end, so that nothing seems left to read', async () => {
  const { topic, committed } = await write('markers', async (x, y) => {
    await x.put()
    await x.commit()
    await y.put()
    await y.abort()
  })
  await using broker = openBroker(bootstrap)
  const [end] = await broker.listOffsets([place(topic)], 'latest', 'read_committed')
  expect(committed).toEqual([0])
  expect(end!.offset).toBe(4)
  await using fetcher = broker.openFetcher({ isolation: 'read_committed', maxPartitionBytes: 1 })
  fetcher.assign([{ ...place(topic), offset: 0 }])
  let position = 0
  let seen = 0
  while (position < 4) {
    for (const { records, nextOffset } of await fetcher.poll({ timeoutMs: 1000 })) {
      while (records.next()) seen++
      position = nextOffset
    }
  }
  expect({ position, seen }).toEqual({ position: 4, seen: 1 })
})
