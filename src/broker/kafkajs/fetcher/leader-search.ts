import { BrokerUnavailableError, UnknownTopicError } from '../../../core/errors.ts'
import { Backoff } from '../cluster/backoff.ts'
import { unknownTopic, type Cluster } from '../cluster/cluster.ts'
import { unknownTopicGraceMs } from '../cluster/retry.ts'
import type { PartitionState } from './partition-state.ts'

/** What a search tells the fetcher. */
export interface LeaderSearchListener {
  /** Whether the partition is still assigned. */
  isWanted(state: PartitionState): boolean
  found(state: PartitionState, leader: number): void
  /** The topic or the partition does not exist. */
  unknown(state: PartitionState, error: UnknownTopicError): void
  /** Trying has gone on for long; it goes on all the same. */
  outage(error: BrokerUnavailableError): void
}

/** Finds the leaders of partitions, again and again with growing pauses, until each is found. */
export class LeaderSearch {
  readonly #cluster: Cluster
  readonly #listener: LeaderSearchListener
  readonly #missing = new Set<PartitionState>()
  readonly #closing = new AbortController()
  readonly #backoff: Backoff
  #running = false
  /** Whether a leader failed since the last success: it may be found in the same place, so do not rush. */
  #pauseFirst = false

  constructor(cluster: Cluster, listener: LeaderSearchListener) {
    this.#cluster = cluster
    this.#listener = listener
    this.#backoff = new Backoff(cluster.environment.random)
  }

  /** Looks for the leader of a partition. */
  add(state: PartitionState): void {
    this.#missing.add(state)
    if (!this.#running) void this.#run()
  }

  /** Looks again after a leader failed or denied being it. */
  addFailed(state: PartitionState): void {
    this.#pauseFirst = true
    this.add(state)
  }

  remove(state: PartitionState): void {
    this.#missing.delete(state)
  }

  /** A fetch went well. */
  succeeded(): void {
    this.#backoff.reset()
  }

  close(): void {
    this.#missing.clear()
    this.#closing.abort()
  }

  async #run(): Promise<void> {
    this.#running = true
    try {
      // The callers of this turn come along.
      await Promise.resolve()
      while (this.#missing.size > 0) {
        if (this.#pauseFirst) await this.#pause()
        this.#pauseFirst = false
        await this.#lookUp()
        // What is missing still is looked for after a pause.
        this.#pauseFirst ||= this.#missing.size > 0
      }
    } catch (error) {
      // Nothing but the closing ends a pause early.
      if (!this.#closing.signal.aborted) throw error
    } finally {
      this.#running = false
    }
  }

  #pause(): Promise<void> {
    return this.#cluster.environment.clock.sleep(this.#backoff.next(), this.#closing.signal)
  }

  async #lookUp(): Promise<void> {
    const topics = [...new Set([...this.#missing].map(({ topic }) => topic))]
    let failure: Error | undefined
    try {
      await this.#cluster.refresh(topics)
    } catch (error) {
      failure = error as Error
    }
    for (const state of [...this.#missing]) {
      if (this.#listener.isWanted(state)) this.#settle(state, failure)
      else this.#missing.delete(state)
    }
  }

  #settle(state: PartitionState, failure: Error | undefined): void {
    this.#tellOutage(state, failure)
    const leaders = failure === undefined ? this.#cluster.leadersOf(state.topic) : undefined
    const leader = leaders?.[state.partition]
    if (leader !== undefined && leader >= 0) {
      this.#missing.delete(state)
      this.#listener.found(state, leader)
      return
    }
    state.failingSinceMs ??= this.#nowMs()
    const existsNot = failure === undefined && leader === undefined
    if (existsNot && this.#nowMs() - state.failingSinceMs >= unknownTopicGraceMs) {
      this.#missing.delete(state)
      this.#listener.unknown(state, this.#unknown(state, leaders?.length))
    }
  }

  #tellOutage(state: PartitionState, failure: Error | undefined): void {
    const { apiTimeoutMs } = this.#cluster.environment.settings
    const nowMs = this.#nowMs()
    if (nowMs - (state.failingSinceMs ?? nowMs) < apiTimeoutMs) return
    // Told again only after another such time.
    state.failingSinceMs = nowMs
    const { topic, partition } = state
    const cause = failure ?? state.lastFailure
    const reason = cause === undefined ? 'it has no leader' : cause.message
    this.#listener.outage(
      new BrokerUnavailableError(`Nothing could be fetched for ${apiTimeoutMs} ms: ${reason}`, {
        topicPartition: { topic, partition },
        cause,
        retriable: true,
      }),
    )
  }

  #nowMs(): number {
    return this.#cluster.environment.clock.monotonicMs()
  }

  #unknown({ topic, partition }: PartitionState, count: number | undefined): UnknownTopicError {
    if (count === undefined) return unknownTopic(topic)
    return new UnknownTopicError(`Topic '${topic}' has ${count} partitions`, {
      topicPartition: { topic, partition },
    })
  }
}
