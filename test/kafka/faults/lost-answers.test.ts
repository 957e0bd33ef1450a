import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { freePorts } from '../../../scripts/services/free-port.ts'
import { startKafka, type RunningKafka } from '../../../scripts/services/kafka.ts'
import { apis } from '../../../src/broker/kafkajs/protocol/api-keys.ts'
import type { Broker, GroupMembership, Producer } from '../../../src/broker/port.ts'
import { BrokerTimeoutError, FencedError } from '../../../src/core/errors.ts'
import {
  numbersOf,
  openBroker,
  readEnded,
  readToEnd,
  sendNumbers,
  uniqueName,
} from '../kafka-client.ts'
import { ProtocolProxy, type Fate } from './protocol-proxy.ts'

// Every request of a transaction, lost on its way or answered to nobody, on a real Kafka: what kafkajs 2.2.4 keeps
// outside of its retries, sends again to another partition, or never recovers from.

const key = (api: keyof typeof apis): number => apis[api].apiKey
const requests = [
  'initProducerId',
  'addPartitionsToTxn',
  'addOffsetsToTxn',
  'txnOffsetCommit',
  'produce',
  'endTxn',
] as const
const fates: readonly Fate[] = ['request lost', 'answer lost']

let kafka: RunningKafka
let proxy: ProtocolProxy
let address: string
let broker: Broker

beforeAll(async () => {
  const [port, proxyPort] = await freePorts(2)
  address = `127.0.0.1:${proxyPort}`
  kafka = await startKafka({
    port: port!,
    config: { 'advertised.listeners': `CLIENTS://${address}` },
  })
  proxy = await ProtocolProxy.start(proxyPort!, port!)
  broker = openBroker(address)
})

afterEach(() => proxy.reset())

afterAll(async () => {
  await broker.close()
  await proxy[Symbol.asyncDispose]()
  await kafka.stop({ signal: 'SIGKILL' })
})

async function newTopic(prefix: string, partitions = 1): Promise<string> {
  const topic = uniqueName(prefix)
  await broker.createTopics([{ name: topic, partitions }])
  return topic
}

async function joined(topic: string, instanceId?: string): Promise<GroupMembership> {
  const group = broker.openGroup({
    groupId: uniqueName('group'),
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    ...(instanceId === undefined ? {} : { instanceId }),
    assignor: {
      name: 'all',
      subscription: () => ({ topics: [topic], userData: Buffer.alloc(0) }),
      assign: async (members) =>
        new Map(
          members.map(({ memberId }) => [memberId, { partitions: [], userData: Buffer.alloc(0) }]),
        ),
    },
  })
  await group.join()
  return group
}

const committedOf = async (groupId: string, topic: string, partition = 0): Promise<number> =>
  (await broker.committedOffsets(groupId, [{ topic, partition }]))[0]?.offset ?? -1

describe.each(fates)('%s:', (fate) => {
  it.each(requests)('%s is tried again, and the transaction is there once', async (request) => {
    const topic = await newTopic('lost', 2)
    await using group = await joined(topic)
    const member = group.identity()
    if (request === 'initProducerId') proxy.next(key(request), fate)
    await using producer = await broker.openProducer({ transactionalId: uniqueName('tx') })
    await producer.prepare([topic])
    for (let round = 0; round < 2; round++) {
      // In the second round the coordinators and leaders have been spoken to before.
      if (request !== 'initProducerId') proxy.next(key(request), fate)
      producer.beginTransaction()
      await sendNumbers(producer, topic, round * 20, round * 20 + 20, 2)
      await producer.sendOffsets(member, [{ topic, partition: 0, offset: 20 * (round + 1) }])
      await producer.commitTransaction()
    }
    expect(proxy.caught).toBe(request === 'initProducerId' ? 1 : 2)
    for (const partition of [0, 1]) {
      const expected = numbersOf(partition, 2, 40)
      expect(await readEnded(broker, topic, partition)).toEqual(expected)
      const all = await readToEnd(broker, topic, partition, 'read_uncommitted', 1 << 20)
      expect(all).toEqual(expected)
    }
    expect(await committedOf(member.groupId, topic)).toBe(40)
  })

  it('an abort is tried again, and what follows it is whole', async () => {
    const topic = await newTopic('abort')
    await using producer = await broker.openProducer({ transactionalId: uniqueName('tx') })
    await producer.prepare([topic])
    for (let round = 0; round < 3; round++) {
      producer.beginTransaction()
      await sendNumbers(producer, topic, 100, 110)
      await producer.flush()
      proxy.next(key('endTxn'), fate)
      await producer.abortTransaction()
      producer.beginTransaction()
      await sendNumbers(producer, topic, round, round + 1)
      await producer.commitTransaction()
    }
    expect(await readEnded(broker, topic, 0)).toEqual(['0', '1', '2'])
  })

  it('records without a key stay in the partition that they were sent to, when Produce is sent again', async () => {
    const topic = await newTopic('unkeyed', 5)
    await using producer = await broker.openProducer({ batchBytes: 500 })
    await producer.prepare([topic])
    proxy.next(key('produce'), fate, fate, fate)
    await sendNumbers(producer, topic, 0, 500, 5)
    await producer.flush()
    expect(proxy.caught).toBe(3)
    for (let partition = 0; partition < 5; partition++) {
      const seen = await readToEnd(broker, topic, partition, 'read_uncommitted', 1 << 20)
      expect(seen).toEqual(numbersOf(partition, 5, 500))
    }
  })
})

describe('a commit that is not answered until the time is up', () => {
  const impatient = { apiTimeoutMs: 1_500 }

  const commitOnce = async (producer: Producer, topic: string): Promise<unknown> => {
    producer.beginTransaction()
    await sendNumbers(producer, topic, 0, 3)
    return producer.commitTransaction().catch((error: unknown) => error)
  }

  it('and did not take effect, is a timeout; the producer then aborts and goes on', async () => {
    const topic = await newTopic('unanswered')
    await using client = openBroker(address, impatient)
    await using producer = await client.openProducer({ transactionalId: uniqueName('tx') })
    await producer.prepare([topic])
    proxy.always(key('endTxn'), 'no answer')
    const failure = await commitOnce(producer, topic)
    expect(failure).toBeInstanceOf(BrokerTimeoutError)
    expect(String(failure)).toMatch(/unknown|not answered/)
    proxy.reset()
    await producer.abortTransaction()
    producer.beginTransaction()
    await sendNumbers(producer, topic, 3, 5)
    await producer.commitTransaction()
    expect(await readEnded(broker, topic, 0)).toEqual(['3', '4'])
  })

  it('and did take effect, is a timeout too; the abort cannot take it back', async () => {
    const topic = await newTopic('answerless')
    await using client = openBroker(address, impatient)
    await using producer = await client.openProducer({ transactionalId: uniqueName('tx') })
    await producer.prepare([topic])
    proxy.always(key('endTxn'), 'answer lost')
    expect(await commitOnce(producer, topic)).toBeInstanceOf(BrokerTimeoutError)
    proxy.reset()
    await producer.abortTransaction()
    producer.beginTransaction()
    await sendNumbers(producer, topic, 3, 5)
    await producer.commitTransaction()
    const expected = ['0', '1', '2', '3', '4']
    expect(await readEnded(broker, topic, 0)).toEqual(expected)
  })
})

it('an abort that is not answered is a timeout, and the next producer of the id ends the transaction', async () => {
  const topic = await newTopic('abort-unanswered')
  const transactionalId = uniqueName('tx')
  await using client = openBroker(address, { apiTimeoutMs: 1_000 })
  await using producer = await client.openProducer({ transactionalId })
  await producer.prepare([topic])
  producer.beginTransaction()
  await sendNumbers(producer, topic, 0, 3)
  await producer.flush()
  proxy.always(key('endTxn'), 'no answer')
  await expect(producer.abortTransaction()).rejects.toThrow(BrokerTimeoutError)
  await using next = await broker.openProducer({ transactionalId })
  await next.prepare([topic])
  proxy.reset()
  next.beginTransaction()
  await sendNumbers(next, topic, 7, 8)
  await next.commitTransaction()
  expect(await readEnded(broker, topic, 0)).toEqual(['7'])
})

it('offsets that are sent twice at a time both arrive, as do partitions that are added at a time', async () => {
  const topic = await newTopic('concurrent', 6)
  await using group = await joined(topic)
  const member = group.identity()
  await using producer = await broker.openProducer({
    transactionalId: uniqueName('tx'),
    batchBytes: 200,
  })
  await producer.prepare([topic])
  for (let round = 1; round <= 3; round++) {
    producer.beginTransaction()
    const sent = Array.from({ length: 6 }, (_, partition) =>
      producer.sendOffsets(member, [{ topic, partition, offset: round * 10 }]),
    )
    for (let partition = 0; partition < 6; partition++) {
      // Partition by partition in turns of their own, so that each is added while another one is.
      producer.send(topic, partition, 1, null, Buffer.from(String(round)))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all([...sent, producer.commitTransaction()])
    for (let partition = 0; partition < 6; partition++) {
      expect(await committedOf(member.groupId, topic, partition)).toBe(round * 10)
      const seen = await readEnded(broker, topic, partition)
      expect(seen).toHaveLength(round)
    }
  }
})

it('a producer that is opened again names no former identity, and keeps its own transaction timeout', async () => {
  const transactionalId = uniqueName('tx')
  for (let start = 0; start < 3; start++) {
    // A fenced answer here would be that of a client that claims to be producer 0.
    const producer = await broker.openProducer({ transactionalId, transactionTimeoutMs: 7_654 })
    await producer.close()
  }
  const sent = proxy.requests(key('initProducerId')).map(({ body }) => {
    // Header tags, then the id as a compact string.
    const at = 2 + transactionalId.length
    return [body.readInt32BE(at), body.readBigInt64BE(at + 4), body.readInt16BE(at + 12)]
  })
  expect(sent).toEqual(Array.from({ length: 3 }, () => [7_654, -1n, -1]))
})

it('producers of one id that are opened at a time end up with one that may commit', async () => {
  const topic = await newTopic('race')
  const transactionalId = uniqueName('tx')
  const producers = await Promise.all(
    Array.from({ length: 4 }, () => broker.openProducer({ transactionalId })),
  )
  const outcomes = await Promise.all(
    producers.map(async (producer, i) => {
      await producer.prepare([topic])
      producer.beginTransaction()
      producer.send(topic, 0, 1, null, Buffer.from(String(i)))
      return producer.commitTransaction().then(
        () => i,
        (error: unknown) => error,
      )
    }),
  )
  const winners = outcomes.filter((outcome) => typeof outcome === 'number')
  expect(winners).toHaveLength(1)
  for (const outcome of outcomes) {
    if (typeof outcome !== 'number') expect(outcome).toBeInstanceOf(FencedError)
  }
  const seen = await readEnded(broker, topic, 0)
  expect(seen).toEqual(winners.map(String))
  for (const producer of producers) await producer.close()
})

it('a transaction that begins while the one before ends waits for it briefly, not for a second each', async () => {
  const topic = await newTopic('swift')
  await using producer = await broker.openProducer({ transactionalId: uniqueName('tx') })
  await producer.prepare([topic])
  const startedMs = performance.now()
  for (let round = 0; round < 40; round++) {
    producer.beginTransaction()
    producer.send(topic, 0, 1, null, Buffer.from(String(round)))
    await producer.commitTransaction()
  }
  expect(performance.now() - startedMs).toBeLessThan(30_000)
  expect(await readEnded(broker, topic, 0)).toHaveLength(40)
})

describe('a producer that was fenced', () => {
  const steps: readonly [string, (producer: Producer, topic: string) => Promise<unknown>][] = [
    [
      'produces to a partition that is in its transaction',
      (producer, topic) => {
        producer.send(topic, 0, 1, null, Buffer.from('late'))
        return producer.flush()
      },
    ],
    [
      'adds a partition',
      (producer, topic) => {
        producer.send(topic, 1, 1, null, Buffer.from('late'))
        return producer.flush()
      },
    ],
    [
      'adds offsets',
      async (producer, topic) => {
        await using group = await joined(topic)
        await producer.sendOffsets(group.identity(), [{ topic, partition: 0, offset: 9 }])
      },
    ],
    ['commits', (producer) => producer.commitTransaction()],
  ]

  it.each(steps)('is told so when it %s, and for good', async (_, step) => {
    const topic = await newTopic('fenced', 2)
    const transactionalId = uniqueName('tx')
    await using older = await broker.openProducer({ transactionalId })
    await older.prepare([topic])
    older.beginTransaction()
    older.send(topic, 0, 1, null, Buffer.from('older'))
    await older.flush()
    await using newer = await broker.openProducer({ transactionalId })
    await newer.prepare([topic])
    await expect(step(older, topic)).rejects.toThrow(FencedError)
    await expect(older.abortTransaction()).rejects.toThrow(FencedError)
    newer.beginTransaction()
    newer.send(topic, 0, 1, null, Buffer.from('newer'))
    await newer.commitTransaction()
    expect(await readEnded(broker, topic, 0)).toEqual(['newer'])
    expect(await readEnded(broker, topic, 1)).toEqual([])
  })
})

it('offsets of a static member that was replaced are refused by instance', async () => {
  const topic = await newTopic('static')
  await using group = await joined(topic, 'worker-1')
  const member = group.identity()
  await using heir = broker.openGroup({
    groupId: member.groupId,
    instanceId: 'worker-1',
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    assignor: {
      name: 'all',
      subscription: () => ({ topics: [topic], userData: Buffer.alloc(0) }),
      assign: async (members) =>
        new Map(
          members.map(({ memberId }) => [memberId, { partitions: [], userData: Buffer.alloc(0) }]),
        ),
    },
  })
  await heir.join()
  await using producer = await broker.openProducer({ transactionalId: uniqueName('tx') })
  await producer.prepare([topic])
  producer.beginTransaction()
  const refused = producer.sendOffsets(member, [{ topic, partition: 0, offset: 5 }])
  await expect(refused).rejects.toThrow(FencedError)
  await expect(refused).rejects.toThrow(/FENCED_INSTANCE_ID/)
  await producer.abortTransaction()
  expect(await committedOf(member.groupId, topic)).toBe(-1)
})

it('a new owner waits for offsets whose transaction is being ended, and never reads those before', async () => {
  const topic = await newTopic('stable')
  await using group = await joined(topic)
  const member = group.identity()
  await using producer = await broker.openProducer({ transactionalId: uniqueName('tx') })
  await producer.prepare([topic])
  for (let round = 1; round <= 5; round++) {
    producer.beginTransaction()
    await producer.sendOffsets(member, [{ topic, partition: 0, offset: round }])
    const before = proxy.requests(key('offsetFetch')).length
    const reading = committedOf(member.groupId, topic)
    // It has asked, and was told to wait, before the transaction ends.
    while (proxy.requests(key('offsetFetch')).length === before) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await producer.commitTransaction()
    expect(await reading).toBe(round)
  }
})

it('a reader that is slow to process gets no record twice', async () => {
  const topic = await newTopic('slow')
  await using producer = await broker.openProducer({ batchBytes: 300 })
  await producer.prepare([topic])
  await using fetcher = broker.openFetcher({
    isolation: 'read_committed',
    maxPartitionBytes: 600,
    maxWaitMs: 20,
  })
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  const offsets: number[] = []
  const sending = sendNumbers(producer, topic, 0, 500).then(() => producer.flush())
  while (offsets.length < 500) {
    for (const { records } of await fetcher.poll({ timeoutMs: 1000 })) {
      while (records.next()) offsets.push(records.offset)
      // Nothing of what came is settled or committed, ever, and fetching goes on meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  await sending
  expect(offsets).toEqual(Array.from({ length: 500 }, (_, offset) => offset))
})
