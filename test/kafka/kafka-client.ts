import { randomUUID } from 'node:crypto'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { systemRandom } from '../../src/core/random.ts'
import type {
  Broker,
  Fetcher,
  Isolation,
  PartitionOffset,
  Producer,
} from '../../src/broker/port.ts'
import { kafkajs, type KafkajsOptions } from '../../src/broker/kafkajs/index.ts'

/** A client of the Kafka at this address. */
export function openBroker(
  bootstrap: string,
  options: Partial<Omit<KafkajsOptions, 'brokers'>> = {},
): Broker {
  return kafkajs({ brokers: [bootstrap], ...options }).open({
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    clientId: 'millrace-test',
  })
}

/** A name that no other test uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`
}

/** Sends numbered records, waiting where the producer's buffer is full. */
export async function sendNumbers(
  producer: Producer,
  topic: string,
  from: number,
  to: number,
  partitions = 1,
): Promise<void> {
  for (let number = from; number < to; number++) {
    producer.send(topic, number % partitions, number, null, Buffer.from(String(number)))
    await producer.ready()
  }
}

/** Polls until so many records have come, and returns their values by partition in order. */
export async function readValues(
  fetcher: Fetcher,
  count: number,
  timeoutMs = 60_000,
): Promise<Map<number, string[]>> {
  const values = new Map<number, string[]>()
  const signal = AbortSignal.timeout(timeoutMs)
  let seen = 0
  while (seen < count) {
    for (const { partition, records } of await fetcher.poll({ timeoutMs: 1000, signal })) {
      const ofPartition = values.get(partition) ?? []
      values.set(partition, ofPartition)
      while (records.next()) {
        ofPartition.push(records.buffer.toString('utf8', records.valueStart, records.valueEnd))
        seen++
      }
    }
  }
  return values
}

/** The beginning of each of some partitions. */
export function beginnings(topic: string, partitions: number): PartitionOffset[] {
  return Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 }))
}

/** Texts of the numbers that a partition must hold, in order. */
export function numbersOf(partition: number, partitions: number, to: number): string[] {
  const texts: string[] = []
  for (let number = partition; number < to; number += partitions) texts.push(String(number))
  return texts
}

/** Everything of a partition from the beginning up to the end that the isolation level shows, in order. */
export async function readToEnd(
  broker: Broker,
  topic: string,
  partition: number,
  isolation: Isolation,
  maxPartitionBytes: number,
): Promise<string[]> {
  const [end] = await broker.listOffsets([{ topic, partition }], 'latest', isolation)
  await using fetcher = broker.openFetcher({ isolation, maxPartitionBytes })
  fetcher.assign([{ topic, partition, offset: 0 }])
  const values: string[] = []
  const signal = AbortSignal.timeout(60_000)
  let position = 0
  while (position < end!.offset) {
    for (const { records, nextOffset } of await fetcher.poll({ timeoutMs: 1000, signal })) {
      while (records.next()) {
        values.push(records.buffer.toString('utf8', records.valueStart, records.valueEnd))
      }
      position = nextOffset
    }
  }
  return values
}

/** Waits until every transaction of a partition has ended there: the markers come after the commit is answered. */
export async function untilEnded(broker: Broker, topic: string, partition: number): Promise<void> {
  const place = [{ topic, partition }]
  for (;;) {
    const [stable] = await broker.listOffsets(place, 'latest', 'read_committed')
    const [end] = await broker.listOffsets(place, 'latest', 'read_uncommitted')
    if (stable!.offset === end!.offset) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Everything committed in a partition, once every transaction there has ended. */
export async function readEnded(
  broker: Broker,
  topic: string,
  partition: number,
): Promise<string[]> {
  await untilEnded(broker, topic, partition)
  return readToEnd(broker, topic, partition, 'read_committed', 1 << 20)
}
