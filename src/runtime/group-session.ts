import type { GroupAssignment, GroupMembership, WaitOptions } from '../broker/port.ts'
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

/**
 * Keeps this worker a member: says that it lives at an interval of its own, whatever else is going on, and notes when
 * the group wants more.
 */
export class GroupSession {
  readonly #options: GroupSessionOptions
  #timer: Timer | undefined
  #state: 'idle' | 'stable' | 'rebalance' | 'lost' = 'idle'

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
  async join(options: WaitOptions): Promise<GroupAssignment> {
    this.stop()
    const assignment = await this.#options.membership.join(options)
    this.#state = 'stable'
    this.#schedule()
    return assignment
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
