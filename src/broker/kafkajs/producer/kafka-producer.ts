import type { Timer } from '../../../core/clock.ts'
import { BrokerError, LifecycleError, ProductionError } from '../../../core/errors.ts'
import { noHeaders, type Headers } from '../../../core/headers.ts'
import type { CommittedOffset, GroupIdentity, Producer, ProducerOptions } from '../../port.ts'
import { unknownTopic, type Cluster } from '../cluster/cluster.ts'
import { retry } from '../cluster/retry.ts'
import { Wait } from '../cluster/wait.ts'
import {
  BatchWriter,
  batchBytesOf,
  laterRecordExtraBytes,
  type BatchProducer,
} from '../codec/batch-writer.ts'
import { codes } from '../protocol/error-codes.ts'
import { initProducerId } from '../protocol/init-producer-id.ts'
import { protocolError } from '../protocol/protocol-error.ts'
import { acknowledgementOf } from './flush-waiters.ts'
import { PartitionQueue } from './partition-queue.ts'
import { PendingBatch } from './pending-batch.ts'
import { Sender, type SenderOwner } from './sender.ts'
import { topicLimits } from './topic-limits.ts'

/** Defaults of {@link ProducerOptions}. */
export const producerDefaults: {
  readonly batchBytes: number
  readonly lingerMs: number
  readonly maxBufferedBytes: number
  readonly compression: 'none'
} = Object.freeze({
  batchBytes: 256 << 10,
  lingerMs: 0,
  maxBufferedBytes: 32 << 20,
  compression: 'none',
})

const firstWriterBytes = 16 << 10
const spareWritersMax = 64

/** Writes in order and without duplicates per partition, by Kafka's numbering of a producer's records. */
export class KafkaProducer implements Producer, SenderOwner {
  readonly transactionalId: string | undefined = undefined
  readonly compression: 'none' | 'gzip'
  readonly #cluster: Cluster
  readonly #sender: Sender
  readonly #batchBytes: number
  readonly #lingerMs: number
  readonly #maxBufferedBytes: number
  readonly #queues = new Map<string, PartitionQueue[]>()
  /** Queues whose batch is being filled and not yet due. */
  readonly #filling = new Set<PartitionQueue>()
  readonly #spareWriters: BatchWriter[] = []
  /** Rejections of the promises that callers wait for. */
  readonly #rejections = new Set<(reason: Error) => void>()
  readonly #readyWaiters = new Set<() => void>()
  #identity: Omit<BatchProducer, 'sequence'>
  #bufferedBytes = 0
  #lingering: Timer | undefined
  #lingerScheduled = false
  #failure: Error | undefined
  #closed = false

  private constructor(
    cluster: Cluster,
    options: ProducerOptions,
    identity: Omit<BatchProducer, 'sequence'>,
  ) {
    this.#cluster = cluster
    this.#identity = identity
    this.compression = options.compression ?? producerDefaults.compression
    this.#batchBytes = options.batchBytes ?? producerDefaults.batchBytes
    this.#lingerMs = options.lingerMs ?? producerDefaults.lingerMs
    this.#maxBufferedBytes = options.maxBufferedBytes ?? producerDefaults.maxBufferedBytes
    this.#sender = new Sender(cluster, this)
  }

  /** Fetches a producer id. */
  static async open(cluster: Cluster, options: ProducerOptions): Promise<KafkaProducer> {
    const { clock, random, settings } = cluster.environment
    const wait = new Wait(clock, undefined, settings.apiTimeoutMs)
    const identity = await retry('Fetching a producer id', random, wait, async () => {
      // Without a transactional id there is no transaction to time out; brokers want a positive number all the same.
      const { errorCode, producerId, epoch } = await cluster.sendToAny(
        initProducerId(undefined, settings.requestTimeoutMs),
      )
      if (errorCode !== codes.none) throw protocolError(errorCode, 'Fetching a producer id')
      return { producerId, epoch, transactional: false }
    })
    return new KafkaProducer(cluster, options, identity)
  }

  send(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Buffer | null,
    value: Buffer | null,
    headers: Headers = noHeaders,
  ): void {
    this.#checkUsable()
    const queue = this.#queues.get(topic)?.[partition]
    if (queue === undefined) throw this.#noSuchPartition(topic, partition)
    const bytes = batchBytesOf(key, value, headers)
    if (bytes > queue.maxBatchBytes) throw this.#tooLarge(queue, bytes)
    let batch = queue.open
    if (
      batch !== undefined &&
      batch.writer.bytes + bytes + laterRecordExtraBytes > queue.batchBytes
    ) {
      this.#closeBatch(queue)
      batch = undefined
    }
    batch ??= this.#openBatch(queue)
    const { writer } = batch
    const before = batch.accountedBytes
    writer.append(timestampMs, key, value, headers)
    batch.accountedBytes = writer.bytes
    this.#bufferedBytes += writer.bytes - before
  }

  async prepare(topics: readonly string[]): Promise<void> {
    this.#checkUsable()
    const missing = topics.filter((topic) => !this.#queues.has(topic))
    if (missing.length === 0) return
    const { clock, random, settings } = this.#cluster.environment
    const wait = new Wait(clock, undefined, settings.apiTimeoutMs)
    await retry(`Looking up the topics ${missing.join(', ')}`, random, wait, async () => {
      const response = await this.#cluster.refresh(missing)
      for (const { name, errorCode } of response.topics) {
        if (errorCode === codes.unknownTopicOrPartition) throw unknownTopic(name)
        if (errorCode !== codes.none) throw protocolError(errorCode, `Looking up topic '${name}'`)
      }
      const limits = await topicLimits(this.#cluster, missing)
      for (const { name, partitions } of response.topics) {
        this.#addQueues(name, partitions.length, limits.get(name)!)
      }
    })
  }

  ready(): Promise<void> | undefined {
    this.#checkUsable()
    if (this.#bufferedBytes < this.#maxBufferedBytes) return undefined
    this.#makeAllDue()
    return new Promise((resolve, reject) => {
      const forget = this.#rejectOnFailure(reject)
      const settle = (): void => {
        forget()
        this.#readyWaiters.delete(settle)
        resolve()
      }
      this.#readyWaiters.add(settle)
    })
  }

  async flush(): Promise<void> {
    this.#checkUsable()
    this.#makeAllDue()
    const batches: PendingBatch[] = []
    for (const queues of this.#queues.values()) {
      for (const queue of queues) batches.push(...queue.unacknowledged())
    }
    await acknowledgementOf(batches, (reject) => this.#rejectOnFailure(reject))
  }

  lastOffset(topic: string, partition: number): number | undefined {
    return this.#queues.get(topic)?.[partition]?.lastOffset
  }

  beginTransaction(): void {
    throw notTransactional()
  }

  sendOffsets(_member: GroupIdentity, _offsets: readonly CommittedOffset[]): Promise<void> {
    return Promise.reject(notTransactional())
  }

  commitTransaction(): Promise<void> {
    return Promise.reject(notTransactional())
  }

  abortTransaction(): Promise<void> {
    return Promise.reject(notTransactional())
  }

  /** Waits, for the request timeout at most, for what was sent to be acknowledged, unless the producer has failed. */
  async close(): Promise<void> {
    if (this.#closed) return
    const { clock, logger, settings } = this.#cluster.environment
    try {
      const wait = new Wait(clock, undefined, settings.requestTimeoutMs)
      const late = `not acknowledged within ${settings.requestTimeoutMs} ms`
      if (this.#failure === undefined) await wait.bound(this.flush(), () => new Error(late))
    } catch (error) {
      const bytes = this.#bufferedBytes
      logger.warn('A producer was closed with unacknowledged records.', { bytes, error })
    }
    if (this.#closed) return
    this.#closed = true
    this.#stop(new LifecycleError('The producer is closed.'))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // ---- what the sender calls ----

  identity(): Omit<BatchProducer, 'sequence'> {
    return this.#identity
  }

  isAllowed(): boolean {
    return true
  }

  acknowledged(batch: PendingBatch): void {
    this.#bufferedBytes -= batch.accountedBytes
    if (this.#spareWriters.length < spareWritersMax) {
      batch.writer.reset()
      this.#spareWriters.push(batch.writer)
    }
    for (const waiter of batch.waiters) waiter.done()
    if (this.#bufferedBytes >= this.#maxBufferedBytes) return
    for (const settle of this.#readyWaiters) settle()
  }

  failed(error: Error): void {
    if (this.#failure !== undefined || this.#closed) return
    this.#failure = error
    this.#stop(error)
  }

  // ---- batches ----

  #openBatch(queue: PartitionQueue): PendingBatch {
    const writer =
      this.#spareWriters.pop() ?? new BatchWriter(Math.min(firstWriterBytes, queue.batchBytes))
    const batch = new PendingBatch(writer, this.#cluster.environment.clock.monotonicMs())
    queue.open = batch
    this.#filling.add(queue)
    this.#scheduleLinger()
    return batch
  }

  #closeBatch(queue: PartitionQueue): void {
    queue.closeOpen()
    this.#filling.delete(queue)
    this.#sender.add(queue)
    this.#sender.pump()
  }

  #scheduleLinger(): void {
    if (this.#lingerScheduled) return
    this.#lingerScheduled = true
    const { clock } = this.#cluster.environment
    if (this.#lingerMs > 0) {
      this.#lingering = clock.schedule(this.#lingerMs, () => this.#makeAllDue())
    } else {
      void clock.yieldToEventLoop().then(() => this.#makeAllDue())
    }
  }

  #makeAllDue(): void {
    this.#lingerScheduled = false
    this.#lingering?.cancel()
    if (this.#failure !== undefined || this.#closed) return
    for (const queue of this.#filling) {
      queue.openIsDue = true
      this.#sender.add(queue)
    }
    this.#filling.clear()
    this.#sender.pump()
  }

  #addQueues(topic: string, partitions: number, maxBatchBytes: number): void {
    const { random } = this.#cluster.environment
    const queues = Array.from(
      { length: partitions },
      (_, partition) =>
        new PartitionQueue(topic, partition, this.#batchBytes, maxBatchBytes, random),
    )
    this.#queues.set(topic, queues)
  }

  // ---- failures ----

  #checkUsable(): void {
    if (this.#closed) throw new LifecycleError('The producer is closed.')
    if (this.#failure !== undefined) throw this.#failure
  }

  #rejectOnFailure(reject: (reason: Error) => void): () => void {
    this.#rejections.add(reject)
    return () => this.#rejections.delete(reject)
  }

  #stop(reason: Error): void {
    this.#lingering?.cancel()
    this.#sender.close()
    for (const queues of this.#queues.values()) for (const queue of queues) queue.clear()
    this.#filling.clear()
    this.#readyWaiters.clear()
    const rejections = [...this.#rejections]
    this.#rejections.clear()
    for (const reject of rejections) reject(reason)
  }

  #noSuchPartition(topic: string, partition: number): ProductionError {
    const queues = this.#queues.get(topic)
    const message =
      queues === undefined
        ? `Topic '${topic}' is not prepared; call prepare() with it before sending`
        : `Topic '${topic}' has ${queues.length} partitions`
    return new ProductionError(message, { topicPartition: { topic, partition } })
  }

  #tooLarge({ topic, partition, maxBatchBytes }: PartitionQueue, bytes: number): ProductionError {
    const message = `A record of ${bytes} bytes is larger than the ${maxBatchBytes} that the topic's max.message.bytes allows`
    return new ProductionError(message, { topicPartition: { topic, partition } })
  }
}

function notTransactional(): BrokerError {
  return new BrokerError('This producer has no transactional id, so it has no transactions.')
}
