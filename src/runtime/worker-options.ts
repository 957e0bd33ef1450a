import type { Broker } from '../broker/port.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import type { Metrics } from '../metrics/sensors.ts'
import type { SerdeEnvironment } from '../serdes/serde.ts'
import type { StateProvider } from '../state/task-state.ts'
import type { TimestampExtractor, TopologyPlan } from '../topology/topology-plan.ts'
import type { ErrorHandlers } from './error-handlers.ts'
import type { WorkerConfig } from './worker-config.ts'

/** All that a worker is made of. The broker client and the state provider stay the caller's to close. */
export interface WorkerOptions {
  readonly applicationId: string
  readonly plan: TopologyPlan
  readonly broker: Broker
  readonly state: StateProvider
  readonly environment: SerdeEnvironment
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  readonly handlers: ErrorHandlers
  readonly config: WorkerConfig
  /** Takes the event time where a source has no extractor of its own. @defaultValue the record's own timestamp */
  readonly timestampExtractor?: TimestampExtractor
}
