import { BrokerUnavailableError } from '../../../core/errors.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { codes } from '../protocol/error-codes.ts'
import { describeTopicConfigs } from '../protocol/topic-requests.ts'

const key = 'max.message.bytes'

/** Kafka's default for `max.message.bytes`. */
const defaultMaxMessageBytes = 1_048_588

/**
 * The largest batch that each topic takes. Where the configuration may not be read, the default is assumed; the
 * broker refuses what is too large all the same.
 */
export async function topicLimits(
  cluster: Cluster,
  topics: readonly string[],
): Promise<Map<string, number>> {
  const limits = new Map(topics.map((topic) => [topic, defaultMaxMessageBytes]))
  try {
    for (const result of await cluster.sendToAny(describeTopicConfigs(topics, [key]))) {
      const value = Number(result.config.get(key))
      if (result.errorCode === codes.none && value > 0) limits.set(result.topic, value)
    }
  } catch (error) {
    if (error instanceof BrokerUnavailableError) throw error
    cluster.environment.logger.warn('The topics configuration cannot be read.', { topics, error })
  }
  return limits
}
