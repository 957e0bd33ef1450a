import {
  BrokerError,
  BrokerTimeoutError,
  FencedError,
  LifecycleError,
} from '../../../core/errors.ts'
import type {
  CommittedOffset,
  GroupIdentity,
  GroupMembership,
  GroupOptions,
  JoinedGroup,
  WaitOptions,
} from '../../port.ts'
import { Backoff } from '../cluster/backoff.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { Coordinator } from '../cluster/coordinator.ts'
import { retry } from '../cluster/retry.ts'
import { Wait } from '../cluster/wait.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../protocol/consumer-protocol.ts'
import { codes } from '../protocol/error-codes.ts'
import { heartbeat } from '../protocol/heartbeat.ts'
import { joinGroup, type JoinGroupOptions, type JoinGroupResponse } from '../protocol/join-group.ts'
import { leaveGroup } from '../protocol/leave-group.ts'
import { offsetCommit } from '../protocol/offset-commit.ts'
import { syncGroup } from '../protocol/sync-group.ts'
import { UnansweredJoins } from '../../unanswered-joins.ts'

/** A join goes on until the signal ends it; timers take no more than this. */
const unbounded = 0x7fffffff

/** A member of a classic consumer group. */
export class KafkaGroup implements GroupMembership {
  readonly #cluster: Cluster
  readonly #options: GroupOptions
  /** A JoinGroup request holds up its connection until all members have joined, so it has one of its own. */
  readonly #joining: Coordinator
  readonly #coordinator: Coordinator
  #memberId = ''
  readonly #unanswered: UnansweredJoins
  #identity: GroupIdentity | undefined
  /** In the last generation that was joined, with an assignment or without. */
  #last: GroupIdentity | undefined
  /** Whether no generation has passed this member by since the assignment that it was given last. */
  #continuous = false
  /** Tells the join under way from one that was given up and has not noticed yet. */
  #joins = 0
  #closed = false

  constructor(cluster: Cluster, options: GroupOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#unanswered = new UnansweredJoins(options.strayJoins)
    this.#joining = new Coordinator(cluster, 'group', options.groupId)
    this.#coordinator = new Coordinator(cluster, 'group', options.groupId)
  }

  async join(options?: WaitOptions): Promise<JoinedGroup> {
    this.#checkOpen()
    const join = ++this.#joins
    const { clock, random } = this.#cluster.environment
    const wait = new Wait(clock, options, unbounded)
    const backoff = new Backoff(random)
    const late = (): Error =>
      new BrokerTimeoutError(
        `Joining group '${this.#options.groupId}' took over ${wait.timeoutMs} ms.`,
        {
          retriable: true,
        },
      )
    try {
      for (;;) {
        wait.signal?.throwIfAborted()
        const joined = await wait.bound(this.#joinOnce(join), late)
        if (joined !== undefined) return joined
        this.#checkOpen()
        if (wait.leftMs() === 0) throw late()
        await wait.sleep(backoff.next())
      }
    } catch (error) {
      this.#joins++
      // What this join may still be waiting for at the coordinator must not hold up the next one.
      this.#joining.forget()
      throw error
    }
  }

  async heartbeat(): Promise<'stable' | 'rebalance'> {
    const member = this.identity()
    const { sessionTimeoutMs, groupId } = this.#options
    return this.#withCoordinator(
      `The heartbeat in group '${groupId}'`,
      sessionTimeoutMs,
      async (what) => {
        const code = await this.#coordinator.send(heartbeat(member))
        if (code === codes.none) return 'stable'
        if (code === codes.rebalanceInProgress) return 'rebalance'
        throw this.#memberFailure(member.memberId, code, what)
      },
    )
  }

  identity(): GroupIdentity {
    if (this.#identity !== undefined) return this.#identity
    throw new LifecycleError(`Group '${this.#options.groupId}' has not been joined yet.`)
  }

  async commitOffsets(
    offsets: readonly CommittedOffset[],
    member: GroupIdentity = this.identity(),
  ): Promise<void> {
    if (offsets.length === 0) return
    const what = `Committing offsets of group '${member.groupId}'`
    await this.#withCoordinator(what, this.#cluster.environment.settings.apiTimeoutMs, async () => {
      const results = await this.#coordinator.send(offsetCommit(member, offsets))
      for (const { errorCode, topic, partition } of results) {
        if (errorCode === codes.none) continue
        throw this.#memberFailure(member.memberId, errorCode, `${what} for ${topic}-${partition}`)
      }
    })
  }

  async leave(): Promise<void> {
    const { groupId, instanceId, sessionTimeoutMs } = this.#options
    const memberId = this.#memberId
    if (memberId === '' || this.#closed) return
    this.#beNew()
    this.#identity = undefined
    this.#joins++
    // A join that is under way would only bring the member back.
    this.#joining.forget()
    await this.#withCoordinator(`Leaving group '${groupId}'`, sessionTimeoutMs, async (what) => {
      const code = await this.#coordinator.send(leaveGroup(groupId, memberId, instanceId))
      if (code !== codes.none && code !== codes.unknownMemberId) {
        throw this.#coordinator.failure(code, what)
      }
    })
  }

  close(): Promise<void> {
    this.#closed = true
    this.#joining.forget()
    this.#coordinator.forget()
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** One JoinGroup and SyncGroup; undefined where it is to be tried again. */
  async #joinOnce(join: number): Promise<JoinedGroup | undefined> {
    try {
      const joined = await this.#requestJoin()
      if (joined === undefined) return undefined
      const member = this.#noteGeneration(joined)
      const { rebalanceTimeoutMs } = this.#options
      const assignments = await this.#assignments(joined)
      if (join !== this.#joins) throw new LifecycleError('This join was given up.')
      const synced = await this.#joining.send(syncGroup(member, assignments, rebalanceTimeoutMs))
      if (synced.errorCode !== codes.none) {
        this.#rejoinOrThrow(synced.errorCode, 'Fetching the assignment')
        return undefined
      }
      const continuous = this.#continuous
      this.#identity = member
      this.#continuous = true
      return { ...decodeAssignment(synced.assignment), continuous }
    } catch (error) {
      if (error instanceof BrokerError && error.retriable && !(error instanceof FencedError)) {
        return undefined
      }
      throw error
    }
  }

  async #requestJoin(): Promise<JoinGroupResponse | undefined> {
    const { groupId, instanceId, sessionTimeoutMs, rebalanceTimeoutMs, assignor } = this.#options
    const subscription = encodeSubscription(assignor.subscription(this.#last))
    // With a member id at hand the second round follows at once.
    for (let round = 0; round < 2; round++) {
      const joined = await this.#sendJoin({
        groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId: this.#memberId,
        instanceId,
        protocolName: assignor.name,
        subscription,
      })
      if (joined.errorCode === codes.none) {
        this.#memberId = joined.memberId
        return joined
      }
      if (joined.errorCode === codes.memberIdRequired) {
        this.#memberId = joined.memberId
        continue
      }
      this.#rejoinOrThrow(joined.errorCode, 'Joining')
      return undefined
    }
    return undefined
  }

  async #sendJoin(request: JoinGroupOptions): Promise<JoinGroupResponse> {
    try {
      return await this.#joining.send(joinGroup(request))
    } catch (error) {
      // One with a code comes of looking for the coordinator, to which nothing was sent then.
      const isSent = !(error instanceof BrokerError) || error.brokerCode === undefined
      if (isSent && request.memberId === '') this.#unanswered.note()
      throw error
    }
  }

  #noteGeneration({ memberId, generationId }: JoinGroupResponse): GroupIdentity {
    const { groupId, instanceId } = this.#options
    const before = this.#last
    // A join that changes nothing may be answered with the generation that there is.
    const follows = before?.memberId === memberId && generationId - before.generationId <= 1
    this.#continuous &&= follows
    const instance = instanceId === undefined ? {} : { instanceId }
    this.#last = { groupId, memberId, generationId, ...instance }
    return this.#last
  }

  #beNew(): void {
    this.#memberId = ''
    this.#last = undefined
    this.#continuous = false
  }

  /** What the leader hands out; followers send nothing. */
  async #assignments(joined: JoinGroupResponse): Promise<Map<string, Buffer>> {
    const encoded = new Map<string, Buffer>()
    if (joined.leaderId !== joined.memberId) return encoded
    const members = joined.members.map(({ memberId, instanceId, subscription }) =>
      decodeSubscription(memberId, instanceId, subscription),
    )
    const assignments = await this.#options.assignor.assign(members)
    for (const { memberId } of members) {
      const assignment = assignments.get(memberId)
      if (assignment === undefined) {
        const { name } = this.#options.assignor
        throw new LifecycleError(`Assignor '${name}' has left out member ${memberId}.`)
      }
      encoded.set(memberId, encodeAssignment(assignment))
    }
    return encoded
  }

  /** Returns where joining again is the answer to this code. */
  #rejoinOrThrow(code: number, doing: string): void {
    const what = `${doing} in group '${this.#options.groupId}'`
    // Another of the instance id has the place, who may be this one by a request that was not answered.
    const isReplacedByItself =
      code === codes.fencedInstanceId && this.#unanswered.accountForFencing()
    if (code === codes.unknownMemberId || isReplacedByItself) this.#beNew()
    if (
      isReplacedByItself ||
      code === codes.unknownMemberId ||
      code === codes.illegalGeneration ||
      code === codes.rebalanceInProgress
    ) {
      return
    }
    throw this.#joining.failure(code, what)
  }

  #memberFailure(memberId: string, code: number, what: string): BrokerError {
    // As this member is no longer known, the next join is that of a new one; a late answer to a former self says nothing.
    if (code === codes.unknownMemberId && memberId === this.#memberId) this.#beNew()
    return this.#coordinator.failure(code, what)
  }

  #withCoordinator<T>(
    what: string,
    timeoutMs: number,
    operation: (what: string) => Promise<T>,
  ): Promise<T> {
    this.#checkOpen()
    const { clock, random } = this.#cluster.environment
    return retry(what, random, new Wait(clock, undefined, timeoutMs), () => operation(what))
  }

  #checkOpen(): void {
    if (this.#closed) throw new LifecycleError('The group membership is closed.')
  }
}
