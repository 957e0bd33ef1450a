import { AssignerProtocol, ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import { expect, inject, it } from 'vitest'
import { ProductionError, UnknownTopicError } from '../../src/core/errors.ts'
import type { GroupAssignor, Producer } from '../../src/broker/port.ts'
import { beginnings, openBroker, readValues, sendNumbers, uniqueName } from './kafka-client.ts'

const bootstrap = inject('kafkaBootstrap')
const admin = (): ReturnType<Kafka['admin']> =>
  new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin()

async function alterTopic(topic: string, name: string, value: string): Promise<void> {
  const kafkajsAdmin = admin()
  await kafkajsAdmin.connect()
  const resource = {
    type: ConfigResourceTypes.TOPIC,
    name: topic,
    configEntries: [{ name, value }],
  }
  await kafkajsAdmin.alterConfigs({ validateOnly: false, resources: [resource] })
  await kafkajsAdmin.disconnect()
}

/** A changed setting reaches the broker a moment after it was accepted. */
async function sendUntilRefused(producer: Producer, topic: string, value: Buffer): Promise<never> {
  for (;;) {
    producer.send(topic, 0, 0, null, value)
    await producer.flush()
  }
}

it('a wait for records ends with the signal, at once', async () => {
  const topic = uniqueName('abort')
  await using broker = openBroker(bootstrap)
  await broker.createTopics([{ name: topic, partitions: 1 }])
  await using fetcher = broker.openFetcher({ isolation: 'read_committed' })
  fetcher.assign(beginnings(topic, 1))
  const abort = new AbortController()
  const polling = fetcher.poll({ timeoutMs: 60_000, signal: abort.signal })
  const startedMs = performance.now()
  abort.abort(new Error('enough'))
  await expect(polling).rejects.toThrow('enough')
  expect(performance.now() - startedMs).toBeLessThan(1000)
})

it('batches that the broker finds too large are sent in parts, in order and without loss', async () => {
  const topic = uniqueName('split')
  await using broker = openBroker(bootstrap)
  await broker.createTopics([{ name: topic, partitions: 1 }])
  await using producer = await broker.openProducer({ maxBufferedBytes: 1 << 20 })
  await producer.prepare([topic])
  await using probe = await broker.openProducer({})
  await probe.prepare([topic])
  // The limit shrinks after the producer has asked for it.
  await alterTopic(topic, 'max.message.bytes', '3000')
  const tooLarge = Buffer.alloc(4000, 65)
  await expect(sendUntilRefused(probe, topic, tooLarge)).rejects.toThrow(/MESSAGE_TOO_LARGE/)
  const [start] = await broker.listOffsets([{ topic, partition: 0 }], 'latest', 'read_committed')
  const count = 20_000
  await sendNumbers(producer, topic, 0, count)
  await producer.flush()
  await using fetcher = broker.openFetcher({ isolation: 'read_committed' })
  fetcher.assign([start!])
  const values = (await readValues(fetcher, count)).get(0)
  expect(values).toEqual(Array.from({ length: count }, (_, number) => String(number)))
  expect(producer.lastOffset(topic, 0)).toBe(start!.offset + count - 1)
  // A single record that is too large cannot be parted.
  producer.send(topic, 0, 0, null, tooLarge)
  await expect(producer.flush()).rejects.toThrow(ProductionError)
})

it("a record above the topic's limit is refused when it is sent, and the producer stays usable", async () => {
  const topic = uniqueName('limit')
  await using broker = openBroker(bootstrap)
  await broker.createTopics([
    { name: topic, partitions: 1, config: { 'max.message.bytes': '2000' } },
  ])
  await using producer = await broker.openProducer({})
  await producer.prepare([topic])
  const send = (bytes: number): void => producer.send(topic, 0, 0, null, Buffer.alloc(bytes, 65))
  expect(() => send(2000)).toThrow(ProductionError)
  expect(() => send(2000)).toThrow(/max\.message\.bytes/)
  // The batch's header takes 61 bytes and the record's 9.
  expect(() => send(1931)).toThrow(ProductionError)
  send(1930)
  await producer.flush()
  expect(producer.lastOffset(topic, 0)).toBe(0)
})

it('a record without a key is refused for a compacted topic when it is sent, or by the broker', async () => {
  const [compacted, changed] = [uniqueName('compacted'), uniqueName('changed')]
  const config = { 'cleanup.policy': 'compact' }
  await using broker = openBroker(bootstrap)
  await broker.createTopics([
    { name: compacted, partitions: 1, config },
    { name: changed, partitions: 1 },
  ])
  await using producer = await broker.openProducer({})
  await producer.prepare([compacted, changed])
  const send = (topic: string): void => producer.send(topic, 0, 0, null, Buffer.from('x'))
  expect(() => send(compacted)).toThrow(ProductionError)
  // It becomes a compacted topic after the producer has asked what it takes.
  await alterTopic(changed, 'cleanup.policy', 'compact')
  const refused = sendUntilRefused(producer, changed, Buffer.from('x'))
  await expect(refused).rejects.toThrow(ProductionError)
  await expect(refused).rejects.toThrow(/INVALID_RECORD/)
})

it("subscriptions and assignments can be read by others' tools", async () => {
  const topic = uniqueName('shown')
  const groupId = uniqueName('group')
  const userData = Buffer.from('task 0_0')
  const assignor: GroupAssignor = {
    name: 'millrace',
    subscription: () => ({ topics: [topic], userData }),
    assign: async ([member]) =>
      new Map([[member!.memberId, { partitions: [{ topic, partition: 1 }], userData }]]),
  }
  await using broker = openBroker(bootstrap)
  await broker.createTopics([{ name: topic, partitions: 2 }])
  const options = { groupId, assignor, sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 }
  await using group = broker.openGroup({ ...options, instanceId: 'worker-1' })
  await group.join()
  const kafkajsAdmin = admin()
  await kafkajsAdmin.connect()
  const { groups } = await kafkajsAdmin.describeGroups([groupId])
  await kafkajsAdmin.disconnect()
  const [member] = groups[0]!.members
  expect(groups[0]).toMatchObject({
    state: 'Stable',
    protocolType: 'consumer',
    protocol: 'millrace',
  })
  expect(AssignerProtocol.MemberMetadata.decode(member!.memberMetadata)).toMatchObject({
    version: 0,
    topics: [topic],
    userData,
  })
  expect(AssignerProtocol.MemberAssignment.decode(member!.memberAssignment)).toMatchObject({
    version: 0,
    assignment: { [topic]: [1] },
    userData,
  })
  await group.leave()
})

it('a topic that is deleted under a fetcher is reported by its name, the others are not disturbed', async () => {
  const [kept, deleted] = [uniqueName('kept'), uniqueName('deleted')]
  await using broker = openBroker(bootstrap)
  await broker.createTopics([kept, deleted].map((name) => ({ name, partitions: 1 })))
  await using producer = await broker.openProducer({})
  await producer.prepare([kept])
  await using fetcher = broker.openFetcher({ isolation: 'read_committed', maxWaitMs: 100 })
  fetcher.assign([...beginnings(kept, 1), ...beginnings(deleted, 1)])
  await broker.deleteTopics([deleted])
  const failure = readValues(fetcher, 1)
  await expect(failure).rejects.toThrow(UnknownTopicError)
  await expect(failure).rejects.toThrow(deleted)
  await sendNumbers(producer, kept, 0, 5)
  expect((await readValues(fetcher, 5)).get(0)).toHaveLength(5)
})

// Where the topic's own codec is another, the broker inflates what came and compresses it anew, with Java's codecs.
const recompressed = [
  ['gzip', 'snappy'],
  ['snappy', 'lz4'],
  ['lz4', 'zstd'],
  ['zstd', 'gzip'],
] as const

it.each([
  ...(['gzip', 'snappy', 'lz4', 'zstd'] as const).map((codec) => [codec, 'producer'] as const),
  ...recompressed,
])(
  'batches compressed with %s arrive as they were from a topic of codec %s',
  async (codec, kept) => {
    const topic = uniqueName(codec)
    await using broker = openBroker(bootstrap)
    await broker.createTopics([
      { name: topic, partitions: 1, config: { 'compression.type': kept } },
    ])
    await using producer = await broker.openProducer({ compression: codec })
    await producer.prepare([topic])
    const count = 10_000
    await sendNumbers(producer, topic, 0, count)
    await producer.flush()
    await using fetcher = broker.openFetcher({ isolation: 'read_committed' })
    fetcher.assign(beginnings(topic, 1))
    const values = (await readValues(fetcher, count)).get(0)
    expect(values).toEqual(Array.from({ length: count }, (_, number) => String(number)))
  },
)
