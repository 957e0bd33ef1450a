import { FencedError, LifecycleError } from '../../core/errors.ts'
import type { Clock, Timer } from '../../core/clock.ts'
import type { CommittedOffset, GroupIdentity } from '../port.ts'
import type { GroupState } from './group-state.ts'
import type { PartitionLog } from './partition-log.ts'
import type { ChunkTransaction } from './record-chunk.ts'

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
  /** How long the transaction was that the broker aborted last; undefined once a newer producer came. */
  lapsedAfterMs: number | undefined
}

/** Offsets that a transaction brings a group. */
export interface TransactionOffsets {
  readonly group: string
  readonly offsets: readonly CommittedOffset[]
}

/** All that the end of a transaction brings about, at one stroke. */
export interface TransactionEnd {
  readonly transaction: ChunkTransaction
  readonly committed: boolean
  /** Where it wrote. */
  readonly logs: ReadonlySet<PartitionLog>
  /** None where it is aborted. */
  readonly offsets: readonly TransactionOffsets[]
}

/** Told of what has to survive a restart. */
export interface TransactionListener {
  onEpoch(transactionalId: string, epoch: number): void
  /** Comes before the end takes effect; what it throws leaves the transaction open. */
  onEnd(end: TransactionEnd): void
}

const producerFenced = 90

/**
 * The transaction coordinator: epochs, open transactions and their ends.
 *
 * @remarks Source: Kafka's `TransactionCoordinator`; KIP-98, KIP-447, KIP-890.
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
    if (!this.#producers.has(transactionalId)) this.restoreEpoch(transactionalId, -1)
    const producer = this.#producers.get(transactionalId)!
    this.#end(producer, false)
    producer.timeoutMs = timeoutMs
    producer.lapsedAfterMs = undefined
    this.#nextEpoch(transactionalId, producer)
    return { transactionalId, epoch: producer.epoch }
  }

  /** Takes over an epoch from before a restart. */
  restoreEpoch(transactionalId: string, epoch: number): void {
    this.#producers.set(transactionalId, {
      epoch,
      timeoutMs: 0,
      open: undefined,
      lapsedAfterMs: undefined,
    })
  }

  /** The last epoch of each transactional id. */
  epochs(): (readonly [transactionalId: string, epoch: number])[] {
    return [...this.#producers].map(([id, { epoch }]) => [id, epoch] as const)
  }

  /** The transaction that the producer's records belong to, with this log added; opened where there is none. */
  join(identity: ProducerIdentity, log: PartitionLog): ChunkTransaction {
    const transaction = this.#openTransaction(identity)
    transaction.logs.add(log)
    return transaction
  }

  sendOffsets(
    identity: ProducerIdentity,
    group: GroupState,
    member: GroupIdentity,
    offsets: readonly CommittedOffset[],
  ): void {
    this.#check(identity)
    // Who is in no group may commit for one, as long as its transactional id is its own.
    if (!isNobody(member)) group.check(member)
    const transaction = this.#openTransaction(identity)
    group.offsets.addPending(transaction, offsets)
    transaction.groups.add(group)
  }

  /** Gives the identity for what follows: a request of this transaction that comes late does nothing to the next. */
  end(identity: ProducerIdentity, committed: boolean): ProducerIdentity {
    this.#end(this.#check(identity), committed)
    return this.nextIdentity(identity)
  }

  /** Kept in memory alone: no producer outlives the broker. */
  nextIdentity({ transactionalId }: ProducerIdentity): ProducerIdentity {
    const producer = this.#producers.get(transactionalId)!
    producer.epoch++
    return { transactionalId, epoch: producer.epoch }
  }

  close(): void {
    for (const producer of this.#producers.values()) producer.open?.timer?.cancel()
  }

  /** Throws `FencedError` where the identity's time is over. */
  #check({ transactionalId, epoch }: ProducerIdentity): TransactionalProducer {
    const producer = this.#producers.get(transactionalId)
    if (!producer) throw new LifecycleError(`No producer was opened as ${transactionalId}`)
    if (producer.epoch === epoch) return producer
    const reason =
      producer.lapsedAfterMs === undefined
        ? 'a newer producer has taken it'
        : `the broker aborted its transaction, which was not ended within ${producer.lapsedAfterMs} ms`
    throw new FencedError(
      `The producer may write no longer under the transactional id ${transactionalId}: ${reason}`,
      { brokerCode: producerFenced },
    )
  }

  #nextEpoch(transactionalId: string, producer: TransactionalProducer): void {
    producer.epoch++
    this.#listener.onEpoch(transactionalId, producer.epoch)
  }

  #openTransaction(identity: ProducerIdentity): OpenTransaction {
    const producer = this.#check(identity)
    if (producer.open) return producer.open
    const transaction: OpenTransaction = {
      state: 'open',
      logs: new Set(),
      groups: new Set(),
      timer: undefined,
    }
    const lapse = (): void => {
      // As a real broker does: the producer that let its transaction lapse is fenced.
      producer.lapsedAfterMs = producer.timeoutMs
      this.#nextEpoch(identity.transactionalId, producer)
      this.#end(producer, false)
    }
    transaction.timer = this.#clock.schedule(producer.timeoutMs, lapse, true)
    producer.open = transaction
    return transaction
  }

  #end(producer: TransactionalProducer, committed: boolean): void {
    const transaction = producer.open
    if (!transaction) return
    const { logs, groups } = transaction
    const committing = committed ? [...groups] : []
    const offsets = committing.map((group) => ({
      group: group.id,
      offsets: group.offsets.pendingOf(transaction),
    }))
    this.#listener.onEnd({ transaction, committed, logs, offsets })
    producer.open = undefined
    transaction.timer?.cancel()
    transaction.state = committed ? 'committed' : 'aborted'
    for (const log of logs) log.endTransaction(transaction)
    for (const group of groups) group.offsets.endPending(transaction, committed)
  }
}

function isNobody({ memberId, generationId, instanceId }: GroupIdentity): boolean {
  return memberId === '' && generationId === -1 && instanceId === undefined
}
