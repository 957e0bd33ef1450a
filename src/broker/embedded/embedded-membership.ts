import type { Timer } from '../../core/clock.ts'
import { FencedError, LifecycleError } from '../../core/errors.ts'
import type {
  CommittedOffset,
  GroupAssignment,
  GroupIdentity,
  GroupMembership,
  GroupOptions,
  WaitOptions,
} from '../port.ts'
import type { ClientSession } from './client-session.ts'
import { groupCodes, type GroupState, type JoinedGroup } from './group-state.ts'
import { timedOut } from './wait-for.ts'

/** A member of a group of the embedded broker. */
export class EmbeddedMembership implements GroupMembership {
  readonly #session: ClientSession
  readonly #options: GroupOptions
  readonly #group: GroupState
  #memberId: string
  /** Whether the group has heard of the member id. */
  #known = false
  #identity: GroupIdentity | undefined
  #ended: Error | undefined
  #failJoin: ((error: Error) => void) | undefined

  constructor(session: ClientSession, options: GroupOptions) {
    this.#session = session
    this.#options = options
    this.#group = session.state.group(options.groupId)
    this.#memberId = this.#newMemberId()
  }

  async join(options: WaitOptions = {}): Promise<GroupAssignment> {
    this.#checkUsable()
    await this.#session.request('joinGroup', options.signal)
    this.#checkUsable()
    // The caller may have given up in the meantime.
    options.signal?.throwIfAborted()
    const { groupId, instanceId, assignor } = this.#options
    const joining = this.#fenceable(() => {
      const member = { id: this.#memberId, known: this.#known, options: this.#options }
      return this.#group.join({ ...member, subscription: assignor.subscription() })
    })
    this.#known = true
    const memberId = this.#memberId
    const joined = await this.#settled(joining, options)
    this.#identity = {
      groupId,
      memberId,
      generationId: joined.generationId,
      ...(instanceId === undefined ? {} : { instanceId }),
    }
    return joined.assignment
  }

  async heartbeat(): Promise<'stable' | 'rebalance'> {
    const identity = this.identity()
    await this.#session.request('heartbeat')
    return this.#fenceable(() => this.#group.heartbeat(identity))
  }

  identity(): GroupIdentity {
    this.#checkUsable()
    if (this.#identity) return this.#identity
    throw new LifecycleError(`The member has not joined group ${this.#options.groupId} yet`)
  }

  async commitOffsets(offsets: readonly CommittedOffset[]): Promise<void> {
    const identity = this.identity()
    await this.#session.request('offsetCommit')
    this.#fenceable(() => this.#session.state.commitOffsets(this.#group, identity, offsets))
  }

  async leave(): Promise<void> {
    if (this.#ended || !this.#known) return
    const memberId = this.#memberId
    this.#identity = undefined
    this.#beNew()
    try {
      await this.#session.request('leaveGroup')
    } finally {
      this.#failJoin?.(new LifecycleError(`The member has left group ${this.#options.groupId}`))
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
  }

  #checkUsable(): void {
    if (this.#ended) throw this.#ended
  }

  /** A member that is told that it is none joins as a new one. */
  #fenceable<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      this.#noteFenced(error)
      throw error
    }
  }

  #noteFenced(error: unknown): void {
    if (error instanceof FencedError && error.brokerCode === groupCodes.unknownMember) this.#beNew()
  }

  #settled(joining: Promise<JoinedGroup>, options: WaitOptions): Promise<JoinedGroup> {
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
      if (timeoutMs !== undefined) {
        const what = `Joining group ${this.#options.groupId}`
        timer = this.#session.state.clock.schedule(timeoutMs, () => {
          giveUp(timedOut(what, timeoutMs))
        })
      }
      joining.then(
        (joined) => end(() => resolve(joined)),
        (error: Error) => {
          this.#noteFenced(error)
          end(() => reject(error))
        },
      )
    })
  }
}
