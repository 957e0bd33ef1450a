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
  endTxnAndEpoch,
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
  #hasEpochs = false

  constructor(cluster: Cluster, transactionalId: string, transactionTimeoutMs: number) {
    this.#cluster = cluster
    this.#transactionalId = transactionalId
    this.#transactionTimeoutMs = transactionTimeoutMs
    this.#coordinator = new Coordinator(cluster, 'transaction', transactionalId)
  }

  /**
   * Whether each transaction has an epoch of its own, so that no request of one that arrives late is taken for one of
   * the next; partitions and groups then become part of a transaction by what is written to them.
   *
   * @remarks Source: KIP-890, part 2.
   */
  get hasEpochs(): boolean {
    return this.#hasEpochs
  }

  /**
   * At first: fences the older producers of the id and aborts what they have open. Later, where nothing is open: takes a
   * new epoch.
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
    this.#hasEpochs = this.#cluster.featureLevel('transaction.version') >= 2
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

  /**
   * A refusal by the group leaves the transaction as it is: the offsets are sent again as `renew` says.
   *
   * Where transactions share an epoch, the offsets go once the records are written: an end of the transaction before
   * that arrives late commits what it finds, and would commit the offsets without them.
   */
  async addOffsets(
    member: GroupIdentity,
    offsets: readonly CommittedOffset[],
    written: Promise<void> | undefined,
    renew?: IdentityRenewal,
  ): Promise<void> {
    const { groupId } = member
    const what = this.#whatOffsets(groupId)
    const owner = this.#owner()
    const addsGroup = this.#hasEpochs
    if (!addsGroup) await Promise.all([this.#addGroup(owner, groupId), written])
    const coordinator = this.#groupCoordinator(groupId)
    await withRenewal(member, renew, (as) =>
      this.#retry(what, async () => {
        const request = txnOffsetCommit(owner, as, offsets, addsGroup)
        for (const { errorCode } of await coordinator.send(request)) {
          if (errorCode !== codes.none) throw coordinator.failure(errorCode, what)
        }
      }),
    )
  }

  /**
   * Aborts the transaction; with `afresh` under a new epoch, so that whatever is still on its way under this one is
   * refused. Gives the identity of the next transaction, where that is another one.
   */
  async abort(afresh: boolean): Promise<ProducerIdentity | undefined> {
    let next: ProducerIdentity | undefined
    try {
      next = await this.end(false)
    } catch (error) {
      // Nothing was open: a commit whose answer is missing has taken effect, or nothing had arrived.
      const isOver = error instanceof BrokerError && error.brokerCode === codes.invalidTxnState
      if (!afresh || !isOver) throw error
    }
    // Asked for while the transaction was open, a new epoch would be refused: the broker takes one for the abort.
    return next ?? (afresh ? await this.initialize() : undefined)
  }

  async #addGroup(owner: TransactionOwner, groupId: string): Promise<void> {
    const what = this.#whatOffsets(groupId)
    await this.#retry(what, async () => {
      const errorCode = await this.#coordinator.send(addOffsetsToTxn(owner, groupId))
      if (errorCode !== codes.none) throw this.#coordinator.failure(errorCode, what)
    })
  }

  /**
   * Gives the identity of the next transaction, where that is another one. Throws `BrokerTimeoutError` where the outcome
   * is unknown.
   */
  async end(commit: boolean): Promise<ProducerIdentity | undefined> {
    const doing = commit ? 'Committing' : 'Aborting'
    const what = `${doing} the transaction of '${this.#transactionalId}'`
    const owner = this.#owner()
    try {
      const next = await this.#retry(what, async () => {
        const request = (this.#hasEpochs ? endTxnAndEpoch : endTxn)(owner, commit)
        const answer = await this.#coordinator.send(request)
        if (answer.errorCode === codes.none) return answer.next
        throw this.#coordinator.failure(answer.errorCode, what)
      })
      if (next !== undefined) this.#identity = next
      return next
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

  #whatOffsets(groupId: string): string {
    return `Adding offsets of group '${groupId}' to the transaction of '${this.#transactionalId}'`
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
