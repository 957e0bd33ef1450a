// Whether a Kafka writes the end of a transaction to a partition that has no leader when the transaction ends, once it has
// one again. Where it does not (KAFKA-20734), what was committed is lost at the next abort.
//
//   npx tsx scripts/lost-ends.ts [--kafka 4.3.1]
//
// Needs Java 17 and Maven. Ends with 1 where committed records are gone.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Producer } from '../src/broker/port.ts'
import { openBroker, readToEnd } from '../test/kafka/kafka-client.ts'
import { kafkaVersion, startKafka } from './services/kafka.ts'

const { values: told } = parseArgs({
  options: { kafka: { type: 'string', default: kafkaVersion } },
})
const version = told.kafka
const topic = 'ends'
const partitions = [0, 1]

const folder = await mkdtemp(join(tmpdir(), 'millrace-lost-ends-'))
const kafka = await startKafka({ version })
try {
  await using broker = openBroker(kafka.bootstrap)
  // The topic of transactions is made while there is one broker, which therefore coordinates all of them.
  await (await broker.openProducer({ transactionalId: 'first' })).close()
  let second = await startKafka({ version, join: kafka, folder })
  try {
    await sleep(3_000)
    await broker.createTopics([{ name: topic, partitions: partitions.length }])
    const transactionTimeoutMs = 120_000
    await using producer = await broker.openProducer({
      transactionalId: 'ends',
      transactionTimeoutMs,
    })
    await write(producer, 'committed')
    const { port } = second
    await second.stop()
    await sleep(2_000)
    await producer.commitTransaction()
    await sleep(2_000)
    second = await startKafka({ version, join: kafka, folder, port })
    await sleep(4_000)
    await write(producer, 'aborted')
    await producer.abortTransaction()
    await sleep(2_000)
    const read = async (partition: number): Promise<readonly unknown[]> =>
      readToEnd(broker, topic, partition, 'read_committed', 1 << 20)
    const found = (await Promise.all(partitions.map(read))).flat()
    console.log(
      `Kafka ${version}: ${found.length} of ${partitions.length} committed records are there`,
    )
    if (found.length !== partitions.length) process.exitCode = 1
  } finally {
    await second.stop()
  }
} finally {
  await kafka.stop()
  await rm(folder, { recursive: true, force: true })
}

async function write(producer: Producer, what: string): Promise<void> {
  await producer.prepare([topic])
  producer.beginTransaction()
  for (const partition of partitions) {
    producer.send(topic, partition, Date.now(), null, Buffer.from(what))
  }
  await producer.flush()
}
