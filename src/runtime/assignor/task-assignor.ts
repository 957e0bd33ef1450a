import { createHash } from 'node:crypto'
import type {
  GroupAssignment,
  GroupAssignor,
  GroupIdentity,
  GroupMemberSubscription,
  GroupSubscription,
} from '../../broker/port.ts'
import { TopologyError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { TopologyNode, TopologyPlan } from '../../topology/topology-plan.ts'
import type { TaskInputs } from '../topic-layout.ts'
import type { SettledTopics } from '../topic-layouts.ts'
import { assignTasks } from './assign-tasks.ts'
import type { AssignmentSettings } from './assignment.ts'
import { handOver, ownersOf } from './hand-over.ts'
import {
  dataVersion,
  decodeMemberData,
  encodeData,
  foreignMember,
  noTasks,
  type AssignmentData,
  type MemberData,
} from './member-data.ts'

/** What the assignor asks of its worker. */
export interface TaskAssignorOptions {
  /** The topics that the tasks read; the group keeps their offsets. */
  topics(): readonly string[]
  readonly logger: Logger
  readonly settings: AssignmentSettings
  /** After so long tasks are assigned anew where copies of their state are being made to move them to. Milliseconds. */
  readonly probingRebalanceIntervalMs: number
  memberData(last: GroupIdentity | undefined): MemberData
  /** The topics that there are now, and the tasks that follow from them. */
  look(): Promise<SettledTopics>
  /** By task, the sum of the end offsets of its changelogs; a task is absent that has no state to restore. */
  changelogEnds(tasks: ReadonlyMap<string, TaskInputs>): Promise<ReadonlyMap<string, number>>
}

interface Member {
  readonly memberId: string
  /** Undefined where it cannot be read. */
  readonly data: MemberData | undefined
}

/** A member that takes part. */
type Accepted = MemberData & { readonly memberId: string }

/**
 * Shares an application's tasks among its workers.
 *
 * Workers with another topology are told to stop, since tasks of the same name would be other tasks there. Those that
 * already run tasks stay; it is the newcomers that are refused.
 *
 * @remarks Source: `org.apache.kafka.streams.processor.internals.StreamsPartitionAssignor`.
 */
export class TaskAssignor implements GroupAssignor {
  readonly name = 'millrace'
  readonly #options: TaskAssignorOptions

  constructor(options: TaskAssignorOptions) {
    this.#options = options
  }

  subscription(last: GroupIdentity | undefined): GroupSubscription {
    return {
      topics: this.#options.topics(),
      userData: encodeData(this.#options.memberData(last)),
    }
  }

  /** Throws `TopologyError` where this worker is itself the one whose topology differs. */
  async assign(
    subscriptions: readonly GroupMemberSubscription[],
  ): Promise<Map<string, GroupAssignment>> {
    const { inputs, layout } = await this.#options.look()
    const { tasks } = layout
    const members: Member[] = subscriptions.map(({ memberId, userData }) => ({
      memberId,
      data: decodeMemberData(userData),
    }))
    const { fingerprint: own } = this.#options.memberData(undefined)
    if (rulingFingerprint(members, own) !== own) throw new TopologyError(differingTopology)
    const assignments = new Map<string, GroupAssignment>()
    const accepted: Accepted[] = []
    for (const { memberId, data } of members) {
      if (data?.fingerprint === own) accepted.push({ ...data, memberId })
      else assignments.set(memberId, this.#refusal(memberId, data))
    }
    for (const [memberId, data] of await this.#share(tasks, accepted)) {
      assignments.set(memberId, {
        partitions: data.active.flatMap((name) => tasks.get(name)!.partitions),
        userData: encodeData({ ...data, inputs }),
      })
    }
    return assignments
  }

  async #share(
    tasks: ReadonlyMap<string, TaskInputs>,
    accepted: readonly Accepted[],
  ): Promise<Map<string, AssignmentData>> {
    const { settings, logger, probingRebalanceIntervalMs } = this.#options
    const ends = await this.#options.changelogEnds(tasks)
    const owners = ownersOf(accepted)
    const target = assignTasks(
      [...tasks.keys()].map((name) => ({ name, endOffsetSum: ends.get(name) })),
      accepted.map(({ memberId, processId, active, standby, stored }) => ({
        memberId,
        processId,
        active: active.filter((task) => owners.get(task) === memberId),
        standby,
        stored: new Map(Object.entries(stored)),
      })),
      settings,
    )
    const told = handOver(target.members, accepted)
    const moving = [...told.values()].reduce((sum, { awaited }) => sum + awaited.length, 0)
    const shares = [...told].map(([memberId, { active }]) => `${memberId}: ${active.length}`)
    logger.info('Assigned the tasks', { tasks: tasks.size, shares, moving })
    // One member is enough to ask for the assignment to be made anew.
    const prober = target.isProbing ? [...told.keys()].toSorted()[0] : undefined
    return new Map(
      [...told].map(([memberId, each]) => {
        const probe = memberId === prober ? { probeAfterMs: probingRebalanceIntervalMs } : {}
        return [memberId, { version: dataVersion, ...each, unsettled: moving > 0, ...probe }]
      }),
    )
  }

  #refusal(memberId: string, data: MemberData | undefined): GroupAssignment {
    const refused = data
      ? differingTopology
      : `What this worker says of itself cannot be read by the group's leader: ${foreignMember}`
    this.#options.logger.error('A group member gets no tasks', { memberId, reason: refused })
    return { partitions: [], userData: encodeData({ ...noTasks, refused }) }
  }
}

/** The same for topologies whose tasks, topics and stores have the same names. */
export function topologyFingerprint(plan: TopologyPlan): string {
  const shape = plan.subTopologies.map(({ id, nodes, sourceTopics, stores }) => ({
    id,
    nodes: nodes.map((node) => node.name),
    sourceTopics,
    // Left out of the text where there is none. What matches it now is no part of what the topology is.
    patterns: patternsOf(nodes),
    stores: stores.map((store) => store.storeName),
  }))
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 16)
}

function patternsOf(nodes: readonly TopologyNode[]): string[] | undefined {
  const patterns = nodes.flatMap((node) =>
    node.type === 'source' && node.pattern ? [String(node.pattern)] : [],
  )
  return patterns.length > 0 ? patterns : undefined
}

/** The topology of those who run tasks already: of most tasks, where that differs; where none runs, the leader's. */
function rulingFingerprint(members: readonly Member[], own: string): string {
  const owned = new Map<string, number>([[own, 0]])
  for (const { data } of members) {
    if (!data) continue
    owned.set(data.fingerprint, (owned.get(data.fingerprint) ?? 0) + data.active.length)
  }
  const most = Math.max(...owned.values())
  if (owned.get(own) === most) return own
  return [...owned].find(([, count]) => count === most)![0]
}

const differingTopology =
  'This worker runs another topology than those that already run under the same application id. Workers of one ' +
  'application must run the same topology: stop the old ones before the new ones start, or use another applicationId'
