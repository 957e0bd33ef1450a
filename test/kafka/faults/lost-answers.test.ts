import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { apis } from '../../../src/broker/kafkajs/protocol/api-keys.ts'
import type { Broker, Producer } from '../../../src/broker/port.ts'
import { BrokerTimeoutError } from '../../../src/core/errors.ts'
import {
  numbersOf,
  openBroker,
  readEnded,
  readToEnd,
  sendNumbers,
  uniqueName,
} from '../kafka-client.ts'
import { joinedGroup, newTopic } from './joined-group.ts'
import type { Fate, ProtocolProxy } from './protocol-proxy.ts'
import { startProxiedKafka, type ProxiedKafka } from './proxied-kafka.ts'

// Every request of a transaction, lost on its way, answered to nobody or late, on a real Kafka: what kafkajs 2.2.4 keeps
// outside of its retries, sends again to another partition, or never recovers from; and what arrives after it was given
// up on and answered over another connection, when the next transaction of the same producer is open (KIP-890).

const key = (api: keyof typeof apis): number => apis[api].apiKey
const requests = ['initProducerId', 'txnOffsetCommit', 'produce', 'endTxn'] as const
const additions = ['addPartitionsToTxn', 'addOffsetsToTxn'] as const
const clusters = [
  { title: 'one epoch for all transactions', features: ['transaction.version=1'] },
  { title: 'an epoch for each transaction', features: [] },
]
const fates: readonly Fate[] = ['request lost', 'answer lost']

describe.each(clusters)('with $title:', ({ features }) => {
  const hasEpochs = features.length === 0
  const sent = hasEpochs ? requests : [...requests, ...additions]
  let kafka: ProxiedKafka
  let proxy: ProtocolProxy
  let broker: Broker
  /** Gives up on a request soon. */
  let hasty: Broker

  beforeAll(async () => {
    kafka = await startProxiedKafka({ features })
    proxy = kafka.proxy
    broker = openBroker(kafka.address)
    hasty = openBroker(kafka.address, { requestTimeoutMs: 700 })
  })

  afterEach(() => proxy.reset())

  afterAll(async () => {
    await broker.close()
    await hasty.close()
    await kafka.stop()
  })

  const committedOf = async (groupId: string, topic: string, partition = 0): Promise<number> =>
    (await broker.committedOffsets(groupId, [{ topic, partition }]))[0]?.offset ?? -1

  describe.each(fates)('%s:', (fate) => {
    it.each(sent)('%s is tried again, and the transaction is there once', async (request) => {
      const topic = await newTopic(broker, 'lost', 2)
      await using group = await joinedGroup(broker, topic)
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
      const topic = await newTopic(broker, 'abort')
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
      const topic = await newTopic(broker, 'unkeyed', 5)
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
      const topic = await newTopic(broker, 'unanswered')
      await using client = openBroker(kafka.address, impatient)
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
      const topic = await newTopic(broker, 'answerless')
      await using client = openBroker(kafka.address, impatient)
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
    const topic = await newTopic(broker, 'abort-unanswered')
    const transactionalId = uniqueName('tx')
    await using client = openBroker(kafka.address, { apiTimeoutMs: 1_000 })
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
    const topic = await newTopic(broker, 'concurrent', 6)
    await using group = await joinedGroup(broker, topic)
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

  it('a new owner waits for offsets whose transaction is being ended, and never reads those before', async () => {
    const topic = await newTopic(broker, 'stable')
    await using group = await joinedGroup(broker, topic)
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

  it('says what offsets wait for, where the wait is over before the transaction', async () => {
    const topic = await newTopic(broker, 'unstable')
    await using group = await joinedGroup(broker, topic)
    const member = group.identity()
    await using producer = await broker.openProducer({ transactionalId: uniqueName('tx') })
    await producer.prepare([topic])
    producer.beginTransaction()
    await producer.sendOffsets(member, [{ topic, partition: 0, offset: 1 }])
    await expect(
      broker.committedOffsets(member.groupId, [{ topic, partition: 0 }], { timeoutMs: 500 }),
    ).rejects.toThrow(/UNSTABLE_OFFSET_COMMIT: a transaction with an offset .*never ends/)
    await producer.abortTransaction()
    expect(await committedOf(member.groupId, topic)).toBe(-1)
  })

  it('a commit that arrives late does not commit offsets without the records that they stand for', async () => {
    const topic = await newTopic(broker, 'late-commit')
    await using group = await joinedGroup(broker, topic)
    const member = group.identity()
    await using producer = await hasty.openProducer({ transactionalId: uniqueName('tx') })
    await producer.prepare([topic])
    proxy.next(key('endTxn'), 'late')
    producer.beginTransaction()
    await sendNumbers(producer, topic, 0, 5)
    await producer.sendOffsets(member, [{ topic, partition: 0, offset: 5 }])
    await producer.commitTransaction()
    // The records of the next transaction do not get through for a while.
    producer.beginTransaction()
    proxy.next(key('produce'), 'request lost', 'request lost', 'request lost')
    await sendNumbers(producer, topic, 5, 10)
    const offsets = producer.sendOffsets(member, [{ topic, partition: 0, offset: 10 }])
    const commit = producer.commitTransaction()
    const ended = Promise.allSettled([offsets, commit])
    while (proxy.caught < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    await proxy.deliverLate()
    const outcomes = await ended
    const committed = outcomes.every(({ status }) => status === 'fulfilled')
    if (!committed) await producer.abortTransaction()
    const seen = await readEnded(broker, topic, 0)
    const [place] = await broker.committedOffsets(member.groupId, [{ topic, partition: 0 }])
    expect({ records: seen.length, offset: place!.offset, committed }).toEqual(
      committed ? { records: 10, offset: 10, committed } : { records: 5, offset: 5, committed },
    )
    if (hasEpochs) expect(committed).toBe(true)
  })

  // Without epochs of their own, what the late commit finds of the next transaction is committed.
  const whole = hasEpochs ? ['the next'] : []
  it.each(whole)('a commit that arrives late does not commit part of %s', async () => {
    const topic = await newTopic(broker, 'late-part')
    await using producer = await hasty.openProducer({ transactionalId: uniqueName('tx') })
    await producer.prepare([topic])
    proxy.next(key('endTxn'), 'late')
    producer.beginTransaction()
    await sendNumbers(producer, topic, 0, 5)
    await producer.commitTransaction()
    producer.beginTransaction()
    await sendNumbers(producer, topic, 100, 105)
    await producer.flush()
    await proxy.deliverLate()
    await producer.abortTransaction()
    producer.beginTransaction()
    await sendNumbers(producer, topic, 5, 10)
    await producer.commitTransaction()
    expect(await readEnded(broker, topic, 0)).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`))
  })
})
