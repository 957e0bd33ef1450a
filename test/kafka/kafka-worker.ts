import { memoryState } from 'millrace/state'
import type { Topology } from 'millrace'
import type { Broker } from '../../src/broker/port.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger, type Logger } from '../../src/core/logger.ts'
import { systemRandom } from '../../src/core/random.ts'
import { noMetrics } from '../../src/metrics/sensors.ts'
import { workerConfig } from '../../src/runtime/worker-config.ts'
import { Worker } from '../../src/runtime/worker.ts'
import { allDeadLetters } from '../runtime/worker-harness.ts'

export interface KafkaWorkerOptions {
  readonly applicationId: string
  readonly topology: Topology
  readonly broker: Broker
  readonly config: Parameters<typeof workerConfig>[0]
  readonly logger?: Logger
}

/** A worker on a real Kafka with its state in memory, which is yet to be started. */
export function kafkaWorker({
  applicationId,
  topology,
  broker,
  config,
  logger = silentLogger,
}: KafkaWorkerOptions): Worker {
  return new Worker({
    applicationId,
    plan: topology.plan(),
    broker,
    state: memoryState(),
    environment: {},
    clock: systemClock,
    random: systemRandom,
    logger,
    metrics: noMetrics,
    handlers: allDeadLetters,
    config: workerConfig(config),
  })
}
