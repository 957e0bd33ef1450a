import type {
  Broker,
  CommittedOffset,
  GroupIdentity,
  GroupMembership,
  JoinedGroup,
  WaitOptions,
} from '../broker/port.ts'
import type { Clock } from '../core/clock.ts'
import { BrokerTimeoutError, BrokerUnavailableError, messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { BrokerStatus } from './worker-status.ts'

/** How long an attempt to reach a broker that does not answer may take. */
const probeTimeoutMs = 5_000

/** Whether a failure means that the broker does not answer, rather than that it refuses. */
export function isBrokerAway(error: unknown): boolean {
  return error instanceof BrokerUnavailableError || error instanceof BrokerTimeoutError
}

/**
 * Whether the broker answers, as far as this worker sees: by its heartbeats, and by what it begins anew for. Says in the log
 * when that changes, and only then.
 */
export class BrokerHealth {
  readonly #name: string
  readonly #clock: Clock
  readonly #logger: Logger
  #awaySinceMs: number | undefined
  #reason: string | undefined
  #lastAnswerMs: number | undefined
  /** As {@link Clock.monotonicMs}. */
  #lastAnswerAtMs: number

  constructor(name: string, clock: Clock, logger: Logger) {
    this.#name = name
    this.#clock = clock
    this.#logger = logger
    this.#lastAnswerAtMs = clock.monotonicMs()
  }

  get isAway(): boolean {
    return this.#awaySinceMs !== undefined
  }

  /** Since the broker last answered, or since the worker began. */
  get secondsSinceAnswer(): number {
    return (this.#clock.monotonicMs() - this.#lastAnswerAtMs) / 1000
  }

  status(): BrokerStatus {
    return {
      name: this.#name,
      connected: !this.isAway,
      awaySinceMs: this.#awaySinceMs,
      lastAnswerMs: this.#lastAnswerMs,
      reason: this.#reason,
    }
  }

  /** Tries once to reach the broker; rejects where it does not answer. */
  async reach(broker: Broker, signal: AbortSignal): Promise<void> {
    await broker.connect({ signal, timeoutMs: probeTimeoutMs })
    this.answered()
  }

  /** Notes that the broker has answered something. */
  answered(): void {
    const { secondsSinceAnswer } = this
    this.#lastAnswerMs = this.#clock.now()
    this.#lastAnswerAtMs = this.#clock.monotonicMs()
    if (!this.isAway) return
    this.#awaySinceMs = undefined
    this.#reason = undefined
    this.#logger.warn(`The broker ${this.#name} answers again`, {
      afterSeconds: Math.round(secondsSinceAnswer),
    })
  }

  /** Notes a failure, if it is one to answer. */
  failed(error: unknown): void {
    if (!isBrokerAway(error)) return
    this.#reason = messageOf(error)
    if (this.isAway) return
    this.#awaySinceMs = this.#clock.now()
    this.#logger.warn(`The broker ${this.#name} does not answer; waiting for it`, {
      reason: this.#reason,
    })
  }

  /** A membership whose heartbeats and commits say whether the broker answers. */
  watching(membership: GroupMembership): GroupMembership {
    return new WatchedMembership(membership, this)
  }
}

/** Passes all on, and tells a worker's view of its broker's health what came of it. */
export class WatchedMembership implements GroupMembership {
  readonly #membership: GroupMembership
  readonly #health: BrokerHealth

  constructor(membership: GroupMembership, health: BrokerHealth) {
    this.#membership = membership
    this.#health = health
  }

  join(options?: WaitOptions): Promise<JoinedGroup> {
    return this.#watch(this.#membership.join(options))
  }

  heartbeat(): Promise<'stable' | 'rebalance'> {
    return this.#watch(this.#membership.heartbeat())
  }

  identity(): GroupIdentity {
    return this.#membership.identity()
  }

  commitOffsets(offsets: readonly CommittedOffset[], member?: GroupIdentity): Promise<void> {
    return this.#watch(this.#membership.commitOffsets(offsets, member))
  }

  leave(): Promise<void> {
    return this.#membership.leave()
  }

  close(): Promise<void> {
    return this.#membership.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #watch<T>(pending: Promise<T>): Promise<T> {
    try {
      const answer = await pending
      this.#health.answered()
      return answer
    } catch (error) {
      this.#health.failed(error)
      throw error
    }
  }
}
