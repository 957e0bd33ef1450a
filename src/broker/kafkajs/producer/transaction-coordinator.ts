import type { TopicPartition } from '../../../core/topic-partition.ts'
import { BrokerError, BrokerTimeoutError } from '../../../core/errors.ts'
import type { CommittedOffset, GroupIdentity, IdentityRenewal } from '../../port.ts'
import { withRenewal } from '../../with-renewal.ts'
import { briefBackoff } from '../cluster/backoff.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { Coordinator } from '../cluster/coordinator.ts'
import { retry } from '../cluster/retry.ts'
import { Wait } from '../cluster/wait.ts'
import { codes } from '../protocol/error-codes.ts'
import { initProducerId, noIdentity, type ProducerIdentity } from '../protocol/init-producer-id.ts'
import { protocolError } from '../protocol/protocol-error.ts'
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxn,
  txnOffsetCommit,
  type TransactionOwner,
} from '../protocol/transaction-requests.ts'

/** The requests of one transactional id, each retried while the coordinator moves or ends the transaction before. */
export class TransactionCoordinator {
  readonly #cluster: Cluster
  readonly #transactionalId: string
  readonly #transactionTimeoutMs: number
  readonly #coordinator: Coordinator
  readonly #groupCoordinators = new Map<string, Coordinator>()
  #identity: ProducerIdentity = noIdentity

  constructor(cluster: Cluster, transactionalId: string, transactionTimeoutMs: number) {
    this.#cluster = cluster
    this.#transactionalId = transactionalId
    this.#transactionTimeoutMs = transactionTimeoutMs
    this.#coordinator = new Coordinator(cluster, 'transaction', transactionalId)
  }

  /**
   * At first: fences the older producers of the id. Later: takes a new epoch, so that whatever is still on its way
   * under the old one is refused. Both abort a transaction that is open.
   */
  async initialize(): Promise<ProducerIdentity> {
    const what = `Opening the transactional producer '${this.#transactionalId}'`
    this.#identity = await this.#retry(what, async () => {
      const request = initProducerId(
        this.#transactionalId,
        this.#transactionTimeoutMs,
        this.#identity,
      )
      const { errorCode, ...identity } = await this.#coordinator.send(request)
      if (errorCode !== codes.none) throw this.#coordinator.failure(errorCode, what)
      return identity
    })
    return this.#identity
  }

  async addPartitions(partitions: readonly TopicPartition[]): Promise<void> {
    const what = `Adding partitions to the transaction of '${this.#transactionalId}'`
    // That of now: an attempt that outlives an abort must not add anything to the next transaction.
    const owner = this.#owner()
    await this.#retry(what, async () => {
      const request = addPartitionsToTxn(owner, partitions)
      for (const { errorCode, ...topicPartition } of await this.#coordinator.send(request)) {
        // The others are not attempted then, and say so; the one that is at fault comes with its own code.
        if (errorCode === codes.none || errorCode === codes.operationNotAttempted) continue
        this.#coordinator.failure(errorCode, what)
        throw protocolError(errorCode, what, { topicPartition })
      }
    })
  }

  /** A refusal by the group leaves the transaction as it is: the offsets are sent again as `renew` says. */
  async addOffsets(
    member: GroupIdentity,
    offsets: readonly CommittedOffset[],
    renew?: IdentityRenewal,
  ): Promise<void> {
    const { groupId } = member
    const what = `Adding offsets of group '${groupId}' to the transaction of '${this.#transactionalId}'`
    const owner = this.#owner()
    await this.#retry(what, async () => {
      const errorCode = await this.#coordinator.send(addOffsetsToTxn(owner, groupId))
      if (errorCode !== codes.none) throw this.#coordinator.failure(errorCode, what)
    })
    const coordinator = this.#groupCoordinator(groupId)
    await withRenewal(member, renew, (as) =>
      this.#retry(what, async () => {
        for (const { errorCode } of await coordinator.send(txnOffsetCommit(owner, as, offsets))) {
          if (errorCode !== codes.none) throw coordinator.failure(errorCode, what)
        }
      }),
    )
  }

  /** Throws `BrokerTimeoutError` where the outcome is unknown. */
  async end(commit: boolean): Promise<void> {
    const doing = commit ? 'Committing' : 'Aborting'
    const what = `${doing} the transaction of '${this.#transactionalId}'`
    const owner = this.#owner()
    try {
      await this.#retry(what, async () => {
        const errorCode = await this.#coordinator.send(endTxn(owner, commit))
        if (errorCode !== codes.none) throw this.#coordinator.failure(errorCode, what)
      })
    } catch (error) {
      if (!(error instanceof BrokerError) || !error.retriable) throw error
      const message = `${what} was not answered; whether it took effect is unknown. ${error.message}`
      throw new BrokerTimeoutError(message, { cause: error })
    }
  }

  close(): void {
    this.#coordinator.forget()
    for (const coordinator of this.#groupCoordinators.values()) coordinator.forget()
  }

  #groupCoordinator(groupId: string): Coordinator {
    let coordinator = this.#groupCoordinators.get(groupId)
    if (coordinator === undefined) {
      coordinator = new Coordinator(this.#cluster, 'group', groupId)
      this.#groupCoordinators.set(groupId, coordinator)
    }
    return coordinator
  }

  #owner(): TransactionOwner {
    return { transactionalId: this.#transactionalId, ...this.#identity }
  }

  #retry<T>(what: string, operation: () => Promise<T>): Promise<T> {
    const { clock, random, settings } = this.#cluster.environment
    const wait = new Wait(clock, undefined, settings.apiTimeoutMs)
    return retry(what, random, wait, operation, briefBackoff)
  }
}
