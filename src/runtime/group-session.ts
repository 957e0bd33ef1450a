import type {
  GroupAssignment,
  GroupIdentity,
  GroupMembership,
  WaitOptions,
} from '../broker/port.ts'
import type { Clock, Timer } from '../core/clock.ts'
import { FencedError, messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'

/** What a group session needs. */
export interface GroupSessionOptions {
  readonly membership: GroupMembership
  readonly clock: Clock
  readonly logger: Logger
  readonly heartbeatIntervalMs: number
  /** Called when the group wants this member to join again, or no longer has it. */
  readonly onUnrest: () => void
}

/** What a join came to. */
export interface JoinedSession {
  readonly assignment: GroupAssignment
  /**
   * Whether this member took part in the generation just before, so that nobody else can have had its tasks since.
   * Where it was expelled, or a generation passed that it did not see, another worker may have run them.
   */
  readonly continuous: boolean
}

/**
 * Keeps this worker a member: says that it lives at an interval of its own, whatever else is going on, and notes when
 * the group wants more.
 */
export class GroupSession {
  readonly #options: GroupSessionOptions
  #timer: Timer | undefined
  #state: 'idle' | 'stable' | 'rebalance' | 'lost' = 'idle'
  #identity: GroupIdentity | undefined

  constructor(options: GroupSessionOptions) {
    this.#options = options
  }

  /** Whether the group waits for this member to join again. */
  get wantsRejoin(): boolean {
    return this.#state === 'rebalance' || this.#state === 'lost'
  }

  /** Whether the group no longer counts this member: its tasks may be another's by now. */
  get isLost(): boolean {
    return this.#state === 'lost'
  }

  /** Joins, and begins to say that the worker lives. */
  async join(options: WaitOptions): Promise<JoinedSession> {
    const { membership } = this.#options
    this.stop()
    const before = this.#identity
    this.#identity = undefined
    const assignment = await membership.join(options)
    const identity = membership.identity()
    this.#identity = identity
    this.#state = 'stable'
    this.#schedule()
    return { assignment, continuous: before !== undefined && follows(before, identity) }
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#state = 'idle'
  }

  #schedule(): void {
    const { clock, heartbeatIntervalMs } = this.#options
    this.#timer = clock.schedule(heartbeatIntervalMs, () => void this.#beat(), true)
  }

  async #beat(): Promise<void> {
    const { membership, logger, onUnrest } = this.#options
    const timer = this.#timer
    try {
      const answer = await membership.heartbeat()
      if (this.#timer !== timer) return
      if (answer === 'rebalance' && this.#state === 'stable') {
        this.#state = 'rebalance'
        onUnrest()
      }
    } catch (error) {
      if (this.#timer !== timer) return
      if (error instanceof FencedError) {
        this.#state = 'lost'
        logger.warn('The group no longer has this worker; joining it again', {
          reason: error.message,
        })
        onUnrest()
      } else {
        logger.warn('A heartbeat failed', { reason: messageOf(error) })
      }
    }
    this.#schedule()
  }
}

/** A join that changes nothing may be answered with the generation that there is. */
function follows(before: GroupIdentity, after: GroupIdentity): boolean {
  const generations = after.generationId - before.generationId
  return after.memberId === before.memberId && (generations === 0 || generations === 1)
}
