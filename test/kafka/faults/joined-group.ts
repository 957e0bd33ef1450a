import type { Broker, GroupMembership, GroupOptions } from '../../../src/broker/port.ts'
import { uniqueName } from '../kafka-client.ts'

/** Makes a topic that no other test uses. */
export async function newTopic(broker: Broker, prefix: string, partitions = 1): Promise<string> {
  const topic = uniqueName(prefix)
  await broker.createTopics([{ name: topic, partitions }])
  return topic
}

/** A member of a group of which nothing but its identity is wanted. */
export async function joinedGroup(
  broker: Broker,
  topic: string,
  options: Partial<GroupOptions> = {},
): Promise<GroupMembership> {
  const userData = Buffer.alloc(0)
  const group = broker.openGroup({
    groupId: uniqueName('group'),
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    ...options,
    assignor: {
      name: 'all',
      subscription: () => ({ topics: [topic], userData }),
      assign: async (members) =>
        new Map(members.map(({ memberId }) => [memberId, { partitions: [], userData }])),
    },
  })
  await group.join()
  return group
}
