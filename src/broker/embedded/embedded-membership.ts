import type { Timer } from '../../core/clock.ts'
import { BrokerError, FencedError, LifecycleError } from '../../core/errors.ts'
import type {
  CommittedOffset,
  GroupIdentity,
  GroupMembership,
  GroupOptions,
  JoinedGroup,
  WaitOptions,
} from '../port.ts'
import type { ClientSession } from './client-session.ts'
import { groupCodes } from './group-errors.ts'
import { UnansweredJoins } from '../unanswered-joins.ts'
import type { GroupJoin, GroupState } from './group-state.ts'
import { timedOut } from './wait-for.ts'

/** A member of a group of the embedded broker. */
export class EmbeddedMembership implements GroupMembership {
  readonly #session: ClientSession
  readonly #options: GroupOptions
  readonly #group: GroupState
  #memberId: string
  /** Whether the group has heard of the member id. */
  #known = false
  readonly #unanswered: UnansweredJoins
  #identity: GroupIdentity | undefined
  /** In the last generation that was joined, with an assignment or without. */
  #last: GroupIdentity | undefined
  /** Whether no generation has passed this member by since the assignment that it was given last. */
  #continuous = false
  #ended: Error | undefined
  #failJoin: ((error: Error) => void) | undefined

  constructor(session: ClientSession, options: GroupOptions) {
    this.#session = session
    this.#options = options
    this.#group = session.state.group(options.groupId)
    this.#unanswered = new UnansweredJoins(options.strayJoins)
    this.#memberId = this.#newMemberId()
  }

  async join(options: WaitOptions = {}): Promise<JoinedGroup> {
    this.#checkUsable()
    const { clock } = this.#session.state
    const untilMs = clock.monotonicMs() + (options.timeoutMs ?? Infinity)
    for (;;) {
      const timeoutMs = Math.max(0, untilMs - clock.monotonicMs())
      try {
        const { assignment } = await this.#joinOnce({ ...options, timeoutMs })
        const continuous = this.#continuous
        this.#identity = this.#last
        this.#continuous = true
        return { ...assignment, continuous }
      } catch (error) {
        if (this.#isReplacedByItself(error)) this.#beNew()
        else if (!isAskedToJoinAgain(error)) throw error
      }
    }
  }

  async heartbeat(): Promise<'stable' | 'rebalance'> {
    const identity = this.identity()
    await this.#session.request('heartbeat')
    return this.#fenceable(identity.memberId, () => this.#group.heartbeat(identity))
  }

  identity(): GroupIdentity {
    this.#checkUsable()
    if (this.#identity) return this.#identity
    throw new LifecycleError(`The member has not joined group ${this.#options.groupId} yet`)
  }

  async commitOffsets(
    offsets: readonly CommittedOffset[],
    member: GroupIdentity = this.identity(),
  ): Promise<void> {
    this.#checkUsable()
    await this.#session.request('offsetCommit')
    this.#fenceable(member.memberId, () =>
      this.#session.state.commitOffsets(this.#group, member, offsets),
    )
  }

  async leave(): Promise<void> {
    if (this.#ended || !this.#known) return
    const memberId = this.#memberId
    // Not a join that begins while this request is on its way.
    const failJoin = this.#failJoin
    this.#identity = undefined
    this.#beNew()
    try {
      await this.#session.request('leaveGroup')
    } finally {
      failJoin?.(new LifecycleError(`The member has left group ${this.#options.groupId}`))
    }
    this.#group.leave(memberId)
  }

  async close(): Promise<void> {
    if (this.#ended) return
    // A static member keeps its place for the time of its session, so that a restart moves nothing.
    const leaving = this.#options.instanceId === undefined ? this.leave() : Promise.resolve()
    this.#end(new LifecycleError('The group membership is closed'))
    this.#session.untrack(this)
    await leaving
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  crash(error: Error): void {
    this.#end(error)
  }

  /** Whether the group takes the member for a new one when it joins next. */
  get isNew(): boolean {
    return !this.#known
  }

  async #joinOnce(options: WaitOptions): Promise<GroupJoin> {
    const { isNew } = this
    try {
      await this.#session.request('joinGroup', options.signal)
    } catch (error) {
      if (isNew) this.#unanswered.note()
      throw error
    }
    this.#checkUsable()
    // The caller may have given up in the meantime.
    options.signal?.throwIfAborted()
    const id = this.#memberId
    const joining = this.#begin(id)
    this.#known = true
    return await this.#settled(joining, options)
  }

  /** Another of the instance id has the place, who may be this one by a request that was not answered. */
  #isReplacedByItself(error: unknown): boolean {
    if (!(error instanceof FencedError) || error.brokerCode !== groupCodes.fencedInstance)
      return false
    return this.#unanswered.accountForFencing()
  }

  #begin(id: string): Promise<GroupJoin> {
    const { assignor } = this.#options
    try {
      return this.#fenceable(id, () =>
        this.#group.join({
          id,
          known: this.#known,
          options: this.#options,
          subscription: assignor.subscription(this.#last),
          onGeneration: (generationId) => this.#noteGeneration(id, generationId),
        }),
      )
    } catch (error) {
      // It was expelled: there is nothing to do but to join as a new member.
      if (this.#known || this.#memberId === id) throw error
      return this.#begin(this.#memberId)
    }
  }

  #noteGeneration(memberId: string, generationId: number): void {
    const { groupId, instanceId } = this.#options
    const before = this.#last
    // A join that changes nothing may be answered with the generation that there is.
    this.#continuous &&= before !== undefined && generationId - before.generationId <= 1
    const instance = instanceId === undefined ? {} : { instanceId }
    this.#last = { groupId, memberId, generationId, ...instance }
  }

  #end(error: Error): void {
    this.#ended ??= error
    this.#failJoin?.(error)
  }

  #newMemberId(): string {
    return `${this.#session.clientId}-${this.#session.state.random.uuid()}`
  }

  #beNew(): void {
    this.#memberId = this.#newMemberId()
    this.#known = false
    this.#last = undefined
    this.#continuous = false
  }

  #checkUsable(): void {
    if (this.#ended) throw this.#ended
  }

  /** A member that is told that it is none joins as a new one. */
  #fenceable<T>(memberId: string, run: () => T): T {
    try {
      return run()
    } catch (error) {
      this.#noteFenced(memberId, error)
      throw error
    }
  }

  #noteFenced(memberId: string, error: unknown): void {
    // A late answer to a former self says nothing about the member that joined since.
    if (memberId !== this.#memberId) return
    if (error instanceof FencedError && error.brokerCode === groupCodes.unknownMember) this.#beNew()
  }

  #settled(joining: Promise<GroupJoin>, options: WaitOptions): Promise<GroupJoin> {
    const { signal, timeoutMs } = options
    const memberId = this.#memberId
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined
      const end = (finish: () => void): void => {
        if (this.#failJoin === giveUp) this.#failJoin = undefined
        timer?.cancel()
        signal?.removeEventListener('abort', onAbort)
        finish()
      }
      const giveUp = (error: Error): void => {
        this.#group.abandonJoin(memberId)
        end(() => reject(error))
      }
      const onAbort = (): void => giveUp(signal?.reason as Error)
      this.#failJoin = giveUp
      signal?.addEventListener('abort', onAbort, { once: true })
      if (timeoutMs !== undefined && timeoutMs !== Infinity) {
        const what = `Joining group ${this.#options.groupId}`
        timer = this.#session.state.clock.schedule(timeoutMs, () => {
          giveUp(timedOut(what, timeoutMs))
        })
      }
      joining.then(
        (joined) => end(() => resolve(joined)),
        (error: Error) => {
          this.#noteFenced(memberId, error)
          end(() => reject(error))
        },
      )
    })
  }
}

function isAskedToJoinAgain(error: unknown): boolean {
  return error instanceof BrokerError && error.brokerCode === groupCodes.rebalanceInProgress
}
