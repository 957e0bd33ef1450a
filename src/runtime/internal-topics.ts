import type { Broker } from '../broker/port.ts'
import { TopologyError } from '../core/errors.ts'
import type { InternalTopicNeed } from './topic-layout.ts'

/**
 * Creates the internal topics that are missing and checks those that are there.
 *
 * @throws TopologyError for a topic that exists with another number of partitions than the topology needs
 * @remarks Source: Java's `InternalTopicManager.makeReady`.
 */
export async function makeTopicsReady(
  broker: Broker,
  needs: readonly InternalTopicNeed[],
  replicationFactor: number | undefined,
): Promise<void> {
  const existing = await broker.describeTopics(needs.map((need) => need.name))
  const missing = needs.filter((need) => !existing.has(need.name))
  if (missing.length > 0) {
    await broker.createTopics(
      missing.map((need) => ({
        ...need,
        ...(replicationFactor === undefined ? {} : { replicationFactor }),
      })),
    )
  }
  for (const { name, partitions } of needs) {
    const there = existing.get(name)
    if (!there || there.partitions === partitions) continue
    throw new TopologyError(
      `The internal topic ${name} has ${there.partitions} partitions where the topology now needs ` +
        `${partitions}: its input's partition count was changed. Use another applicationId, or delete the ` +
        "application's internal topics and local state to begin anew",
    )
  }
}
