import type { EmbeddedClient } from '../../broker/embedded/embedded-client.ts'
import type { Producer } from '../../broker/port.ts'
import { partitionForKey } from '../../core/murmur2.ts'
import type { Scheduler } from './scheduler.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Trace } from './trace.ts'

/** A record of the input, as bytes. */
export interface InputRecord {
  readonly topic: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestampMs: number
  /** Undefined: by the key, as Kafka's producers do it; of a record without a key, by chance. */
  readonly partition: number | undefined
}

/** What the feeder feeds, and how. */
export interface FeederOptions {
  readonly client: EmbeddedClient
  readonly scheduler: Scheduler
  readonly random: SeededRandom
  readonly trace: Trace
  readonly records: readonly InputRecord[]
  readonly partitions: ReadonlyMap<string, number>
  /** Virtual milliseconds over which the input is spread. */
  readonly spreadMs: number
  /** Whether it is written in transactions, some of which are aborted. */
  readonly transactional: boolean
}

const batchMost = 6

/** Writes the input in its order, by batches over a while; of what it aborts, nothing may be seen. */
export class InputFeeder {
  readonly #options: FeederOptions
  #ended = false
  #failure: { readonly error: unknown } | undefined

  constructor(options: FeederOptions) {
    this.#options = options
  }

  /** Whether all of the input is written and committed. Throws what writing failed with. */
  get hasEnded(): boolean {
    if (this.#failure) throw this.#failure.error
    return this.#ended
  }

  start(): void {
    this.#feed().then(
      () => (this.#ended = true),
      (error: unknown) => (this.#failure = { error }),
    )
  }

  async #feed(): Promise<void> {
    const { client, transactional, records, random, scheduler, spreadMs } = this.#options
    const options = transactional ? { transactionalId: 'input', transactionTimeoutMs: 60_000 } : {}
    const producer = await client.openProducer(options)
    const pauseMs = (2 * spreadMs * batchMost) / 2 / Math.max(1, records.length)
    for (let at = 0; at < records.length;) {
      await scheduler.sleep(random.next() * pauseMs)
      const batch = records.slice(at, at + 1 + random.below(batchMost))
      if (transactional && random.chance(0.15)) await this.#send(producer, batch, false)
      await this.#send(producer, batch, true)
      at += batch.length
    }
    await producer.close()
  }

  async #send(
    producer: Producer,
    batch: readonly InputRecord[],
    committed: boolean,
  ): Promise<void> {
    const { transactional, random, scheduler, trace } = this.#options
    if (transactional) producer.beginTransaction()
    for (const { topic, key, value, timestampMs, partition } of batch) {
      const to = partition ?? this.#partition(topic, key)
      producer.send(topic, to, timestampMs, key, value)
    }
    await producer.flush()
    if (transactional) {
      if (random.chance(0.3)) await scheduler.sleep(random.next() * 100)
      await (committed ? producer.commitTransaction() : producer.abortTransaction())
    }
    trace.add('input', committed ? 'wrote' : 'aborted', `${batch.length} records`)
  }

  #partition(topic: string, key: Buffer | null): number {
    const { random, partitions } = this.#options
    const count = partitions.get(topic) ?? 1
    return key === null ? random.below(count) : partitionForKey(key, count)
  }
}
