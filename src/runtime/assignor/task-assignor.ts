import { createHash } from 'node:crypto'
import type {
  GroupAssignment,
  GroupAssignor,
  GroupMemberSubscription,
  GroupSubscription,
} from '../../broker/port.ts'
import { TopologyError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { TopologyPlan } from '../../topology/topology-plan.ts'
import type { TaskInputs } from '../topic-layout.ts'
import { assignTasks } from './assign-tasks.ts'
import type { AssignableMember } from './assignment.ts'
import { decodeMemberData, encodeData, foreignMember, type MemberData } from './member-data.ts'

/** What the assignor asks of its worker. */
export interface TaskAssignorOptions {
  readonly topics: readonly string[]
  readonly logger: Logger
  memberData(): MemberData
  /** All tasks of the application, as of now. */
  tasks(): Promise<ReadonlyMap<string, TaskInputs>>
}

interface Member {
  readonly memberId: string
  /** Undefined where it cannot be read. */
  readonly data: MemberData | undefined
}

/**
 * Shares an application's tasks among its workers.
 *
 * Workers with another topology are told to stop, since tasks of the same name would be other tasks there. Those that
 * already run tasks stay; it is the newcomers that are refused.
 */
export class TaskAssignor implements GroupAssignor {
  readonly name = 'millrace'
  readonly #options: TaskAssignorOptions

  constructor(options: TaskAssignorOptions) {
    this.#options = options
  }

  subscription(): GroupSubscription {
    return {
      topics: this.#options.topics,
      userData: encodeData(this.#options.memberData()),
    }
  }

  /** Throws `TopologyError` where this worker is itself the one whose topology differs. */
  async assign(
    subscriptions: readonly GroupMemberSubscription[],
  ): Promise<Map<string, GroupAssignment>> {
    const tasks = await this.#options.tasks()
    const members: Member[] = subscriptions.map(({ memberId, userData }) => ({
      memberId,
      data: decodeMemberData(userData),
    }))
    const { fingerprint: own } = this.#options.memberData()
    if (rulingFingerprint(members, own) !== own) throw new TopologyError(differingTopology)
    const assignments = new Map<string, GroupAssignment>()
    const accepted: AssignableMember[] = []
    for (const { memberId, data } of members) {
      if (data?.fingerprint === own) {
        const { processId, owned: active } = data
        const stored = new Map(data.stored.map((name) => [name, 0]))
        accepted.push({ memberId, processId, active, standby: [], stored })
      } else {
        assignments.set(memberId, this.#refusal(memberId, data))
      }
    }
    const assignable = [...tasks.keys()].map((name) => ({ name, endOffsetSum: 0 }))
    const { members: given } = assignTasks(assignable, accepted, {
      numStandbyReplicas: 0,
      acceptableRecoveryLag: 0,
      maxWarmupReplicas: 1,
    })
    for (const [memberId, { active: names }] of given) {
      assignments.set(memberId, {
        partitions: names.flatMap((name) => tasks.get(name)!.partitions),
        userData: encodeData({ version: 1, tasks: names }),
      })
    }
    const shares = [...given].map(([memberId, { active }]) => `${memberId}: ${active.length}`)
    this.#options.logger.info('Assigned the tasks', { tasks: tasks.size, shares })
    return assignments
  }

  #refusal(memberId: string, data: MemberData | undefined): GroupAssignment {
    const refused = data
      ? differingTopology
      : `What this worker says of itself cannot be read by the group's leader: ${foreignMember}`
    this.#options.logger.error('A group member gets no tasks', { memberId, reason: refused })
    return { partitions: [], userData: encodeData({ version: 1, tasks: [], refused }) }
  }
}

/** The same for topologies whose tasks, topics and stores have the same names. */
export function topologyFingerprint(plan: TopologyPlan): string {
  const shape = plan.subTopologies.map(({ id, nodes, sourceTopics, stores }) => ({
    id,
    nodes: nodes.map((node) => node.name),
    sourceTopics,
    stores: stores.map((store) => store.storeName),
  }))
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 16)
}

/** The topology of those who run tasks already: of most tasks, where that differs; where none runs, the leader's. */
function rulingFingerprint(members: readonly Member[], own: string): string {
  const owned = new Map<string, number>([[own, 0]])
  for (const { data } of members) {
    if (!data) continue
    owned.set(data.fingerprint, (owned.get(data.fingerprint) ?? 0) + data.owned.length)
  }
  const most = Math.max(...owned.values())
  if (owned.get(own) === most) return own
  return [...owned].find(([, count]) => count === most)![0]
}

const differingTopology =
  'This worker runs another topology than those that already run under the same application id. Workers of one ' +
  'application must run the same topology: stop the old ones before the new ones start, or use another applicationId'
