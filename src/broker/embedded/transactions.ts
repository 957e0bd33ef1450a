import { FencedError, LifecycleError } from '../../core/errors.ts'
import type { Clock, Timer } from '../../core/clock.ts'
import type { CommittedOffset, GroupIdentity } from '../port.ts'
import type { GroupState } from './group-state.ts'
import type { PartitionLog } from './partition-log.ts'
import { controlChunk, type ChunkTransaction, type RecordChunk } from './record-chunk.ts'

/** A producer's right to write under a transactional id; a newer one ends it. */
export interface ProducerIdentity {
  readonly transactionalId: string
  readonly epoch: number
}

interface OpenTransaction extends ChunkTransaction {
  readonly logs: Set<PartitionLog>
  readonly groups: Set<GroupState>
  timer: Timer | undefined
}

interface TransactionalProducer {
  epoch: number
  timeoutMs: number
  open: OpenTransaction | undefined
}

/** Told of what has to survive a restart. */
export interface TransactionListener {
  onEpoch(transactionalId: string, epoch: number): void
  onOffsets(group: GroupState, offsets: readonly CommittedOffset[]): void
  onMarker(log: PartitionLog, marker: RecordChunk): void
  onEnd(transaction: ChunkTransaction): void
}

const producerFenced = 90

/**
 * The transaction coordinator: epochs, open transactions and their ends.
 *
 * @remarks Source: Kafka's `TransactionCoordinator`; KIP-98, KIP-447.
 */
export class Transactions {
  readonly #producers = new Map<string, TransactionalProducer>()
  readonly #clock: Clock
  readonly #listener: TransactionListener

  constructor(clock: Clock, listener: TransactionListener) {
    this.#clock = clock
    this.#listener = listener
  }

  /** Gives out the next epoch; whoever held the one before is fenced and its transaction aborted. */
  initialize(transactionalId: string, timeoutMs: number): ProducerIdentity {
    const producer = this.#producers.get(transactionalId) ?? {
      epoch: -1,
      timeoutMs,
      open: undefined,
    }
    this.#producers.set(transactionalId, producer)
    this.#end(producer, false)
    producer.epoch++
    producer.timeoutMs = timeoutMs
    this.#listener.onEpoch(transactionalId, producer.epoch)
    return { transactionalId, epoch: producer.epoch }
  }

  /** Takes over an epoch from before a restart. */
  restoreEpoch(transactionalId: string, epoch: number): void {
    this.#producers.set(transactionalId, { epoch, timeoutMs: 60_000, open: undefined })
  }

  /** The transaction that the producer's records belong to, with this log added; opened where there is none. */
  join(identity: ProducerIdentity, log: PartitionLog): ChunkTransaction {
    const transaction = this.#openTransaction(this.check(identity))
    transaction.logs.add(log)
    return transaction
  }

  sendOffsets(
    identity: ProducerIdentity,
    group: GroupState,
    member: GroupIdentity,
    offsets: readonly CommittedOffset[],
  ): void {
    const transaction = this.#openTransaction(this.check(identity))
    group.addPending(member, transaction, offsets)
    transaction.groups.add(group)
  }

  end(identity: ProducerIdentity, committed: boolean): void {
    this.#end(this.check(identity), committed)
  }

  /** Throws `FencedError` where a newer producer has the id. */
  check(identity: ProducerIdentity): TransactionalProducer {
    const producer = this.#producers.get(identity.transactionalId)
    if (!producer) throw new LifecycleError(`No producer was opened as ${identity.transactionalId}`)
    if (producer.epoch === identity.epoch) return producer
    throw new FencedError(
      `A newer producer has taken the transactional id ${identity.transactionalId}: ` +
        `epoch ${identity.epoch} was followed by ${producer.epoch}`,
      { brokerCode: producerFenced },
    )
  }

  close(): void {
    for (const producer of this.#producers.values()) producer.open?.timer?.cancel()
  }

  #openTransaction(producer: TransactionalProducer): OpenTransaction {
    if (producer.open) return producer.open
    const transaction: OpenTransaction = {
      state: 'open',
      logs: new Set(),
      groups: new Set(),
      timer: undefined,
    }
    transaction.timer = this.#clock.schedule(
      producer.timeoutMs,
      () => {
        // As a real broker does: the producer that let its transaction lapse is fenced.
        producer.epoch++
        this.#end(producer, false)
      },
      true,
    )
    producer.open = transaction
    return transaction
  }

  #end(producer: TransactionalProducer, committed: boolean): void {
    const transaction = producer.open
    if (!transaction) return
    producer.open = undefined
    transaction.timer?.cancel()
    transaction.state = committed ? 'committed' : 'aborted'
    for (const log of transaction.logs) {
      this.#listener.onMarker(log, log.endTransaction(transaction, controlChunk(this.#clock.now())))
    }
    this.#listener.onEnd(transaction)
    for (const group of transaction.groups) {
      const offsets = group.endPending(transaction, committed)
      if (offsets.length > 0) this.#listener.onOffsets(group, offsets)
    }
  }
}
