import type { PackedBytes } from '../../../core/byte-text.ts'
import { LifecycleError } from '../../../core/errors.ts'
import type { Headers } from '../../../core/headers.ts'
import type { Producer, ProducerOptions } from '../../port.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { retry } from '../cluster/retry.ts'
import { Wait } from '../cluster/wait.ts'
import { codes } from '../protocol/error-codes.ts'
import { initProducerId } from '../protocol/init-producer-id.ts'
import { protocolError } from '../protocol/protocol-error.ts'
import { RecordWriter } from './record-writer.ts'

/** A producer without transactions. */
export class IdempotentProducer implements Producer {
  readonly takesText = true
  readonly #cluster: Cluster
  readonly #records: RecordWriter
  #closing: Promise<void> | undefined

  private constructor(cluster: Cluster, records: RecordWriter) {
    this.#cluster = cluster
    this.#records = records
  }

  /** Fetches a producer id. */
  static async open(cluster: Cluster, options: ProducerOptions): Promise<IdempotentProducer> {
    const { clock, random, settings } = cluster.environment
    const wait = new Wait(clock, undefined, settings.apiTimeoutMs)
    const identity = await retry('Fetching a producer id', random, wait, async () => {
      // Without a transactional id there is no transaction to time out; brokers want a positive number all the same.
      const { errorCode, ...fetched } = await cluster.sendToAny(
        initProducerId(undefined, settings.requestTimeoutMs),
      )
      if (errorCode !== codes.none) throw protocolError(errorCode, 'Fetching a producer id')
      return fetched
    })
    const isAllowed = (): boolean => true
    return new IdempotentProducer(
      cluster,
      new RecordWriter(cluster, { ...options, identity, isAllowed }),
    )
  }

  get bufferedBytes(): number {
    return this.#records.bufferedBytes
  }

  send(
    topic: string,
    partition: number,
    timestampMs: number,
    key: PackedBytes | null,
    value: PackedBytes | null,
    headers?: Headers,
  ): void {
    this.#records.send(topic, partition, timestampMs, key, value, headers)
  }

  prepare(topics: readonly string[]): Promise<void> {
    return this.#records.prepare(topics)
  }

  ready(): Promise<void> | undefined {
    return this.#records.ready()
  }

  flush(): Promise<void> {
    return this.#records.flush()
  }

  lastOffset(topic: string, partition: number): number | undefined {
    return this.#records.lastOffset(topic, partition)
  }

  beginTransaction(): void {
    throw notTransactional()
  }

  sendOffsets(): Promise<void> {
    return Promise.reject(notTransactional())
  }

  commitTransaction(): Promise<void> {
    return Promise.reject(notTransactional())
  }

  abortTransaction(): Promise<void> {
    return Promise.reject(notTransactional())
  }

  /** Waits, for the request timeout at most, for what was sent to be acknowledged, unless the producer has failed. */
  close(): Promise<void> {
    this.#closing ??= this.#flushAndClose()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #flushAndClose(): Promise<void> {
    const { clock, logger, settings } = this.#cluster.environment
    try {
      const wait = new Wait(clock, undefined, settings.requestTimeoutMs)
      const late = `not acknowledged within ${settings.requestTimeoutMs} ms`
      const failed = this.#records.failure !== undefined
      if (!failed) await wait.bound(this.#records.flush(), () => new Error(late))
    } catch (error) {
      logger.warn('A producer was closed with records that were not acknowledged.', { error })
    }
    await this.#records.close()
  }
}

function notTransactional(): LifecycleError {
  return new LifecycleError('This producer has no transactions; open it with a transactionalId.')
}
