import type { PackedBytes } from '../../../core/byte-text.ts'
import type { Timer } from '../../../core/clock.ts'
import { LifecycleError, ProductionError } from '../../../core/errors.ts'
import { noHeaders, type Headers } from '../../../core/headers.ts'
import type { Compression, ProducerOptions } from '../../port.ts'
import { unknownTopic, type Cluster } from '../cluster/cluster.ts'
import { retry } from '../cluster/retry.ts'
import { Wait } from '../cluster/wait.ts'
import { BatchWriter, batchBytesOf, laterRecordExtraBytes } from '../codec/batch-writer.ts'
import { codes } from '../protocol/error-codes.ts'
import type { ProducerIdentity } from '../protocol/init-producer-id.ts'
import { protocolError } from '../protocol/protocol-error.ts'
import { acknowledgementOf } from './flush-waiters.ts'
import { PartitionQueue } from './partition-queue.ts'
import { PendingBatch } from './pending-batch.ts'
import { Sender, type SenderOwner } from './sender.ts'
import { topicLimits, type TopicLimits } from './topic-limits.ts'

/** Defaults of {@link ProducerOptions}. */
const producerDefaults = Object.freeze({
  batchBytes: 256 << 10,
  lingerMs: 0,
  maxBufferedBytes: 32 << 20,
  compression: 'none' as const,
})

const firstWriterBytes = 16 << 10
const spareWritersMax = 64

/** What distinguishes one producer from another. */
export interface RecordWriterOptions extends ProducerOptions {
  readonly identity: ProducerIdentity
  /** Whether the next batch of this partition may go out; {@link RecordWriter.pump} is called when it may. */
  readonly isAllowed: (queue: PartitionQueue) => boolean
  /** See {@link SenderOwner.addsPartitions}. */
  readonly addsPartitions?: () => boolean
}

/** Collects records in batches and sends them: in order and without duplicates per partition. */
export class RecordWriter implements SenderOwner, AsyncDisposable {
  readonly transactionalId: string | undefined
  readonly compression: Compression
  readonly isAllowed: (queue: PartitionQueue) => boolean
  readonly addsPartitions: () => boolean
  readonly #cluster: Cluster
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
  /** The transaction that records belong to which are sent from now on; 0 outside of transactions. */
  transaction = 0
  #sender: Sender
  #identity: ProducerIdentity
  #bufferedBytes = 0
  #lingering: Timer | undefined
  #lingerScheduled = false
  #failure: Error | undefined
  #closed = false

  constructor(cluster: Cluster, options: RecordWriterOptions) {
    this.#cluster = cluster
    this.#identity = options.identity
    this.isAllowed = options.isAllowed
    this.addsPartitions = options.addsPartitions ?? (() => false)
    this.transactionalId = options.transactionalId
    this.compression = options.compression ?? producerDefaults.compression
    this.#batchBytes = options.batchBytes ?? producerDefaults.batchBytes
    this.#lingerMs = options.lingerMs ?? producerDefaults.lingerMs
    this.#maxBufferedBytes = options.maxBufferedBytes ?? producerDefaults.maxBufferedBytes
    this.#sender = new Sender(cluster, this)
  }

  /** Bytes of records that are not acknowledged. */
  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** What went wrong for good. */
  get failure(): Error | undefined {
    return this.#failure
  }

  send(
    topic: string,
    partition: number,
    timestampMs: number,
    key: PackedBytes | null,
    value: PackedBytes | null,
    headers: Headers = noHeaders,
  ): void {
    this.checkUsable()
    const queue = this.#queues.get(topic)?.[partition]
    if (queue === undefined) throw this.#noSuchPartition(topic, partition)
    const bytes = batchBytesOf(key, value, headers)
    if (bytes > queue.limits.maxBatchBytes) throw this.#tooLarge(queue, bytes)
    if (key === null && queue.limits.compacted) throw this.#keyless(queue)
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
    this.checkUsable()
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
    this.checkUsable()
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
    this.checkUsable()
    this.#makeAllDue()
    const batches: PendingBatch[] = []
    for (const queues of this.#queues.values()) {
      for (const queue of queues) batches.push(...queue.unacknowledged())
    }
    await acknowledgementOf(batches, (reject) => this.#rejectOnFailure(reject))
  }

  /** Ends all open batches, so that what is sent from now on goes into others; sends what may be sent. */
  cut(): void {
    this.checkUsable()
    for (const queues of this.#queues.values()) {
      for (const queue of queues) {
        if (queue.open === undefined) continue
        queue.closeOpen()
        this.#sender.add(queue)
      }
    }
    this.#filling.clear()
    this.#sender.pump()
  }

  lastOffset(topic: string, partition: number): number | undefined {
    return this.#queues.get(topic)?.[partition]?.lastOffset
  }

  /** Sends what {@link RecordWriterOptions.isAllowed} lets through now. */
  pump(): void {
    this.#sender.pump()
  }

  /** Whether records are on their way whose fate is open. */
  get hasNumbered(): boolean {
    return [...this.#queues.values()].flat().some((queue) => queue.hasNumbered)
  }

  /** Drops what is not acknowledged, and the failure; goes on as another producer where an identity is given. */
  reset(identity?: ProducerIdentity): void {
    this.#stop(new LifecycleError('The transaction was aborted.'), identity !== undefined)
    this.#identity = identity ?? this.#identity
    this.#failure = undefined
    this.#bufferedBytes = 0
    this.#lingerScheduled = false
    this.#sender = new Sender(this.#cluster, this)
  }

  /** Goes on as another producer, once all that was sent is acknowledged; its numbers begin anew. */
  goOnAs(identity: ProducerIdentity): void {
    this.#identity = identity
    for (const queues of this.#queues.values()) {
      for (const queue of queues) queue.renumber()
    }
  }

  /** Drops what is not acknowledged. */
  close(): Promise<void> {
    if (!this.#closed) this.#stop(new LifecycleError('The producer is closed.'), false)
    this.#closed = true
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // ---- what the sender calls ----

  identity(): ProducerIdentity {
    return this.#identity
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
    this.#stop(error, false)
  }

  // ---- batches ----

  #openBatch(queue: PartitionQueue): PendingBatch {
    const writer =
      this.#spareWriters.pop() ?? new BatchWriter(Math.min(firstWriterBytes, queue.batchBytes))
    const nowMs = this.#cluster.environment.clock.monotonicMs()
    const batch = new PendingBatch(writer, nowMs, this.transaction)
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

  #addQueues(topic: string, partitions: number, limits: TopicLimits): void {
    const { random } = this.#cluster.environment
    const queues = Array.from(
      { length: partitions },
      (_, partition) => new PartitionQueue(topic, partition, this.#batchBytes, limits, random),
    )
    this.#queues.set(topic, queues)
  }

  // ---- failures ----

  /** Throws the failure that was kept, or that this is closed. */
  checkUsable(): void {
    if (this.#closed) throw new LifecycleError('The producer is closed.')
    if (this.#failure !== undefined) throw this.#failure
  }

  #rejectOnFailure(reject: (reason: Error) => void): () => void {
    this.#rejections.add(reject)
    return () => this.#rejections.delete(reject)
  }

  #stop(reason: Error, renumber: boolean): void {
    this.#lingering?.cancel()
    this.#sender.close()
    for (const queues of this.#queues.values()) {
      for (const queue of queues) queue.clear(renumber)
    }
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

  #tooLarge({ topic, partition, limits }: PartitionQueue, bytes: number): ProductionError {
    const message = `A record of ${bytes} bytes is larger than the ${limits.maxBatchBytes} that the topic's max.message.bytes allows`
    return new ProductionError(message, { topicPartition: { topic, partition } })
  }

  #keyless({ topic, partition }: PartitionQueue): ProductionError {
    const message = 'A record without a key is not taken by a compacted topic'
    return new ProductionError(message, { topicPartition: { topic, partition } })
  }
}
