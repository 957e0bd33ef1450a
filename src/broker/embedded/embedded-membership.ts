import type { Timer } from '../../core/clock.ts'
import { LifecycleError } from '../../core/errors.ts'
import type {
  CommittedOffset,
  GroupAssignment,
  GroupIdentity,
  GroupMembership,
  GroupOptions,
  WaitOptions,
} from '../port.ts'
import type { EmbeddedClient } from './embedded-client.ts'
import { timedOut, type GroupState, type JoinedGroup } from './group-state.ts'

/** A member of a group of the embedded broker. */
export class EmbeddedMembership implements GroupMembership {
  readonly #client: EmbeddedClient
  readonly #options: GroupOptions
  readonly #group: GroupState
  #memberId: string
  #identity: GroupIdentity | undefined
  #ended: Error | undefined
  #failJoin: ((error: Error) => void) | undefined

  constructor(client: EmbeddedClient, options: GroupOptions) {
    this.#client = client
    this.#options = options
    this.#group = client.broker.group(options.groupId)
    this.#memberId = this.#newMemberId()
  }

  async join(options: WaitOptions = {}): Promise<GroupAssignment> {
    this.#checkUsable()
    options.signal?.throwIfAborted()
    await this.#client.request('joinGroup')
    const subscription = this.#options.assignor.subscription()
    const joined = await this.#settled(
      this.#group.join(this.#memberId, this.#options, subscription),
      options,
    )
    const { instanceId } = this.#options
    this.#identity = {
      groupId: this.#options.groupId,
      memberId: this.#memberId,
      generationId: joined.generationId,
      ...(instanceId === undefined ? {} : { instanceId }),
    }
    return joined.assignment
  }

  async heartbeat(): Promise<'stable' | 'rebalance'> {
    await this.#client.request('heartbeat')
    return this.#fenceable(() => this.#group.heartbeat(this.identity()))
  }

  identity(): GroupIdentity {
    this.#checkUsable()
    if (this.#identity) return this.#identity
    throw new LifecycleError(`The member has not joined group ${this.#options.groupId} yet`)
  }

  async commitOffsets(offsets: readonly CommittedOffset[]): Promise<void> {
    await this.#client.request('offsetCommit')
    this.#fenceable(() => {
      this.#client.broker.commitOffsets(this.#group, this.identity(), offsets)
    })
  }

  async leave(): Promise<void> {
    this.#checkUsable()
    await this.#client.request('leaveGroup')
    this.#group.leave(this.#memberId)
    this.#identity = undefined
    this.#memberId = this.#newMemberId()
  }

  async close(): Promise<void> {
    if (this.#ended) return
    // A static member keeps its place for the time of its session, so that a restart moves nothing.
    if (this.#options.instanceId === undefined) await this.leave()
    this.#ended = new LifecycleError('The group membership is closed')
    this.#failJoin?.(this.#ended)
    this.#client.untrack(this)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  crash(error: Error): void {
    this.#ended ??= error
    this.#group.abandonJoin(this.#memberId)
    this.#failJoin?.(error)
  }

  #newMemberId(): string {
    return `${this.#client.clientId}-${this.#client.broker.random.uuid()}`
  }

  #checkUsable(): void {
    if (this.#ended) throw this.#ended
  }

  /** A member that is told that it is none joins as a new one. */
  #fenceable<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      if ((error as { brokerCode?: number }).brokerCode === 25) this.#memberId = this.#newMemberId()
      throw error
    }
  }

  #settled(joining: Promise<JoinedGroup>, options: WaitOptions): Promise<JoinedGroup> {
    const { signal, timeoutMs } = options
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined
      const end = (finish: () => void): void => {
        this.#failJoin = undefined
        timer?.cancel()
        signal?.removeEventListener('abort', onAbort)
        finish()
      }
      const giveUp = (error: Error): void => {
        this.#group.abandonJoin(this.#memberId)
        end(() => reject(error))
      }
      const onAbort = (): void => giveUp(signal?.reason as Error)
      this.#failJoin = giveUp
      signal?.addEventListener('abort', onAbort, { once: true })
      if (timeoutMs !== undefined) {
        const what = `Joining group ${this.#options.groupId}`
        timer = this.#client.broker.clock.schedule(timeoutMs, () => {
          giveUp(timedOut(what, timeoutMs))
        })
      }
      joining.then(
        (joined) => end(() => resolve(joined)),
        (error: Error) => end(() => reject(error)),
      )
    })
  }
}
