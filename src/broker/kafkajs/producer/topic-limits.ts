import { BrokerUnavailableError } from '../../../core/errors.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { codes } from '../protocol/error-codes.ts'
import { describeTopicConfigs } from '../protocol/topic-requests.ts'

/** What a topic takes. */
export interface TopicLimits {
  /** The largest batch. */
  readonly maxBatchBytes: number
  /** Compacted topics take no record without a key. */
  readonly compacted: boolean
}

const sizeKey = 'max.message.bytes'
const policyKey = 'cleanup.policy'

/** Kafka's own defaults. */
const defaults: TopicLimits = { maxBatchBytes: 1_048_588, compacted: false }

/**
 * What each topic takes, so that a record that it never will is refused before it is sent. Where the configuration
 * may not be read, Kafka's defaults are assumed; the broker refuses what it does not take all the same.
 */
export async function topicLimits(
  cluster: Cluster,
  topics: readonly string[],
): Promise<Map<string, TopicLimits>> {
  const limits = new Map(topics.map((topic) => [topic, defaults]))
  const { logger } = cluster.environment
  try {
    const request = describeTopicConfigs(topics, [sizeKey, policyKey])
    for (const { topic, errorCode, config } of await cluster.sendToAny(request)) {
      if (errorCode !== codes.none) {
        logger.warn('The configuration of a topic cannot be read.', { topic, errorCode })
        continue
      }
      const maxBatchBytes = Number(config.get(sizeKey)) || defaults.maxBatchBytes
      const compacted = config.get(policyKey)?.includes('compact') === true
      limits.set(topic, { maxBatchBytes, compacted })
    }
  } catch (error) {
    if (error instanceof BrokerUnavailableError) throw error
    logger.warn('The configuration of topics cannot be read.', { topics, error })
  }
  return limits
}
