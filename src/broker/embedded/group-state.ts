import { BrokerTimeoutError, FencedError } from '../../core/errors.ts'
import type { Clock, Timer } from '../../core/clock.ts'
import { topicPartitionName, type TopicPartition } from '../../core/topic-partition.ts'
import type {
  CommittedOffset,
  GroupAssignment,
  GroupIdentity,
  GroupMemberSubscription,
  GroupOptions,
  GroupSubscription,
} from '../port.ts'

/** A member as the coordinator knows it. */
export interface GroupMember {
  readonly id: string
  readonly options: GroupOptions
  subscription: GroupSubscription
  /** Settled when the rebalance that the member takes part in is over; undefined while it takes part in none. */
  joining: Joining | undefined
  sessionTimer: Timer | undefined
}

interface Joining {
  resolve(joined: JoinedGroup): void
  reject(error: Error): void
}

/** What a member learns when a rebalance is over. */
export interface JoinedGroup {
  readonly generationId: number
  readonly assignment: GroupAssignment
}

/** Kafka's codes, which tell callers what happened as a real broker would. */
const unknownMember = 25
const illegalGeneration = 22
const fencedInstance = 82

/**
 * One consumer group: the classic protocol's states, on one coordinator.
 *
 * @remarks Source: Kafka's `GroupMetadata` and `GroupCoordinator`, KIP-345 for static members.
 */
export class GroupState {
  readonly id: string
  #state: 'empty' | 'preparing' | 'completing' | 'stable' = 'empty'
  #generation = 0
  readonly #members = new Map<string, GroupMember>()
  readonly #offsets = new Map<string, CommittedOffset>()
  /** Offsets in transactions that have not ended, by transaction. */
  readonly #pending = new Map<object, readonly CommittedOffset[]>()
  readonly #pendingEnded = new Set<() => void>()
  #rebalanceTimer: Timer | undefined
  readonly #clock: Clock

  constructor(id: string, clock: Clock) {
    this.id = id
    this.#clock = clock
  }

  get generation(): number {
    return this.#generation
  }

  /** Takes a member in, or back in, and resolves when all are there and the assignment is made. */
  join(
    memberId: string,
    options: GroupOptions,
    subscription: GroupSubscription,
  ): Promise<JoinedGroup> {
    this.#replaceStaticMember(memberId, options)
    let member = this.#members.get(memberId)
    if (!member) {
      member = { id: memberId, options, subscription, joining: undefined, sessionTimer: undefined }
      this.#members.set(memberId, member)
    }
    const joined = member
    joined.subscription = subscription
    joined.sessionTimer?.cancel()
    return new Promise<JoinedGroup>((resolve, reject) => {
      joined.joining = { resolve, reject }
      if (this.#state !== 'preparing') this.#prepareRebalance()
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
    const member = this.#check(identity)
    this.#startSession(member)
    return this.#state === 'stable' ? 'stable' : 'rebalance'
  }

  leave(memberId: string): void {
    const member = this.#members.get(memberId)
    if (member) this.#remove(member)
  }

  commit(identity: GroupIdentity, offsets: readonly CommittedOffset[]): void {
    this.#check(identity)
    this.storeOffsets(offsets)
  }

  /** Notes the offsets of a transaction that is open; they count when it is committed. */
  addPending(
    identity: GroupIdentity,
    transaction: object,
    offsets: readonly CommittedOffset[],
  ): void {
    this.#check(identity)
    this.#pending.set(transaction, [...(this.#pending.get(transaction) ?? []), ...offsets])
  }

  /** Ends what {@link addPending} began; returns the offsets that were committed. */
  endPending(transaction: object, committed: boolean): readonly CommittedOffset[] {
    const offsets = this.#pending.get(transaction) ?? []
    if (committed) this.storeOffsets(offsets)
    this.#pending.delete(transaction)
    for (const ended of [...this.#pendingEnded]) ended()
    return committed ? offsets : []
  }

  storeOffsets(offsets: readonly CommittedOffset[]): void {
    for (const offset of offsets) {
      this.#offsets.set(topicPartitionName(offset.topic, offset.partition), offset)
    }
  }

  hasPending(partitions: readonly TopicPartition[]): boolean {
    const wanted = new Set(partitions.map((each) => topicPartitionName(each.topic, each.partition)))
    for (const offsets of this.#pending.values()) {
      if (offsets.some((each) => wanted.has(topicPartitionName(each.topic, each.partition)))) {
        return true
      }
    }
    return false
  }

  /** Calls back when a transaction with offsets has ended; returns what ends it. */
  onPendingEnded(ended: () => void): () => void {
    this.#pendingEnded.add(ended)
    return () => this.#pendingEnded.delete(ended)
  }

  committed(partitions: readonly TopicPartition[]): CommittedOffset[] {
    return partitions.flatMap((each) => {
      const offset = this.#offsets.get(topicPartitionName(each.topic, each.partition))
      return offset ? [offset] : []
    })
  }

  allOffsets(): CommittedOffset[] {
    return [...this.#offsets.values()]
  }

  close(): void {
    this.#rebalanceTimer?.cancel()
    for (const member of this.#members.values()) member.sessionTimer?.cancel()
  }

  #check(identity: GroupIdentity): GroupMember {
    const member = this.#members.get(identity.memberId)
    if (!member) {
      throw new FencedError(
        `Member ${identity.memberId} is no longer in group ${this.id}; it has to join again`,
        { brokerCode: unknownMember },
      )
    }
    if (identity.generationId !== this.#generation) {
      throw new FencedError(
        `Group ${this.id} is at generation ${this.#generation}; member ${identity.memberId} ` +
          `speaks for generation ${identity.generationId} and has to join again`,
        { brokerCode: illegalGeneration },
      )
    }
    return member
  }

  /** A static member that comes back under a new member id takes the place of its former self, which is fenced. */
  #replaceStaticMember(memberId: string, options: GroupOptions): void {
    const { instanceId } = options
    if (instanceId === undefined) return
    for (const member of this.#members.values()) {
      if (member.options.instanceId !== instanceId || member.id === memberId) continue
      member.sessionTimer?.cancel()
      this.#members.delete(member.id)
      member.joining?.reject(
        new FencedError(`Another member joined group ${this.id} as instance ${instanceId}`, {
          brokerCode: fencedInstance,
        }),
      )
    }
  }

  #remove(member: GroupMember): void {
    member.sessionTimer?.cancel()
    this.#members.delete(member.id)
    member.joining?.reject(
      new FencedError(`Member ${member.id} left group ${this.id}`, { brokerCode: unknownMember }),
    )
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
    if (!this.#members.has(member.id)) return
    member.sessionTimer = this.#clock.schedule(
      member.options.sessionTimeoutMs,
      () => this.#remove(member),
      true,
    )
  }

  #prepareRebalance(): void {
    this.#state = 'preparing'
    this.#rebalanceTimer?.cancel()
    const timeouts = [...this.#members.values()].map((each) => each.options.rebalanceTimeoutMs)
    this.#rebalanceTimer = this.#clock.schedule(
      Math.max(...timeouts),
      () => this.#expelThoseMissing(),
      true,
    )
  }

  #expelThoseMissing(): void {
    for (const member of [...this.#members.values()]) {
      if (member.joining) continue
      member.sessionTimer?.cancel()
      this.#members.delete(member.id)
    }
    if (this.#members.size === 0) this.#state = 'empty'
    else this.#completeWhenAllJoined()
  }

  #completeWhenAllJoined(): void {
    if (this.#state !== 'preparing') return
    const members = [...this.#members.values()]
    if (members.length === 0 || members.some((member) => !member.joining)) return
    this.#rebalanceTimer?.cancel()
    this.#state = 'completing'
    this.#generation++
    void this.#assign(members, this.#generation)
  }

  async #assign(members: readonly GroupMember[], generation: number): Promise<void> {
    const leader = members[0]!
    let assignments: Map<string, GroupAssignment>
    try {
      assignments = await leader.options.assignor.assign(members.map(subscriptionOf))
    } catch (error) {
      leader.joining?.reject(error as Error)
      leader.joining = undefined
      this.#remove(leader)
      return
    }
    // A member came or went meanwhile: those who wait take part in the rebalance that this began.
    if (this.#generation !== generation || this.#state !== 'completing') return
    this.#state = 'stable'
    for (const member of members) {
      const assignment = assignments.get(member.id) ?? { partitions: [], userData: Buffer.alloc(0) }
      this.#startSession(member)
      member.joining?.resolve({ generationId: generation, assignment })
      member.joining = undefined
    }
  }
}

function subscriptionOf(member: GroupMember): GroupMemberSubscription {
  const { instanceId } = member.options
  return {
    memberId: member.id,
    ...member.subscription,
    ...(instanceId === undefined ? {} : { instanceId }),
  }
}

/** The error of a wait that took too long. */
export function timedOut(what: string, timeoutMs: number): BrokerTimeoutError {
  return new BrokerTimeoutError(`${what} took longer than ${timeoutMs} ms`, { retriable: true })
}
