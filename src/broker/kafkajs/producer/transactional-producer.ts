import type { PackedBytes } from '../../../core/byte-text.ts'
import { FencedError, LifecycleError } from '../../../core/errors.ts'
import type { Headers } from '../../../core/headers.ts'
import type {
  CommittedOffset,
  GroupIdentity,
  IdentityRenewal,
  Producer,
  ProducerOptions,
} from '../../port.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { codes } from '../protocol/error-codes.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { RecordWriter } from './record-writer.ts'
import { TransactionCoordinator } from './transaction-coordinator.ts'

const defaultTransactionTimeoutMs = 60_000

/**
 * A producer whose records, and the offsets of what they were made from, become visible together or not at all.
 *
 * @remarks Source: KIP-98, KIP-447.
 */
export class TransactionalProducer implements Producer {
  readonly takesText = true
  readonly #coordinator: TransactionCoordinator
  readonly #records: RecordWriter
  /** Partitions that the coordinator knows, or will know by what is sent to them, as part of the open transaction. */
  readonly #added = new Set<PartitionQueue>()
  /** Partitions that have a batch for it and are to be added. */
  readonly #toAdd = new Set<PartitionQueue>()
  #adding = false
  /** What the open transaction, or the one that is ending, has of offsets; rejects where they are refused. */
  #offsets: Promise<void> | undefined
  /** Records and offsets may be sent. */
  #open = false
  /** The end of the transaction before, as long as it is on its way. */
  #ending: Promise<void> | undefined
  /** Counts transactions: the open one, or else the last. */
  #number = 0
  /** The transaction whose batches go out: until it has ended, those of the next are held back. */
  #sending = 0
  /** Counts the ends of transactions, so that a late answer is not taken for one of the next. */
  #round = 0

  private constructor(
    cluster: Cluster,
    options: ProducerOptions,
    coordinator: TransactionCoordinator,
    identity: { readonly producerId: bigint; readonly epoch: number },
  ) {
    this.#coordinator = coordinator
    const isAllowed = (queue: PartitionQueue): boolean => this.#isAllowed(queue)
    const addsPartitions = (): boolean => coordinator.hasEpochs
    this.#records = new RecordWriter(cluster, { ...options, identity, isAllowed, addsPartitions })
  }

  /** Fences the older producers of the id and aborts their open transaction. */
  static async open(
    cluster: Cluster,
    options: ProducerOptions & { readonly transactionalId: string },
  ): Promise<TransactionalProducer> {
    const { transactionalId, transactionTimeoutMs = defaultTransactionTimeoutMs } = options
    const coordinator = new TransactionCoordinator(cluster, transactionalId, transactionTimeoutMs)
    try {
      const identity = await coordinator.initialize()
      return new TransactionalProducer(cluster, options, coordinator, identity)
    } catch (error) {
      coordinator.close()
      throw error
    }
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
    if (!this.#open) this.#throwNotOpen('send a record')
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
    this.#records.checkUsable()
    if (this.#open) throw new LifecycleError('A transaction is open already.')
    this.#open = true
    this.#records.transaction = ++this.#number
    if (this.#ending === undefined) this.#sending = this.#number
  }

  async sendOffsets(
    member: GroupIdentity,
    offsets: readonly CommittedOffset[],
    renew?: IdentityRenewal,
  ): Promise<void> {
    if (!this.#open) this.#throwNotOpen('send offsets')
    this.#records.checkUsable()
    if (offsets.length === 0) return
    // Assigned before anything is awaited: a commit that is called next must wait for it.
    const before = Promise.all([this.#ending, this.#offsets])
    const written = this.#coordinator.hasEpochs ? undefined : this.#records.flush()
    written?.catch(() => undefined)
    const sent = before.then(() =>
      this.#keepingFailure(this.#coordinator.addOffsets(member, offsets, written, renew)),
    )
    sent.catch(() => undefined)
    this.#offsets = sent
    await sent
  }

  async commitTransaction(): Promise<void> {
    if (!this.#open) this.#throwNotOpen('commit')
    this.#records.cut()
    const written = this.#records.flush()
    this.#open = false
    const ending = this.#end(this.#number, this.#ending, written)
    this.#offsets = undefined
    this.#ending = ending
    await ending
    if (this.#ending === ending) this.#ending = undefined
  }

  async abortTransaction(): Promise<void> {
    await this.#ending?.catch(() => undefined)
    const { failure } = this.#records
    if (isFencedForGood(failure)) throw failure
    await this.#offsets?.catch(() => undefined)
    // Anything that may still be written under the old epoch must not become part of the next transaction.
    const isDirty = this.#records.failure !== undefined || this.#records.hasNumbered || this.#adding
    const isEmpty = this.#added.size === 0 && this.#offsets === undefined
    this.#open = false
    this.#offsets = undefined
    this.#ending = undefined
    this.#ended(this.#number)
    this.#records.reset()
    if (isEmpty && !isDirty) return
    this.#records.reset(await this.#keepingFailure(this.#coordinator.abort(isDirty)))
  }

  /** Leaves an open transaction to its timeout, or to the next producer of the id. */
  async close(): Promise<void> {
    await this.#records.close()
    this.#coordinator.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Has the broker commit a transaction once all of it is there, then lets the next one begin. */
  async #end(
    number: number,
    before: Promise<void> | undefined,
    written: Promise<void>,
  ): Promise<void> {
    const offsets = this.#offsets
    await Promise.all([before, written, offsets])
    // The coordinator knows nothing of a transaction to which nothing was added.
    if (this.#added.size > 0 || offsets !== undefined) {
      const next = await this.#keepingFailure(this.#coordinator.end(true))
      if (next !== undefined) this.#records.goOnAs(next)
    }
    this.#ended(number)
    this.#records.pump()
  }

  #ended(number: number): void {
    this.#sending = Math.min(number + 1, this.#number)
    this.#round++
    this.#added.clear()
    this.#toAdd.clear()
  }

  #isAllowed(queue: PartitionQueue): boolean {
    if (queue.next?.transaction !== this.#sending) return false
    if (this.#added.has(queue)) return true
    if (this.#coordinator.hasEpochs) {
      this.#added.add(queue)
      return true
    }
    this.#toAdd.add(queue)
    if (!this.#adding) void this.#addPartitions()
    return false
  }

  /** Adds partitions until none is left to add; those that come up meanwhile go with the next request. */
  async #addPartitions(): Promise<void> {
    this.#adding = true
    const round = this.#round
    try {
      // All partitions that this turn of the sender comes by go into one request.
      await Promise.resolve()
      while (this.#toAdd.size > 0 && round === this.#round) {
        const queues = [...this.#toAdd]
        this.#toAdd.clear()
        await this.#coordinator.addPartitions(queues)
        if (round !== this.#round) return
        for (const queue of queues) this.#added.add(queue)
        this.#records.pump()
      }
    } catch (error) {
      if (round === this.#round) this.#records.failed(error as Error)
    } finally {
      this.#adding = false
      // Those of a transaction that began while the one before was given up.
      if (this.#toAdd.size > 0 && this.#records.failure === undefined) void this.#addPartitions()
    }
  }

  async #keepingFailure<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      this.#records.failed(error as Error)
      throw error
    }
  }

  #throwNotOpen(doing: string): never {
    this.#records.checkUsable()
    throw new LifecycleError(`No transaction is open: begin one before you ${doing}.`)
  }
}

/** A newer producer has the id; a member that lost its group only, on the other hand, can abort and go on. */
function isFencedForGood(failure: Error | undefined): failure is FencedError {
  if (!(failure instanceof FencedError)) return false
  const { brokerCode } = failure
  return brokerCode === codes.producerFenced || brokerCode === codes.invalidProducerEpoch
}
