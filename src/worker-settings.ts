import type { KafkaStreamsConfig } from './kafka-streams-config.ts'
import type { workerConfig } from './runtime/worker-config.ts'

/** The settings that the worker itself reads. */
export function workerSettings(config: KafkaStreamsConfig): Parameters<typeof workerConfig>[0] {
  const { processingGuarantee, commitIntervalMs, sessionTimeoutMs, heartbeatIntervalMs } = config
  const { transactionTimeoutMs, retryBackoffMs, autoCreateTopics, compression } = config
  const { rebalanceTimeoutMs, maxTaskIdleMs, maxUncommittedBytes, maxBufferedBytes } = config
  const { maxPollIntervalMs, groupInstanceId, metadataMaxAgeMs } = config
  const { offsetReset, onLostOffset, replicationFactor, deadLetterTopic, onCorruptState } = config
  const { holdBackLaterRecords, maxHeldBackRecords, onHeldBackLimit } = config
  const { numStandbyReplicas, acceptableRecoveryLag } = config
  const { maxWarmupReplicas, probingRebalanceIntervalMs } = config
  const all = {
    processingGuarantee,
    commitIntervalMs,
    sessionTimeoutMs,
    heartbeatIntervalMs,
    rebalanceTimeoutMs,
    maxPollIntervalMs,
    groupInstanceId,
    transactionTimeoutMs,
    retryBackoffMs,
    autoCreateTopics,
    compression,
    maxTaskIdleMs,
    maxUncommittedBytes,
    maxBufferedBytes,
    offsetReset,
    onLostOffset,
    metadataMaxAgeMs,
    replicationFactor,
    deadLetterTopic,
    holdBackLaterRecords,
    maxHeldBackRecords,
    onHeldBackLimit,
    onCorruptState,
    numStandbyReplicas,
    acceptableRecoveryLag,
    maxWarmupReplicas,
    probingRebalanceIntervalMs,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}
