import type {
  Broker,
  FetchedPartition,
  Fetcher,
  FetcherOptions,
  Isolation,
  PartitionOffset,
  Producer,
} from '../../../src/broker/port.ts'
import { topicPartitionName, type TopicPartition } from '../../../src/core/topic-partition.ts'

/** A record as it was read. */
export interface SeenRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

/** How long a real broker under load may take for what takes it milliseconds. */
export const patienceMs = 20_000

/** Sends texts without keys, at time 0, waiting where the producer's buffer is full. */
export async function sendTexts(
  producer: Producer,
  topic: string,
  partition: number,
  texts: readonly string[],
): Promise<void> {
  for (const text of texts) {
    producer.send(topic, partition, 0, null, Buffer.from(text))
    await producer.ready()
  }
}

/** `prefix-0`, `prefix-1` and so on. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${prefix}-${number}`)
}

/** Walks what a poll brought. */
export function recordsOf(fetched: readonly FetchedPartition[]): SeenRecord[] {
  const seen: SeenRecord[] = []
  for (const { topic, partition, records } of fetched) {
    while (records.next()) {
      const { buffer, keyStart, keyEnd, valueStart, valueEnd, offset, timestampMs } = records
      seen.push({
        topic,
        partition,
        offset,
        timestampMs,
        key: keyEnd < 0 ? null : buffer.toString('utf8', keyStart, keyEnd),
        value: valueEnd < 0 ? null : buffer.toString('utf8', valueStart, valueEnd),
        headers: records.headers().map(({ key, value }) => [key, value && value.toString()]),
      })
    }
  }
  return seen
}

/** The values of what was read. */
export function valuesOf(records: readonly SeenRecord[], partition?: number): (string | null)[] {
  const wanted = records.filter((each) => partition === undefined || each.partition === partition)
  return wanted.map(({ value }) => value)
}

/** Offset 0 of each of so many partitions. */
export function beginnings(topic: string, partitions = 1): PartitionOffset[] {
  return partitionsOf(topic, partitions).map((each) => ({ ...each, offset: 0 }))
}

/** The partitions of a topic by their count. */
export function partitionsOf(topic: string, partitions = 1): TopicPartition[] {
  return Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
}

/** Polls until so many records have come; may return a few more. */
export async function readCount(fetcher: Fetcher, count: number): Promise<SeenRecord[]> {
  const seen: SeenRecord[] = []
  const deadlineMs = performance.now() + patienceMs
  while (seen.length < count) {
    if (performance.now() > deadlineMs) {
      throw new Error(`Only ${seen.length} of ${count} records have come`)
    }
    seen.push(...recordsOf(await fetcher.poll({ timeoutMs: 500 })))
  }
  return seen
}

/** Polls until the position of each partition has come to its end; each entry must follow on the one before. */
export async function readTo(
  fetcher: Fetcher,
  starts: readonly PartitionOffset[],
  ends: readonly PartitionOffset[],
): Promise<SeenRecord[]> {
  const seen: SeenRecord[] = []
  const positions = new Map(starts.map((each) => [nameOf(each), each.offset]))
  const behind = (): PartitionOffset[] =>
    ends.filter((end) => (positions.get(nameOf(end)) ?? 0) < end.offset)
  const deadlineMs = performance.now() + patienceMs
  while (behind().length > 0) {
    if (performance.now() > deadlineMs) {
      throw new Error(`Stuck at ${JSON.stringify([...positions])}; wanted ${JSON.stringify(ends)}`)
    }
    const fetched = await fetcher.poll({ timeoutMs: 500 })
    for (const entry of fetched) {
      const from = positions.get(nameOf(entry)) ?? 0
      if (entry.nextOffset <= from) {
        throw new Error(`${nameOf(entry)} went from ${from} to ${entry.nextOffset}`)
      }
      const records = recordsOf([entry])
      const stray = records.find(({ offset }) => offset < from || offset >= entry.nextOffset)
      if (stray) throw new Error(`Offset ${stray.offset} came with [${from}, ${entry.nextOffset})`)
      positions.set(nameOf(entry), entry.nextOffset)
      seen.push(...records)
    }
  }
  return seen
}

/** Everything in a topic that is visible now, or will be once transactions that have ended are ended everywhere. */
export async function readAll(
  client: Broker,
  topic: string,
  isolation: Isolation = 'read_committed',
  options: Partial<FetcherOptions> = {},
): Promise<SeenRecord[]> {
  const count = (await client.describeTopics([topic])).get(topic)?.partitions ?? 0
  const partitions = partitionsOf(topic, count)
  if (isolation === 'read_committed') await untilStable(client, partitions)
  const starts = await client.listOffsets(partitions, 'earliest', isolation)
  const ends = await client.listOffsets(partitions, 'latest', isolation)
  await using fetcher = client.openFetcher({ maxWaitMs: 100, ...options, isolation })
  fetcher.assign(starts)
  return await readTo(fetcher, starts, ends)
}

/** Waits until no transaction is open: a commit is answered before its markers are everywhere. */
export async function untilStable(
  client: Broker,
  partitions: readonly TopicPartition[],
): Promise<void> {
  await eventually(
    async () => {
      const stable = await client.listOffsets(partitions, 'latest', 'read_committed')
      const ends = await client.listOffsets(partitions, 'latest', 'read_uncommitted')
      return stable.every(({ offset }, index) => offset === ends[index]!.offset)
    },
    `the transactions on ${partitions.map(nameOf).join(', ')} to end`,
  )
}

/** Waits until a condition holds. */
export async function eventually(
  condition: () => Promise<boolean> | boolean,
  what: string,
  timeoutMs: number = patienceMs,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`Waited in vain for ${what}`)
    await pause(10)
  }
}

/** Lets time pass. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function nameOf({ topic, partition }: TopicPartition): string {
  return topicPartitionName(topic, partition)
}
