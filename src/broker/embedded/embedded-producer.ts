import type { Timer } from '../../core/clock.ts'
import { LifecycleError, ProductionError } from '../../core/errors.ts'
import type { Headers } from '../../core/headers.ts'
import type {
  CommittedOffset,
  GroupIdentity,
  IdentityRenewal,
  Producer,
  ProducerOptions,
} from '../port.ts'
import { withRenewal } from '../with-renewal.ts'
import type { ClientSession } from './client-session.ts'
import type { EmbeddedTopic } from './embedded-topic.ts'
import type { PartitionLog } from './partition-log.ts'
import { ChunkBuilder } from './record-chunk.ts'
import type { ProducerIdentity } from './transactions.ts'

/** What is written to one partition. */
interface PartitionWriter {
  readonly topic: EmbeddedTopic
  readonly log: PartitionLog
  readonly builder: ChunkBuilder
  lastOffset: number | undefined
}

/** A record that waits for the transaction before its own to end. */
interface HeldRecord {
  readonly writer: PartitionWriter
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers | undefined
}

const defaultBatchBytes = 262_144
const defaultLingerMs = 5
const defaultMaxBufferedBytes = 33_554_432
/** What a record takes beside its key and value. */
const recordOverheadBytes = 70

/** Writes to partitions of the embedded broker; an append is its own acknowledgement. */
export class EmbeddedProducer implements Producer {
  readonly #session: ClientSession
  readonly #options: ProducerOptions
  /** Another one for each transaction. */
  #identity: ProducerIdentity | undefined
  readonly #writers = new Map<string, PartitionWriter[]>()
  /** Writers with records that are not appended yet. */
  readonly #waiting = new Set<PartitionWriter>()
  #waitingBytes = 0
  #inTransaction = false
  /** What the transaction has of offsets; a commit waits for it. */
  #offsets: Promise<void> | undefined
  /** Records of the next transaction, while the one before is being committed. */
  #held: HeldRecord[] | undefined
  #heldBytes = 0
  #committing: Promise<void> | undefined
  #linger: Timer | undefined
  #appending: Promise<void> = Promise.resolve()
  #failure: Error | undefined
  #ended: Error | undefined

  constructor(
    session: ClientSession,
    options: ProducerOptions,
    identity: ProducerIdentity | undefined,
  ) {
    this.#session = session
    this.#options = options
    this.#identity = identity
  }

  send(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Buffer | null,
    value: Buffer | null,
    headers?: Headers,
  ): void {
    this.#checkUsable()
    if (this.#identity && !this.#inTransaction) {
      throw new LifecycleError('A transactional producer sends within a transaction; begin one')
    }
    const writer = this.#writer(topic, partition)
    const bytes = this.#checkRecord(writer, key, value, headers)
    if (this.#held !== undefined) {
      // The caller may use the bytes again at once.
      const copied = { key: key && Buffer.from(key), value: value && Buffer.from(value), headers }
      this.#held.push({ writer, timestampMs, ...copied })
      this.#heldBytes += bytes
      return
    }
    this.#write({ writer, timestampMs, key, value, headers })
  }

  #write({ writer, timestampMs, key, value, headers }: HeldRecord): void {
    const bytesBefore = writer.builder.bytes
    writer.builder.append(timestampMs, key, value, headers)
    this.#waiting.add(writer)
    this.#waitingBytes += writer.builder.bytes - bytesBefore
    const { batchBytes = defaultBatchBytes, lingerMs = defaultLingerMs } = this.#options
    if (writer.builder.bytes >= batchBytes) this.#appendSoon()
    else if (!this.#linger) {
      this.#linger = this.#session.state.clock.schedule(lingerMs, () => this.#appendSoon())
    }
  }

  async prepare(topics: readonly string[]): Promise<void> {
    this.#checkUsable()
    await this.#session.request('metadata')
    for (const topic of topics) this.#session.state.topic(topic)
  }

  get bufferedBytes(): number {
    return this.#heldBytes + this.#waitingBytes
  }

  ready(): Promise<void> | undefined {
    const { maxBufferedBytes = defaultMaxBufferedBytes } = this.#options
    if (this.#heldBytes >= maxBufferedBytes) return this.#committing?.catch(() => undefined)
    if (this.#waitingBytes < maxBufferedBytes) return undefined
    this.#appendSoon()
    // Only where the broker's hook holds requests up is there anything to wait for.
    return this.#waitingBytes === 0 ? undefined : this.#appending
  }

  async flush(): Promise<void> {
    this.#checkUsable()
    this.#appendSoon()
    await this.#appending
    this.#checkUsable()
  }

  lastOffset(topic: string, partition: number): number | undefined {
    return this.#writers.get(topic)?.[partition]?.lastOffset
  }

  beginTransaction(): void {
    this.#checkUsable()
    this.#transactional()
    if (this.#inTransaction) throw new LifecycleError('A transaction is open already')
    this.#inTransaction = true
  }

  async sendOffsets(
    member: GroupIdentity,
    offsets: readonly CommittedOffset[],
    renew?: IdentityRenewal,
  ): Promise<void> {
    this.#checkUsable()
    this.#transactional()
    if (!this.#inTransaction) throw new LifecycleError('Offsets are sent within a transaction')
    const { state } = this.#session
    const send = (as: GroupIdentity): Promise<void> => {
      const identity = this.#transactional()
      return this.#session.perform('txnOffsetCommit', () =>
        state.transactions.sendOffsets(identity, state.group(as.groupId), as, offsets),
      )
    }
    const sent = this.#attempt(() => withRenewal(member, renew, send))
    sent.catch(() => undefined)
    this.#offsets = Promise.all([this.#offsets, sent]).then(() => undefined)
    this.#offsets.catch(() => undefined)
    await sent
  }

  async commitTransaction(): Promise<void> {
    this.#transactional()
    this.#checkUsable()
    if (!this.#inTransaction) throw new LifecycleError('No transaction is open')
    if (this.#committing) {
      throw new LifecycleError('The transaction before is still being committed')
    }
    this.#inTransaction = false
    this.#held = []
    const committing = this.#commit()
    this.#committing = committing
    await committing
  }

  async #commit(): Promise<void> {
    try {
      await this.flush()
      await this.#offsets
      await this.#attempt(() => this.#endTransaction(true))
    } finally {
      const held = this.#held ?? []
      this.#held = undefined
      this.#heldBytes = 0
      this.#offsets = undefined
      this.#committing = undefined
      if (this.#failure === undefined && this.#ended === undefined) {
        for (const record of held) this.#write(record)
      }
    }
  }

  async abortTransaction(): Promise<void> {
    if (this.#ended) throw this.#ended
    this.#transactional()
    await this.#committing?.catch(() => undefined)
    this.#dropWaiting()
    await this.#appending
    await this.#offsets?.catch(() => undefined)
    this.#offsets = undefined
    this.#inTransaction = false
    this.#failure = undefined
    await this.#attempt(() => this.#endTransaction(false))
  }

  async #endTransaction(committed: boolean): Promise<void> {
    const identity = this.#transactional()
    const { transactions } = this.#session.state
    this.#identity = await this.#session.perform('endTxn', () =>
      transactions.end(identity, committed),
    )
  }

  async close(): Promise<void> {
    if (this.#ended) return
    // An open transaction is left to its timeout or to the next producer of the id; records outside of one are sent.
    try {
      if (!this.#identity && !this.#failure) await this.flush()
    } finally {
      this.#end(new LifecycleError('The producer is closed'))
      this.#session.untrack(this)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  crash(error: Error): void {
    this.#end(error)
  }

  #end(error: Error): void {
    this.#ended ??= error
    this.#dropWaiting()
  }

  #checkUsable(): void {
    const error = this.#ended ?? this.#failure
    if (error) throw error
  }

  #transactional(): ProducerIdentity {
    if (this.#identity) return this.#identity
    throw new LifecycleError('This producer is not transactional; open it with a transactionalId')
  }

  #writer(topic: string, partition: number): PartitionWriter {
    const known = this.#writers.get(topic)?.[partition]
    if (known && this.#session.state.findTopic(topic) === known.topic) return known
    const found = this.#session.state.findTopic(topic)
    const log = found?.partitions[partition]
    if (!found || !log) {
      const reason = found ? `topic ${topic} has ${found.partitions.length} partitions` : 'no topic'
      throw new ProductionError(`The record cannot be written: ${reason}`, {
        topicPartition: { topic, partition },
      })
    }
    const writer = { topic: found, log, builder: new ChunkBuilder(), lastOffset: undefined }
    const writers = this.#writers.get(topic) ?? []
    writers[partition] = writer
    this.#writers.set(topic, writers)
    return writer
  }

  #checkRecord(
    { topic, log }: PartitionWriter,
    key: Buffer | null,
    value: Buffer | null,
    headers: Headers | undefined,
  ): number {
    const place = { topicPartition: { topic: topic.name, partition: log.partition } }
    let bytes = (key?.length ?? 0) + (value?.length ?? 0) + recordOverheadBytes
    for (const header of headers ?? []) bytes += header.key.length + (header.value?.length ?? 0)
    if (bytes > topic.maxMessageBytes) {
      throw new ProductionError(
        `The record of about ${bytes} bytes is larger than the topic's max.message.bytes, ` +
          `${topic.maxMessageBytes}`,
        place,
      )
    }
    if (topic.compacted && key === null) {
      throw new ProductionError('A compacted topic takes no record without a key', place)
    }
    return bytes
  }

  /** Appends what waits: at once, or after the broker's hook has let it. */
  #appendSoon(): void {
    this.#linger?.cancel()
    this.#linger = undefined
    if (this.#waiting.size === 0) return
    if (!this.#session.state.onRequest) {
      this.#tryAppend()
      return
    }
    this.#appending = this.#appending.then(async () => {
      try {
        await this.#session.request('produce')
        this.#tryAppend()
      } catch (error) {
        this.#failure ??= error as Error
      }
    })
  }

  #tryAppend(): void {
    if (this.#ended) return
    const { state } = this.#session
    try {
      for (const writer of this.#waiting) {
        const transaction = this.#identity && state.transactions.join(this.#identity, writer.log)
        const chunk = state.append(writer.topic, writer.log, writer.builder.take(transaction))
        writer.lastOffset = chunk.nextOffset - 1
      }
      this.#waiting.clear()
      this.#waitingBytes = 0
    } catch (error) {
      this.#failure ??= error as Error
      this.#dropWaiting()
    }
  }

  #dropWaiting(): void {
    this.#linger?.cancel()
    this.#linger = undefined
    for (const writer of this.#waiting) writer.builder.take(undefined)
    this.#waiting.clear()
    this.#waitingBytes = 0
  }

  async #attempt(run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      this.#failure ??= error as Error
      throw error
    }
  }
}
