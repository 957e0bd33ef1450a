import { BrokerError, FencedError, LifecycleError } from '../../core/errors.ts'
import type { Clock, Timer } from '../../core/clock.ts'
import type {
  GroupAssignment,
  GroupIdentity,
  GroupMemberSubscription,
  GroupOptions,
  GroupSubscription,
} from '../port.ts'
import { fencedInstance, groupCodes, unknownMember } from './group-errors.ts'
import { GroupOffsets } from './group-offsets.ts'

/** Who asks to join. */
export interface JoiningMember {
  readonly id: string
  /**
   * Whether the coordinator has heard of the id before: one that it no longer knows has to be given up. A static member
   * that is new takes its place again.
   */
  readonly known: boolean
  readonly options: GroupOptions
  readonly subscription: GroupSubscription
  /** Told the generation as soon as all have joined, before the assignment is made. */
  onGeneration(generationId: number): void
}

/** What a member learns when a rebalance is over. */
export interface GroupJoin {
  readonly generationId: number
  readonly assignment: GroupAssignment
}

/** A member as the coordinator knows it. */
interface GroupMember {
  readonly id: string
  readonly options: GroupOptions
  subscription: GroupSubscription
  /** Settled when the rebalance that the member takes part in is over; undefined while it takes part in none. */
  joining: Joining | undefined
  /** Of the current generation, once it is stable. */
  assignment: GroupAssignment | undefined
  sessionTimer: Timer | undefined
}

interface Joining {
  resolve(joined: GroupJoin): void
  reject(error: Error): void
  onGeneration(generationId: number): void
}

/**
 * One consumer group: the classic protocol's states, on one coordinator.
 *
 * The generation moves on when all have joined. Until then offsets are taken with the one before; from then on within
 * transactions with the new one, and outside of them once the assignment is made.
 *
 * @remarks Source: Kafka's `GroupMetadata` and `GroupCoordinator`, KIP-345 for static members.
 */
export class GroupState {
  readonly id: string
  readonly offsets: GroupOffsets = new GroupOffsets()
  #state: 'empty' | 'preparing' | 'completing' | 'stable' = 'empty'
  #generation = 0
  readonly #members = new Map<string, GroupMember>()
  #leaderId: string | undefined
  #rebalanceTimer: Timer | undefined
  readonly #clock: Clock

  constructor(id: string, clock: Clock) {
    this.id = id
    this.#clock = clock
  }

  /** Takes a member in, or back in, and resolves when all are there and the assignment is made. */
  join(joins: JoiningMember): Promise<GroupJoin> {
    const { id, options, subscription, onGeneration } = joins
    const replaced = this.#replaceStaticMember(joins)
    const known = this.#members.get(id)
    if (joins.known && !known) throw unknownMember(this.id, id)
    const changed = !known || !isSame(known.subscription, subscription)
    const member: GroupMember = known ?? {
      id,
      options,
      subscription,
      joining: undefined,
      assignment: replaced?.assignment,
      sessionTimer: undefined,
    }
    this.#members.set(id, member)
    member.subscription = subscription
    return new Promise<GroupJoin>((resolve, reject) => {
      member.joining?.reject(new LifecycleError(`Another join to group ${this.id} followed`))
      member.joining = undefined
      const joining = { resolve, reject, onGeneration }
      if (
        this.#state === 'stable' &&
        member.assignment &&
        this.#keepsPlace(replaced, changed, id)
      ) {
        member.joining = joining
        onGeneration(this.#generation)
        this.#settle(member, member.assignment)
        return
      }
      // A member whose assignment is being made just goes on waiting for it.
      const waits = this.#state === 'completing' && !changed
      if (this.#state !== 'preparing' && !waits) this.#prepareRebalance()
      member.sessionTimer?.cancel()
      member.joining = joining
      if (waits) onGeneration(this.#generation)
      this.#completeWhenAllJoined()
    })
  }

  /** The member's caller gave up; it stays a member until its session ends. */
  abandonJoin(memberId: string): void {
    const member = this.#members.get(memberId)
    if (!member?.joining) return
    member.joining = undefined
    this.#startSession(member)
  }

  heartbeat(identity: GroupIdentity): 'stable' | 'rebalance' {
    const member = this.check(identity)
    this.#startSession(member)
    return this.#state === 'preparing' ? 'rebalance' : 'stable'
  }

  leave(memberId: string): void {
    const member = this.#members.get(memberId)
    if (member) this.#remove(member, `Member ${memberId} left group ${this.id}`)
  }

  close(): void {
    this.#rebalanceTimer?.cancel()
    for (const member of this.#members.values()) member.sessionTimer?.cancel()
  }

  /** Throws `FencedError` where this is no member, or speaks for a generation that has passed. */
  check(identity: GroupIdentity): GroupMember {
    const { memberId, instanceId, generationId } = identity
    const member = this.#members.get(memberId)
    if (!member) {
      const other = instanceId === undefined ? undefined : this.#withInstance(instanceId)
      if (other) throw fencedInstance(this.id, other.options)
      throw unknownMember(this.id, memberId)
    }
    if (generationId !== this.#generation) {
      throw new FencedError(
        `Group ${this.id} is at generation ${this.#generation}; member ${memberId} ` +
          `speaks for generation ${generationId} and has to join again`,
        { brokerCode: groupCodes.illegalGeneration },
      )
    }
    return member
  }

  /**
   * {@link check} for offsets outside of transactions, which a group does not take while its assignment is being made.
   *
   * @remarks Source: Kafka's `ClassicGroup.validateOffsetCommit`.
   */
  checkOffsetCommit(identity: GroupIdentity): void {
    this.check(identity)
    if (this.#state !== 'completing') return
    throw new FencedError(
      `The assignment of group ${this.id} is being made; its member has to wait for it to commit offsets`,
      { brokerCode: groupCodes.rebalanceInProgress },
    )
  }

  /** A static member that comes back under a new member id takes the place of its former self, which is fenced. */
  #replaceStaticMember({ id, known, options }: JoiningMember): GroupMember | undefined {
    const { instanceId } = options
    const former = instanceId === undefined ? undefined : this.#withInstance(instanceId)
    if (!former || former.id === id) return undefined
    if (known) throw fencedInstance(this.id, former.options)
    former.sessionTimer?.cancel()
    this.#members.delete(former.id)
    if (this.#leaderId === former.id) this.#leaderId = id
    former.joining?.reject(fencedInstance(this.id, former.options))
    return former
  }

  #withInstance(instanceId: string): GroupMember | undefined {
    for (const member of this.#members.values()) {
      if (member.options.instanceId === instanceId) return member
    }
    return undefined
  }

  /** In a stable group a static member that restarts moves nothing, nor does a follower with nothing new to say. */
  #keepsPlace(replaced: GroupMember | undefined, changed: boolean, id: string): boolean {
    return replaced !== undefined || (!changed && this.#leaderId !== id)
  }

  #remove(member: GroupMember, reason: string): void {
    member.sessionTimer?.cancel()
    this.#members.delete(member.id)
    member.joining?.reject(new FencedError(reason, { brokerCode: groupCodes.unknownMember }))
    if (this.#members.size === 0) {
      this.#rebalanceTimer?.cancel()
      this.#state = 'empty'
      this.#generation++
    } else {
      if (this.#state !== 'preparing') this.#prepareRebalance()
      this.#completeWhenAllJoined()
    }
  }

  #startSession(member: GroupMember): void {
    member.sessionTimer?.cancel()
    if (this.#members.get(member.id) !== member) return
    const { sessionTimeoutMs } = member.options
    const expire = (): void => {
      const reason = `Member ${member.id} of group ${this.id} sent nothing for ${sessionTimeoutMs} ms`
      this.#remove(member, reason)
    }
    member.sessionTimer = this.#clock.schedule(sessionTimeoutMs, expire, true)
  }

  #prepareRebalance(): void {
    if (this.#state === 'completing') this.#haveJoinedAgain()
    this.#state = 'preparing'
    this.#startRebalanceTimer(() => this.#expelThoseMissing())
  }

  #startRebalanceTimer(run: () => void): void {
    this.#rebalanceTimer?.cancel()
    const timeouts = [...this.#members.values()].map((each) => each.options.rebalanceTimeoutMs)
    this.#rebalanceTimer = this.#clock.schedule(Math.max(...timeouts), run, true)
  }

  /** Those that wait for an assignment that will not be made have to join again. */
  #haveJoinedAgain(): void {
    for (const member of this.#members.values()) {
      const { joining } = member
      if (!joining) continue
      member.joining = undefined
      this.#startSession(member)
      joining.reject(
        new BrokerError(`Group ${this.id} rebalances once more; its members have to join again`, {
          brokerCode: groupCodes.rebalanceInProgress,
        }),
      )
    }
  }

  /** Static members stay until their session ends: they may be just restarting. */
  #expelThoseMissing(): void {
    for (const member of this.#members.values()) {
      if (member.joining || member.options.instanceId !== undefined) continue
      member.sessionTimer?.cancel()
      this.#members.delete(member.id)
    }
    if (this.#members.size === 0) {
      this.#state = 'empty'
      this.#generation++
    } else if ([...this.#members.values()].some(({ joining }) => joining)) {
      this.#completeJoins()
    } else {
      this.#startRebalanceTimer(() => this.#expelThoseMissing())
    }
  }

  #completeWhenAllJoined(): void {
    if (this.#state !== 'preparing' || this.#members.size === 0) return
    for (const { joining } of this.#members.values()) if (!joining) return
    this.#completeJoins()
  }

  #completeJoins(): void {
    const members = [...this.#members.values()]
    this.#state = 'completing'
    this.#generation++
    const joined = members.filter(({ joining }) => joining)
    const leader = joined.find(({ id }) => id === this.#leaderId) ?? joined[0]!
    this.#leaderId = leader.id
    for (const member of members) {
      if (member.joining) member.joining.onGeneration(this.#generation)
      else this.#startSession(member)
    }
    this.#startRebalanceTimer(() => {
      this.#remove(leader, `Assigning the partitions of group ${this.id} took too long`)
    })
    void this.#assign(leader, members, this.#generation)
  }

  async #assign(leader: GroupMember, members: GroupMember[], generation: number): Promise<void> {
    // A member may come or go meanwhile: those who wait then take part in the rebalance that this begins.
    const isOver = (): boolean => this.#generation !== generation || this.#state !== 'completing'
    let assignments: Map<string, GroupAssignment>
    try {
      assignments = await leader.options.assignor.assign(members.map(subscriptionOf))
      const missing = members.find(({ id }) => !assignments.has(id))
      if (missing) {
        const { name } = leader.options.assignor
        throw new LifecycleError(`Assignor ${name} has left out member ${missing.id}`)
      }
    } catch (error) {
      if (isOver()) return
      leader.joining?.reject(error as Error)
      leader.joining = undefined
      this.#remove(leader, '')
      return
    }
    if (isOver()) return
    this.#rebalanceTimer?.cancel()
    this.#state = 'stable'
    for (const member of members) {
      member.assignment = assignments.get(member.id)
      if (member.assignment && member.joining) this.#settle(member, member.assignment)
    }
  }

  #settle(member: GroupMember, assignment: GroupAssignment): void {
    const { joining } = member
    member.joining = undefined
    this.#startSession(member)
    joining?.resolve({ generationId: this.#generation, assignment })
  }
}

function subscriptionOf({ id, options, subscription }: GroupMember): GroupMemberSubscription {
  const { instanceId } = options
  return {
    memberId: id,
    ...subscription,
    ...(instanceId === undefined ? {} : { instanceId }),
  }
}

function isSame(one: GroupSubscription, other: GroupSubscription): boolean {
  return one.topics.join() === other.topics.join() && one.userData.equals(other.userData)
}
