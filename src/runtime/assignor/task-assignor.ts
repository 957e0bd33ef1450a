import { createHash } from 'node:crypto'
import type {
  GroupAssignment,
  GroupAssignor,
  GroupMemberSubscription,
  GroupSubscription,
} from '../../broker/port.ts'
import type { Logger } from '../../core/logger.ts'
import { TopologyError } from '../../core/errors.ts'
import type { TopologyPlan } from '../../topology/topology-plan.ts'
import type { TaskInputs } from '../topic-layout.ts'
import { assignTasks } from './assign-tasks.ts'
import { decodeMemberData, encodeData, type MemberData } from './member-data.ts'

/** What the assignor asks of its worker. */
export interface TaskAssignorOptions {
  readonly topics: readonly string[]
  readonly logger: Logger
  memberData(): MemberData
  /** All tasks of the application, as of now. */
  tasks(): Promise<ReadonlyMap<string, TaskInputs>>
}

/** Shares an application's tasks among its workers. */
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

  async assign(
    subscriptions: readonly GroupMemberSubscription[],
  ): Promise<Map<string, GroupAssignment>> {
    const tasks = await this.#options.tasks()
    const own = this.#options.memberData().fingerprint
    const members = subscriptions.map(({ memberId, userData }) => {
      const data = decodeMemberData(memberId, userData)
      if (data.fingerprint !== own) throw differingTopologies(memberId)
      return { memberId, owned: data.owned, stored: data.stored }
    })
    const given = assignTasks([...tasks.keys()], members)
    const shares = [...given].map(([memberId, names]) => `${memberId}: ${names.length}`)
    this.#options.logger.info('Assigned the tasks', { tasks: tasks.size, shares })
    return new Map(
      [...given].map(([memberId, names]) => [
        memberId,
        {
          partitions: names.flatMap((name) => tasks.get(name)!.partitions),
          userData: encodeData({ version: 1, tasks: names }),
        },
      ]),
    )
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

function differingTopologies(memberId: string): TopologyError {
  return new TopologyError(
    `Group member ${memberId} runs another topology under the same application id. Workers of one ` +
      'application must run the same topology: stop the old ones before the new ones start, or use ' +
      'another applicationId',
  )
}
