import {
  BrokerError,
  BrokerTimeoutError,
  BrokerUnavailableError,
  ProductionError,
  UnknownTopicError,
} from '../../../core/errors.ts'
import type { Compression } from '../../port.ts'
import { Backoff } from '../cluster/backoff.ts'
import { unknownTopic, type Cluster } from '../cluster/cluster.ts'
import { unknownTopicGraceMs } from '../cluster/retry.ts'
import { codes, errorCode } from '../protocol/error-codes.ts'
import type { ProducerIdentity } from '../protocol/init-producer-id.ts'
import { produce, type ProduceResponsePartition } from '../protocol/produce.ts'
import { protocolError } from '../protocol/protocol-error.ts'
import type { Channel } from '../transport/channel.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { PendingBatch } from './pending-batch.ts'

/** What the sender needs of the producer. */
export interface SenderOwner {
  readonly transactionalId: string | undefined
  readonly compression: Compression
  /** Who sends. */
  identity(): ProducerIdentity
  /** Whether this partition's next batch may go out as far as transactions are concerned. */
  isAllowed(queue: PartitionQueue): boolean
  /** Whether batches make their partitions part of the transaction. */
  addsPartitions(): boolean
  acknowledged(batch: PendingBatch): void
  /** Nothing more can be sent. */
  failed(error: Error): void
}

interface Leader {
  readonly channel: Channel
  requestsInFlight: number
}

interface Sending {
  readonly queue: PartitionQueue
  readonly batch: PendingBatch
}

const requestsInFlightMax = 5
/** Batches of several partitions share a request up to about this size. */
const requestBytesMax = 4 << 20

/** The record itself is at fault, or its topic; nothing is wrong with the producer. */
const recordFaults: ReadonlySet<number> = new Set([
  codes.messageTooLarge,
  codes.recordListTooLarge,
  codes.invalidRecord,
  17, // INVALID_TOPIC_EXCEPTION
  29, // TOPIC_AUTHORIZATION_FAILED
  32, // INVALID_TIMESTAMP
])

/** Sends the batches of the queues to the leaders of their partitions, in order and as often as it takes. */
export class Sender {
  readonly #cluster: Cluster
  readonly #owner: SenderOwner
  readonly #leaders = new Map<number, Leader>()
  /** Queues that have something to send. */
  readonly #work = new Set<PartitionQueue>()
  readonly #closing = new AbortController()
  #lookingForLeaders = false
  #stopped = false

  constructor(cluster: Cluster, owner: SenderOwner) {
    this.#cluster = cluster
    this.#owner = owner
  }

  /** Takes note that a queue has something to send; {@link pump} sends it. */
  add(queue: PartitionQueue): void {
    this.#work.add(queue)
  }

  /** Sends what may be sent now. */
  pump(): void {
    while (!this.#stopped) {
      const requests = this.#collect()
      if (requests.size === 0) return
      for (const [leader, sendings] of requests) void this.#send(leader, sendings)
    }
  }

  /** Stops sending; requests under way are given up. */
  close(): void {
    this.#stopped = true
    this.#closing.abort()
    for (const { channel } of this.#leaders.values()) this.#cluster.release(channel)
    this.#work.clear()
  }

  /** At most one batch of each partition, by leader. */
  #collect(): Map<Leader, Sending[]> {
    const requests = new Map<Leader, Sending[]>()
    const bytes = new Map<Leader, number>()
    const nowMs = this.#nowMs()
    let leaderless = false
    for (const queue of this.#work) {
      if (!queue.hasWork) {
        this.#work.delete(queue)
        continue
      }
      if (!queue.maySend(nowMs) || !this.#owner.isAllowed(queue)) continue
      const nodeId = this.#cluster.leadersOf(queue.topic)?.[queue.partition]
      if (nodeId === undefined || nodeId < 0) {
        leaderless = true
        continue
      }
      const leader = this.#leader(nodeId)
      const size = bytes.get(leader) ?? 0
      if (leader.requestsInFlight >= requestsInFlightMax || size >= requestBytesMax) continue
      const batch = queue.takeNext()
      bytes.set(leader, size + batch.writer.bytes)
      const sendings = requests.get(leader)
      if (sendings === undefined) requests.set(leader, [{ queue, batch }])
      else sendings.push({ queue, batch })
    }
    if (leaderless) void this.#findLeaders()
    return requests
  }

  #leader(nodeId: number): Leader {
    let leader = this.#leaders.get(nodeId)
    if (leader === undefined) {
      leader = { channel: this.#cluster.channel(nodeId), requestsInFlight: 0 }
      this.#leaders.set(nodeId, leader)
    }
    return leader
  }

  async #send(leader: Leader, sendings: readonly Sending[]): Promise<void> {
    leader.requestsInFlight++
    const { requestTimeoutMs } = this.#cluster.environment.settings
    const { transactionalId } = this.#owner
    try {
      const batches = sendings.map(({ queue: { topic, partition }, batch }) => ({
        topic,
        partition,
        bytes: this.#seal(batch),
      }))
      const addsPartitions = this.#owner.addsPartitions()
      const options = { transactionalId, timeoutMs: requestTimeoutMs, addsPartitions }
      const request = produce(batches, options)
      this.#answered(sendings, await leader.channel.send(request))
    } catch (error) {
      this.#requestFailed(sendings, error as Error)
    } finally {
      leader.requestsInFlight--
      this.pump()
    }
  }

  #seal(batch: PendingBatch): Buffer {
    const { compression, transactionalId } = this.#owner
    const { producerId, epoch } = this.#owner.identity()
    const transactional = transactionalId !== undefined
    const producer = { producerId, epoch, sequence: batch.sequence, transactional }
    batch.sealed ??= batch.writer.seal(producer, compression)
    return batch.sealed
  }

  #answered(sendings: readonly Sending[], answers: readonly ProduceResponsePartition[]): void {
    if (this.#stopped) return
    const byPartition = new Map(answers.map((a) => [`${a.topic} ${a.partition}`, a]))
    for (const sending of sendings) {
      // An answer before this one may have ended everything.
      if (this.#stopped) return
      const { topic, partition } = sending.queue
      const answer = byPartition.get(`${topic} ${partition}`)
      if (answer === undefined) {
        const message = `The broker did not answer for ${topic}-${partition}.`
        this.#again(sending, new BrokerError(message, { retriable: true }))
      } else if (answer.errorCode === codes.none) {
        this.#acknowledged(sending, answer.baseOffset)
      } else {
        this.#refused(sending, answer)
      }
    }
  }

  #acknowledged({ queue, batch }: Sending, baseOffset: number): void {
    queue.acknowledged(batch, baseOffset, this.#nowMs())
    if (queue.hasWork) this.#retryLater(queue)
    this.#owner.acknowledged(batch)
  }

  #refused(sending: Sending, answer: ProduceResponsePartition): void {
    const { queue, batch } = sending
    const { topic, partition, errorCode: code, errorMessage: detail } = answer
    const error = protocolError(code, 'Producing', {
      topicPartition: { topic, partition },
      detail,
    })
    if (code === codes.duplicateSequenceNumber) {
      // An earlier attempt was written, so long ago that the broker no longer knows where.
      this.#acknowledged(sending, -1)
    } else if (
      (code === codes.messageTooLarge || code === codes.recordListTooLarge) &&
      batch.count > 1
    ) {
      queue.sendInParts(batch, this.#nowMs())
      this.#retryLater(queue)
    } else if (
      errorCode(code).retriable ||
      // Refused only because a batch before it has not arrived.
      (code === codes.outOfOrderSequenceNumber && !queue.isOldest(batch))
    ) {
      // The leader is where it was, it only waits for the end of the transaction before.
      if (code !== codes.concurrentTransactions) this.#cluster.forget(topic)
      this.#again(sending, error)
    } else if (recordFaults.has(code)) {
      const first = `the first of a batch of ${batch.count} records`
      const message = `A record cannot be written: ${error.message} It is ${first}`
      const cause = error
      this.#owner.failed(
        new ProductionError(message, { topicPartition: { topic, partition }, cause }),
      )
    } else {
      this.#owner.failed(error)
    }
  }

  #requestFailed(sendings: readonly Sending[], error: Error): void {
    if (this.#stopped) return
    if (!(error instanceof BrokerError) || !error.retriable) {
      this.#owner.failed(error)
      return
    }
    for (const sending of sendings) {
      this.#cluster.forget(sending.queue.topic)
      this.#again(sending, error)
    }
  }

  #again({ queue, batch }: Sending, error: BrokerError): void {
    if (this.#stopped) return
    const { deliveryTimeoutMs } = this.#cluster.environment.settings
    if (this.#nowMs() - batch.createdAtMs > deliveryTimeoutMs) {
      this.#owner.failed(this.#notDelivered(queue, error))
      return
    }
    queue.sendAgain(batch, this.#nowMs())
    this.#retryLater(queue)
  }

  #retryLater(queue: PartitionQueue): void {
    this.#work.add(queue)
    const delayMs = queue.retryAtMs - this.#nowMs()
    if (delayMs <= 0) return
    this.#cluster.environment.clock.schedule(delayMs + 1, () => {
      if (this.#stopped) return
      // Timers run up to a millisecond early; a queue that is not due by then would never be looked at again.
      if (queue.hasWork) this.#retryLater(queue)
      this.pump()
    })
  }

  /** Looks up the leaders that are missing until each is found. */
  async #findLeaders(): Promise<void> {
    if (this.#lookingForLeaders) return
    this.#lookingForLeaders = true
    const { clock, random } = this.#cluster.environment
    const backoff = new Backoff(random)
    const sinceMs = this.#nowMs()
    try {
      for (;;) {
        const leaderless = this.#leaderless()
        if (leaderless.length === 0 || this.#stopped) break
        const failure = await this.#lookUp(leaderless)
        const left = this.#leaderless()
        if (left.length === 0) break
        this.#checkPatience(left[0]!, failure, this.#nowMs() - sinceMs)
        await clock.sleep(backoff.next(), this.#closing.signal)
      }
    } catch (error) {
      if (!this.#stopped) this.#owner.failed(error as Error)
    } finally {
      this.#lookingForLeaders = false
    }
    this.pump()
  }

  #leaderless(): PartitionQueue[] {
    const isLeaderless = ({ topic, partition }: PartitionQueue): boolean =>
      (this.#cluster.leadersOf(topic)?.[partition] ?? -1) < 0
    return [...this.#work].filter((queue) => queue.hasWork && isLeaderless(queue))
  }

  async #lookUp(queues: readonly PartitionQueue[]): Promise<Error | undefined> {
    try {
      await this.#cluster.refresh([...new Set(queues.map(({ topic }) => topic))])
      return undefined
    } catch (error) {
      if (error instanceof BrokerError && error.retriable) return error
      throw error
    }
  }

  /** Throws when a partition has been without a leader for too long. */
  #checkPatience(queue: PartitionQueue, failure: Error | undefined, searchedMs: number): void {
    const isGone = failure === undefined && this.#cluster.leadersOf(queue.topic) === undefined
    if (isGone && searchedMs > unknownTopicGraceMs) throw unknownTopic(queue.topic)
    const { deliveryTimeoutMs } = this.#cluster.environment.settings
    const [oldest] = queue.unacknowledged()
    if (oldest === undefined || this.#nowMs() - oldest.createdAtMs <= deliveryTimeoutMs) return
    throw this.#notDelivered(queue, failure)
  }

  #notDelivered({ topic, partition }: PartitionQueue, cause: Error | undefined): BrokerError {
    const { deliveryTimeoutMs } = this.#cluster.environment.settings
    const reason = cause === undefined ? 'the partition has no leader.' : cause.message
    const message = `A batch was not acknowledged within ${deliveryTimeoutMs} ms: ${reason} Records of it may have been written`
    const Class =
      cause instanceof BrokerUnavailableError ? BrokerUnavailableError : BrokerTimeoutError
    if (cause instanceof UnknownTopicError) return cause
    // This producer has given up; a new one may well succeed.
    return new Class(message, { topicPartition: { topic, partition }, cause, retriable: true })
  }

  #nowMs(): number {
    return this.#cluster.environment.clock.monotonicMs()
  }
}
