import type { GroupIdentity, GroupMembership, JoinedGroup } from '../broker/port.ts'
import type { Clock, Timer } from '../core/clock.ts'
import { FencedError, messageOf, type StreamsError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { isBrokerAway } from './broker-health.ts'

/** What a group session needs. */
export interface GroupSessionOptions {
  readonly membership: GroupMembership
  readonly clock: Clock
  readonly logger: Logger
  readonly heartbeatIntervalMs: number
  readonly sessionTimeoutMs: number
  /** Brings up to date what this member says about itself. */
  readonly beforeJoin: () => Promise<void>
  /** Called when a rebalance is over, or the group no longer has this member: when the worker has something to do. */
  readonly onUnrest: () => void
}

/** What follows an assignment that was taken over. */
export interface Settlement {
  /** Another rebalance is about to follow, so that the group is asked more often. */
  readonly unsettled: boolean
  /** This member is the one to begin it. */
  readonly followUp: boolean
  /** After so many milliseconds this member asks for the tasks to be assigned anew; undefined where it need not. */
  readonly probeAfterMs?: number
}

/** Kafka's codes of a refusal that a rebalance explains. */
const illegalGeneration = 22
const rebalanceInProgress = 27

/** While tasks are on the move, a member asks so many times as often whether to join again. */
const hurry = 10

/**
 * Keeps this worker a member: says that it lives at an interval of its own, and joins again when the group asks for it,
 * beside whatever else is going on. What a join came to waits until the worker takes it; the tasks that it has go on
 * meanwhile, and commit under {@link identity}.
 *
 * @remarks Source: Java's `ConsumerCoordinator` with the cooperative protocol, KIP-429.
 */
export class GroupSession {
  readonly #options: GroupSessionOptions
  #timer: Timer | undefined
  #probing: Timer | undefined
  #intervalMs: number
  /** The one under which the worker's tasks may commit. */
  #identity: GroupIdentity | undefined
  #lost: StreamsError | undefined
  #joining: Promise<void> | undefined
  #stopJoining = new AbortController()
  #joined: JoinedGroup | undefined
  #failure: { readonly error: unknown } | undefined
  /** The worker takes over what a join came to, or begins anew: what it would say of itself is not settled. */
  #busy = true
  #rejoinWanted = false
  #startedMs = 0
  #tookMs = 0
  /** When the next heartbeat is due. */
  #beatMs = 0
  /** By how much heartbeats were late since the group last answered one. */
  #lateMs = 0

  constructor(options: GroupSessionOptions) {
    this.#options = options
    this.#intervalMs = options.heartbeatIntervalMs
  }

  /** Why the group no longer counts this member, whose tasks may be another's by now; undefined while it does. */
  get lost(): StreamsError | undefined {
    return this.#lost
  }

  /** Whether the tasks are this worker's to commit. */
  get mayCommit(): boolean {
    return this.#identity !== undefined
  }

  /** Why heartbeats may have come too late for the group; undefined where they were sent in time. */
  get stall(): string | undefined {
    const { sessionTimeoutMs, heartbeatIntervalMs } = this.#options
    if (this.#lateMs + heartbeatIntervalMs < sessionTimeoutMs) return undefined
    return (
      `the event loop was blocked for ${this.#lateMs} ms, in which no heartbeat could be sent, and the session ` +
      `expires after sessionTimeoutMs, ${sessionTimeoutMs}. Code that computes for long has to let the event ` +
      'loop run in between, or belongs on a thread of its own'
    )
  }

  /** From the beginning of the last join until what it came to was taken over. */
  get tookMs(): number {
    return this.#tookMs
  }

  /**
   * The generation to commit with: the one whose assignment the tasks are of, or a later one in which this member took
   * part without having let them go.
   *
   * @throws FencedError where the tasks may be another worker's by now
   */
  identity(): GroupIdentity {
    if (this.#identity) return this.#identity
    throw this.#lost ?? new FencedError('This worker has to join its group again before it commits')
  }

  /**
   * Gives the identity that a commit which the group refused is to be tried again with: the generation may have moved
   * on while the commit was on its way. Undefined where this member was not part of that.
   */
  readonly renew = async (
    refused: GroupIdentity,
    error: unknown,
  ): Promise<GroupIdentity | undefined> => {
    if (!(error instanceof FencedError)) return undefined
    const { brokerCode } = error
    if (brokerCode !== illegalGeneration && brokerCode !== rebalanceInProgress) return undefined
    await this.#joining
    const now = this.#identity
    return now?.generationId === refused.generationId ? undefined : now
  }

  /** Begins to join, for the first time or after the tasks were dropped. */
  join(): void {
    this.#busy = false
    this.#identity = undefined
    this.#lost = undefined
    this.#joined = undefined
    this.#failure = undefined
    this.#begin()
  }

  /** Joins again as soon as that is possible, though the group has not asked for it. */
  requestRejoin(): void {
    this.#rejoinWanted = true
    this.#joinIfWanted()
  }

  /**
   * What a join came to that has ended, once; the next one begins after {@link settled} at the earliest. Throws what the
   * join failed with.
   */
  take(): JoinedGroup | undefined {
    const failure = this.#failure
    this.#failure = undefined
    if (failure) throw failure.error
    const joined = this.#joined
    this.#joined = undefined
    if (joined) this.#busy = true
    return joined
  }

  /** What was taken is taken over: from here the tasks are those of the assignment. */
  settled({ unsettled, followUp, probeAfterMs }: Settlement): void {
    const { membership, heartbeatIntervalMs, clock } = this.#options
    this.#tookMs = clock.monotonicMs() - this.#startedMs
    this.#intervalMs = unsettled ? Math.max(1, heartbeatIntervalMs / hurry) : heartbeatIntervalMs
    this.#busy = false
    if (this.#lost) return
    this.#identity ??= membership.identity()
    this.#rejoinWanted ||= followUp
    this.#schedule()
    if (probeAfterMs !== undefined) {
      this.#probing = clock.schedule(probeAfterMs, () => this.requestRejoin(), true)
    }
    this.#joinIfWanted()
  }

  /** The tasks are being dropped: nothing more is committed, and no join begins, until {@link join}. */
  suspend(): void {
    this.#busy = true
    this.#identity = undefined
    this.#abortJoin('The worker begins anew')
  }

  /** Is no member any longer, for a reason of the worker's own, until {@link join}. */
  giveUp(reason: StreamsError): void {
    this.stop()
    this.#lost = reason
  }

  stop(): void {
    this.suspend()
    this.#probing?.cancel()
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #joinIfWanted(): void {
    if (!this.#rejoinWanted || this.#busy || this.#lost || this.#joining) return
    // Tasks that may be another's must be dropped before this member says anything of itself.
    if (this.#joined?.continuous === false || this.#failure) return
    this.#begin()
  }

  #begin(): void {
    this.#abortJoin('Another join follows')
    this.#probing?.cancel()
    this.#rejoinWanted = false
    // What came of a join before is void: the tasks that it gave are not among those that this member now says it has.
    this.#joined = undefined
    this.#timer?.cancel()
    this.#timer = undefined
    this.#startedMs = this.#options.clock.monotonicMs()
    const stopJoining = new AbortController()
    this.#stopJoining = stopJoining
    const joining = this.#join(stopJoining.signal).finally(() => {
      if (this.#joining === joining) this.#joining = undefined
    })
    this.#joining = joining
  }

  async #join(signal: AbortSignal): Promise<void> {
    const { membership, beforeJoin, onUnrest } = this.#options
    try {
      await beforeJoin()
      signal.throwIfAborted()
      const joined = await membership.join({ signal })
      if (signal.aborted) return
      this.#joined = joined
      this.#identity =
        joined.continuous && this.#identity !== undefined ? membership.identity() : undefined
      this.#schedule()
    } catch (error) {
      if (signal.aborted) return
      this.#identity = undefined
      this.#failure = { error }
    }
    onUnrest()
  }

  #abortJoin(reason: string): void {
    this.#stopJoining.abort(new Error(reason))
    this.#joining = undefined
  }

  #schedule(): void {
    const { clock } = this.#options
    this.#timer?.cancel()
    this.#beatMs = clock.monotonicMs() + this.#intervalMs
    this.#timer = clock.schedule(this.#intervalMs, () => void this.#beat(), true)
  }

  async #beat(): Promise<void> {
    const { membership, logger, onUnrest, clock } = this.#options
    const timer = this.#timer
    this.#lateMs = Math.max(this.#lateMs, Math.round(clock.monotonicMs() - this.#beatMs))
    try {
      const answer = await membership.heartbeat()
      if (this.#timer !== timer) return
      this.#lateMs = 0
      if (answer === 'rebalance') this.requestRejoin()
    } catch (error) {
      if (this.#timer !== timer) return
      if (error instanceof FencedError) {
        this.#lost = error
        this.#identity = undefined
        this.#joined = undefined
        logger.warn('The group no longer has this worker; joining it again', {
          reason: error.message,
          ...(this.stall !== undefined && { stall: this.stall }),
        })
        onUnrest()
        return
      }
      // That the broker does not answer is said once, not at each heartbeat.
      const level = isBrokerAway(error) ? 'debug' : 'warn'
      logger[level]('A heartbeat failed', { reason: messageOf(error) })
    }
    if (this.#timer === timer) this.#schedule()
  }
}
