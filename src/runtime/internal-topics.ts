import type { Broker } from '../broker/port.ts'
import { TopologyError, UnknownTopicError } from '../core/errors.ts'
import type { InternalTopicNeed } from './topic-layout.ts'

/** How topics are created. */
export interface TopicCreation {
  /** Whether missing topics are created at all. */
  readonly autoCreateTopics: boolean
  /** Undefined: the broker's default. */
  readonly replicationFactor: number | undefined
}

/**
 * Creates the internal topics that are missing and checks those that are there.
 *
 * @throws TopologyError for a topic that exists with another number of partitions than the topology needs;
 * UnknownTopicError for those that are missing where none are to be created
 * @remarks Source: Java's `InternalTopicManager.makeReady`.
 */
export async function makeTopicsReady(
  broker: Broker,
  needs: readonly InternalTopicNeed[],
  { autoCreateTopics, replicationFactor }: TopicCreation,
): Promise<void> {
  const existing = await broker.describeTopics(needs.map((need) => need.name))
  const missing = needs.filter((need) => !existing.has(need.name))
  if (missing.length > 0 && !autoCreateTopics) throw notCreated(missing)
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
        `${partitions}: the partition count of its input was changed, so that keys lie elsewhere than what is stored of ` +
        `them. Put repartition({ partitions: ${there.partitions} }) behind the input to keep what is there; or use ` +
        "another applicationId, or delete the application's internal topics and local state, to begin anew",
    )
  }
}

function notCreated(missing: readonly InternalTopicNeed[]): UnknownTopicError {
  const listed = missing.map(({ name, partitions, config }) => {
    const settings = Object.entries(config).map(([key, value]) => `${key}=${value}`)
    return `${name} with ${partitions} partitions (${settings.join(', ')})`
  })
  return new UnknownTopicError(
    `Topics of the application are missing and autoCreateTopics is false; create ${listed.join('; ')}`,
  )
}
