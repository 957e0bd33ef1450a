import { rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePorts } from '../../scripts/services/free-port.ts'
import { startKafka, type RunningKafka } from '../../scripts/services/kafka.ts'
import type { Broker } from '../../src/broker/port.ts'
import { BrokerError, BrokerUnavailableError } from '../../src/core/errors.ts'
import {
  beginnings,
  numbersOf,
  openBroker,
  readToEnd,
  readValues,
  sendNumbers,
  uniqueName,
} from './kafka-client.ts'

/** Stands between the clients and Kafka and can cut every connection. */
class CuttingProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(port: number, target: number) {
    this.#server = createServer((client) => {
      const broker = connect({ port: target, host: '127.0.0.1' })
      client.pipe(broker)
      broker.pipe(client)
      for (const socket of [client, broker]) {
        this.#sockets.add(socket)
        socket.on('error', () => undefined)
        socket.on('close', () => {
          this.#sockets.delete(socket)
          client.destroy()
          broker.destroy()
        })
      }
    })
    this.#server.listen(port, '127.0.0.1')
  }

  cutAll(): number {
    const { size } = this.#sockets
    for (const socket of this.#sockets) socket.destroy()
    return size
  }

  close(): void {
    this.#server.close()
    this.cutAll()
  }
}

describe('connections that break', () => {
  let kafka: RunningKafka
  let proxy: CuttingProxy
  let address: string

  beforeAll(async () => {
    const [port, proxyPort] = await freePorts(2)
    address = `127.0.0.1:${proxyPort}`
    kafka = await startKafka({
      port: port!,
      config: { 'advertised.listeners': `CLIENTS://${address}` },
    })
    proxy = new CuttingProxy(proxyPort!, port!)
  })

  afterAll(async () => {
    proxy.close()
    await kafka.stop({ signal: 'SIGKILL' })
  })

  it('again and again lose no record, write none twice, and keep the order', async () => {
    const partitions = 3
    const count = 60_000
    const topic = uniqueName('cut')
    await using broker = openBroker(address)
    await broker.createTopics([{ name: topic, partitions }])
    // Small batches, so that several are in flight whenever the connections are cut.
    await using producer = await broker.openProducer({
      batchBytes: 2000,
      maxBufferedBytes: 100_000,
    })
    await producer.prepare([topic])
    await using fetcher = broker.openFetcher({ isolation: 'read_committed', maxWaitMs: 50 })
    fetcher.assign(beginnings(topic, partitions))
    const reading = readValues(fetcher, count)
    let cut = 0
    for (let from = 0; from < count; from += 5000) {
      await sendNumbers(producer, topic, from, from + 5000, partitions)
      cut += proxy.cutAll()
    }
    await producer.flush()
    const values = await reading
    expect(cut).toBeGreaterThan(0)
    for (let partition = 0; partition < partitions; partition++) {
      expect(values.get(partition)).toEqual(numbersOf(partition, partitions, count))
    }
    // Nothing lies behind what was read: a record that was written twice would.
    const ends = await broker.listOffsets(beginnings(topic, partitions), 'latest', 'read_committed')
    expect(ends.map(({ offset }) => offset)).toEqual([20_000, 20_000, 20_000])
  })

  it('leave every transaction whole', async () => {
    const partitions = 2
    const topic = uniqueName('cut-transactions')
    await using broker = openBroker(address)
    await broker.createTopics([{ name: topic, partitions }])
    await using producer = await broker.openProducer({
      transactionalId: uniqueName('tx'),
      batchBytes: 2000,
    })
    await producer.prepare([topic])
    await using fetcher = broker.openFetcher({ isolation: 'read_committed', maxWaitMs: 50 })
    fetcher.assign(beginnings(topic, partitions))
    const reading = readValues(fetcher, 20_000)
    for (let round = 0; round < 10; round++) {
      producer.beginTransaction()
      // Cut before, within and after the sending, and while the commit is under way.
      if (round % 4 === 0) proxy.cutAll()
      await sendNumbers(producer, topic, round * 2000, (round + 1) * 2000, partitions)
      if (round % 4 === 1) proxy.cutAll()
      const committed = producer.commitTransaction()
      if (round % 4 === 2) setImmediate(() => proxy.cutAll())
      if (round % 4 === 3) setTimeout(() => proxy.cutAll(), 10)
      await committed
    }
    const values = await reading
    for (let partition = 0; partition < partitions; partition++) {
      expect(values.get(partition)).toEqual(numbersOf(partition, partitions, 20_000))
    }
    const all = await readToEnd(broker, topic, 0, 'read_uncommitted', 1 << 20)
    expect(all).toEqual(numbersOf(0, partitions, 20_000))
  })

  it('do not disturb a group beyond the time that a new connection takes', async () => {
    const topic = uniqueName('cut-group')
    await using broker = openBroker(address)
    await broker.createTopics([{ name: topic, partitions: 1 }])
    await using group = broker.openGroup({
      groupId: uniqueName('group'),
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      assignor: {
        name: 'all',
        subscription: () => ({ topics: [topic], userData: Buffer.alloc(0) }),
        assign: async (members) =>
          new Map(
            members.map(({ memberId }) => [
              memberId,
              { partitions: [{ topic, partition: 0 }], userData: Buffer.alloc(0) },
            ]),
          ),
      },
    })
    await group.join()
    const before = group.identity()
    proxy.cutAll()
    expect(await group.heartbeat()).toBe('stable')
    proxy.cutAll()
    await group.commitOffsets([{ topic, partition: 0, offset: 12 }])
    proxy.cutAll()
    expect(await broker.committedOffsets(before.groupId, [{ topic, partition: 0 }])).toEqual([
      { topic, partition: 0, offset: 12 },
    ])
    expect(group.identity()).toEqual(before)
  })
})

describe('a broker that crashes and comes back on its address', () => {
  it('finds producer and fetcher going on where they were', async () => {
    const topic = uniqueName('restart')
    // Kafka takes a node back only once the session of its former life is over.
    const config = { 'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '500' }
    let kafka = await startKafka({ config })
    const { folder, port, controllerPort } = kafka
    try {
      await using broker = openBroker(kafka.bootstrap)
      await broker.createTopics([{ name: topic, partitions: 1 }])
      await using producer = await broker.openProducer({})
      await producer.prepare([topic])
      await using fetcher = broker.openFetcher({ isolation: 'read_committed' })
      fetcher.assign(beginnings(topic, 1))
      await sendNumbers(producer, topic, 0, 1000)
      await producer.flush()
      await readValues(fetcher, 1000)
      await kafka.stop({ keepData: true, signal: 'SIGKILL' })
      await sendNumbers(producer, topic, 1000, 2000)
      const flushed = producer.flush()
      const reading = readValues(fetcher, 1000)
      kafka = await startKafka({ folder, port, controllerPort, config })
      await flushed
      expect((await reading).get(0)).toEqual(numbersOf(0, 1, 2000).slice(1000))
      expect(producer.lastOffset(topic, 0)).toBe(1999)
    } finally {
      await kafka.stop({ signal: 'SIGKILL' })
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('is reported by the fetcher when it stays away, and by the producer, which names the partition', async () => {
    const topic = uniqueName('gone')
    const kafka = await startKafka()
    await using broker = openBroker(kafka.bootstrap, {
      apiTimeoutMs: 1000,
      deliveryTimeoutMs: 1000,
      requestTimeoutMs: 1000,
    })
    await broker.createTopics([{ name: topic, partitions: 1 }])
    await using producer = await broker.openProducer({})
    await producer.prepare([topic])
    await using fetcher = broker.openFetcher({ isolation: 'read_committed' })
    fetcher.assign(beginnings(topic, 1))
    await kafka.stop({ signal: 'SIGKILL' })
    await sendNumbers(producer, topic, 0, 10)
    await expect(producer.flush()).rejects.toThrow(BrokerUnavailableError)
    expect(() => producer.send(topic, 0, 0, null, null)).toThrow(BrokerUnavailableError)
    expect(() => producer.send(topic, 0, 0, null, null)).toThrow(`topic ${topic}, partition 0`)
    await expect(readValues(fetcher, 1)).rejects.toThrow(BrokerUnavailableError)
  })
})

describe('two brokers', () => {
  let first: RunningKafka
  let second: RunningKafka

  beforeAll(async () => {
    first = await startKafka()
    second = await startKafka({ join: first })
  })

  afterAll(async () => {
    await Promise.all([first.stop({ signal: 'SIGKILL' }), second.stop({ signal: 'SIGKILL' })])
  })

  it('share the partitions, and one takes over when the other stops', async () => {
    const partitions = 6
    const topic = uniqueName('leaders')
    await using broker = openBroker(first.bootstrap)
    await broker.createTopics([{ name: topic, partitions, replicationFactor: 2 }])
    await using producer = await broker.openProducer({ batchBytes: 4000, maxBufferedBytes: 50_000 })
    await producer.prepare([topic])
    await using fetcher = broker.openFetcher({ isolation: 'read_committed', maxWaitMs: 100 })
    fetcher.assign(beginnings(topic, partitions))
    const reading = readValues(fetcher, 60_000, 100_000)
    await sendNumbers(producer, topic, 0, 30_000, partitions)
    // Stopping in good order moves its leaderships to the other broker.
    const stopped = second.stop()
    await sendNumbers(producer, topic, 30_000, 60_000, partitions)
    await producer.flush()
    await stopped
    const values = await reading
    for (let partition = 0; partition < partitions; partition++) {
      expect(values.get(partition)).toEqual(numbersOf(partition, partitions, 60_000))
    }
    const ends = await broker.listOffsets(beginnings(topic, partitions), 'latest', 'read_committed')
    expect(ends.map(({ offset }) => offset)).toEqual(Array(partitions).fill(10_000))
  })
})

describe('a broker that asks for TLS and a login', () => {
  let kafka: RunningKafka
  const username = 'worker'

  beforeAll(async () => {
    kafka = await startKafka({ tls: true, saslPlain: { username, password: 'right' } })
  })

  afterAll(() => kafka.stop({ signal: 'SIGKILL' }))

  const open = (password: string): Broker =>
    openBroker(kafka.bootstrap, {
      ssl: { ca: [kafka.certificate!] },
      sasl: { mechanism: 'plain', username, password },
    })

  it('lets in who trusts it and has the right login', async () => {
    await using broker = open('right')
    const topic = uniqueName('sasl')
    await broker.createTopics([{ name: topic, partitions: 1 }])
    await using producer = await broker.openProducer({})
    await producer.prepare([topic])
    await sendNumbers(producer, topic, 0, 3)
    await producer.flush()
    await using fetcher = broker.openFetcher({ isolation: 'read_committed' })
    fetcher.assign(beginnings(topic, 1))
    expect((await readValues(fetcher, 3)).get(0)).toEqual(['0', '1', '2'])
  })

  it('refuses a wrong login at once, without trying again, in words that say so', async () => {
    await using broker = open('wrong')
    const failure = broker.connect({ timeoutMs: 60_000 })
    await expect(failure).rejects.toThrow(BrokerError)
    await expect(failure).rejects.toThrow(/refused the login/)
    await expect(failure).rejects.not.toThrow(BrokerUnavailableError)
  })

  it('is not connected to by who does not trust its certificate', async () => {
    await using broker = openBroker(kafka.bootstrap, {
      ssl: true,
      sasl: { mechanism: 'plain', username, password: 'right' },
    })
    const failure = broker.connect({ timeoutMs: 500 })
    await expect(failure).rejects.toThrow(BrokerUnavailableError)
    await expect(failure).rejects.toThrow(/self-signed certificate/)
  })

  it('is not reached without TLS', async () => {
    await using broker = openBroker(kafka.bootstrap)
    const failure = broker.connect({ timeoutMs: 500 })
    await expect(failure).rejects.toThrow(BrokerUnavailableError)
    await expect(failure).rejects.toThrow(kafka.bootstrap)
  })
})
