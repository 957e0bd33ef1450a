import type { Broker, FetchedPartition, Fetcher } from '../broker/port.ts'
import { messageOf } from '../core/errors.ts'
import { toJson } from '../query/json.ts'
import { bindSerde, type Serde, type SerdeEnvironment } from '../serdes/serde.ts'
import type { Topic } from '../topology/topic.ts'

const pollTimeoutMs = 200

/** Prints the committed records of topics as they come, a line of JSON each. */
export class DevPrinter {
  readonly #topics = new Map<string, Topic<unknown, unknown>>()
  readonly #fetcher: Fetcher
  readonly #print: (line: string) => void
  readonly #closing = new AbortController()
  #idle = true
  #running: Promise<void> = Promise.resolve()

  constructor(
    broker: Broker,
    topics: Iterable<Topic<unknown, unknown>>,
    environment: SerdeEnvironment,
    print: (line: string) => void,
  ) {
    for (const { name, key, value } of topics) {
      const bound = { name, key: bindSerde(key, environment), value: bindSerde(value, environment) }
      this.#topics.set(name, bound)
    }
    this.#fetcher = broker.openFetcher({ isolation: 'read_committed' })
    this.#print = print
  }

  /** Begins with what is there. */
  async start(broker: Broker): Promise<void> {
    const found = await broker.describeTopics([...this.#topics.keys()])
    const partitions = [...found.values()].flatMap(({ name, partitions: count }) =>
      Array.from({ length: count }, (_, partition) => ({ topic: name, partition })),
    )
    this.#fetcher.assign(await broker.listOffsets(partitions, 'earliest', 'read_committed'))
    this.#running = this.#run()
    // Whoever waits for it is told; a process that is not there yet must not end by it.
    this.#running.catch(() => undefined)
  }

  /** Resolves when it has been closed; rejects with what it could not read. */
  get ended(): Promise<void> {
    return this.#running
  }

  /** Whether the last look found nothing. */
  get idle(): boolean {
    return this.#idle
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
    await this.#fetcher.close()
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        const fetched = await this.#fetcher.poll({ timeoutMs: pollTimeoutMs, signal })
        this.#idle = fetched.length === 0
        for (const each of fetched) await this.#printAll(each)
      } catch (error) {
        if (signal.aborted) return
        throw error
      }
    }
  }

  async #printAll({ topic, records }: FetchedPartition): Promise<void> {
    const { key, value } = this.#topics.get(topic)!
    while (records.next()) {
      const { buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs } = records
      const keyBytes = keyEnd < 0 ? null : buffer.subarray(keyStart, keyEnd)
      const valueBytes = valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd)
      this.#print(
        toJson({
          topic,
          key: await read(key, keyBytes, topic, 'key'),
          value: await read(value, valueBytes, topic, 'value'),
          timestampMs,
        }),
      )
    }
  }
}

async function read(
  serde: Serde<unknown>,
  bytes: Buffer | null,
  topic: string,
  part: 'key' | 'value',
): Promise<unknown> {
  if (bytes === null) return null
  try {
    await serde.resolve?.([bytes], { topic, part })
    return serde.deserialize(bytes, { topic, part })
  } catch (error) {
    return { unreadable: messageOf(error) }
  }
}
