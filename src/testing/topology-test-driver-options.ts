import type { Logger } from '../core/logger.ts'
import type { Metrics } from '../metrics/sensors.ts'
import type { ErrorHandlers } from '../runtime/error-handlers.ts'
import type { SchemaRegistry } from '../serdes/schema-registry.ts'
import type { TimestampExtractor } from '../topology/topology-plan.ts'

/** How a {@link TopologyTestDriver} runs a topology. */
export interface TopologyTestDriverOptions {
  /** @defaultValue 'test' */
  readonly applicationId?: string
  /**
   * The wall-clock time at which the test begins, in milliseconds since the epoch.
   *
   * @defaultValue 0
   */
  readonly startMs?: number
  /** @defaultValue a registry of the driver's own, in process */
  readonly schemaRegistry?: SchemaRegistry
  /** @defaultValue 'fail' for each stage, so that a test sees what goes wrong */
  readonly handlers?: Partial<ErrorHandlers>
  /**
   * Whether later records of a dead letter's key are held back, as the setting of that name says.
   *
   * @defaultValue false
   */
  readonly holdBackLaterRecords?: boolean
  /** @defaultValue none: a test's output stays its own */
  readonly logger?: Logger
  /** @defaultValue none */
  readonly metrics?: Metrics
  /**
   * How long records wait for those of other, empty topics, in milliseconds of the driver's wall clock.
   *
   * @defaultValue 0
   */
  readonly maxTaskIdleMs?: number
  /** Takes the event time where a source has no extractor of its own. */
  readonly timestampExtractor?: TimestampExtractor
  /**
   * How many partitions the topology believes its output topics to have, by name; for testing partitioners.
   *
   * @defaultValue 1 each
   */
  readonly partitions?: Readonly<globalThis.Record<string, number>>
}
