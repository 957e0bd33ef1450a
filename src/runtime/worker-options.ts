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

/** Which of its process's threads a worker is. */
export interface WorkerThread {
  /** The same for all threads of a process, which share a state folder and the machine's fate. */
  readonly processId: string
  /** From 1. A thread that replaces another takes its place. */
  readonly index: number
}

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
  /** @defaultValue the only worker of its process */
  readonly thread?: WorkerThread
  /** Takes the event time where a source has no extractor of its own. @defaultValue the record's own timestamp */
  readonly timestampExtractor?: TimestampExtractor
}
