import { onTestFinished } from 'vitest'
import type {
  Broker,
  GroupAssignment,
  GroupAssignor,
  GroupMembership,
  GroupMemberSubscription,
  GroupOptions,
} from '../../../src/broker/port.ts'
import { FencedError } from '../../../src/core/errors.ts'
import { patienceMs, pause } from './reading.ts'

/** A member that must not be lost, even where the machine is busy. */
const longSessionMs = 15_000

/** The options of a group's only member. */
export function onlyMember(groupId: string, options: Partial<GroupOptions> = {}): GroupOptions {
  return {
    groupId,
    assignor: new SharingAssignor('topic', 1, 'member'),
    sessionTimeoutMs: longSessionMs,
    rebalanceTimeoutMs: longSessionMs,
    ...options,
  }
}

/** Shares the partitions of one topic out by turns, in the order of the members' names. */
export class SharingAssignor implements GroupAssignor {
  readonly name = 'sharing'
  readonly topic: string
  readonly partitions: number
  /** What the member sends as its user data. */
  readonly memberName: string
  /** What each call to `assign` was given. */
  readonly calls: GroupMemberSubscription[][] = []

  constructor(topic: string, partitions: number, memberName: string) {
    this.topic = topic
    this.partitions = partitions
    this.memberName = memberName
  }

  subscription(): { topics: readonly string[]; userData: Buffer } {
    return { topics: [this.topic], userData: Buffer.from(this.memberName) }
  }

  assign(members: readonly GroupMemberSubscription[]): Promise<Map<string, GroupAssignment>> {
    this.calls.push([...members])
    const inOrder = members.toSorted((a, b) => Buffer.compare(a.userData, b.userData))
    const assignments = inOrder.map(({ memberId, userData }, turn): [string, GroupAssignment] => {
      const partitions = []
      for (let partition = turn; partition < this.partitions; partition += members.length) {
        partitions.push({ topic: this.topic, partition })
      }
      return [memberId, { partitions, userData: Buffer.from(`for ${userData.toString()}`) }]
    })
    return Promise.resolve(new Map(assignments))
  }
}

/** A member that lives on its own: it heartbeats, and joins again when the group asks for it. */
export class TestMember {
  readonly name: string
  readonly assignor: SharingAssignor
  readonly membership: GroupMembership
  /** The partitions of the last assignment. */
  partitions: number[] = []
  userData = ''
  joins = 0
  /** How often the group said that this is no member of it. */
  fenced = 0
  failure: Error | undefined
  #stopped = false
  #running: Promise<void> | undefined

  constructor(
    client: Broker,
    groupId: string,
    assignor: SharingAssignor,
    options: Partial<GroupOptions> = {},
  ) {
    this.name = assignor.memberName
    this.assignor = assignor
    this.membership = client.openGroup(onlyMember(groupId, { assignor, ...options }))
    onTestFinished(() => this.stop())
  }

  async join(): Promise<void> {
    const assignment = await this.membership.join({ timeoutMs: patienceMs })
    this.joins++
    this.partitions = assignment.partitions.map(({ partition }) => partition)
    this.userData = assignment.userData.toString()
  }

  /** Joins in the background and stays a member. */
  start(): this {
    this.#running = this.#run()
    return this
  }

  /** Does nothing more; does not leave. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      if (this.joins === 0) await this.join()
      while (!this.#stopped) {
        await pause(20)
        if (this.#stopped) return
        const wanted = await this.#heartbeat()
        if (wanted === 'rebalance' && !this.#stopped) await this.join()
      }
    } catch (error) {
      if (!this.#stopped) this.failure = error as Error
    }
  }

  async #heartbeat(): Promise<'stable' | 'rebalance'> {
    try {
      return await this.membership.heartbeat()
    } catch (error) {
      if (!(error instanceof FencedError)) throw error
      this.fenced++
      return 'rebalance'
    }
  }
}
