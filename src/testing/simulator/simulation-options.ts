import type { Broker } from '../../broker/port.ts'
import type { ErrorHandlers } from '../../runtime/error-handlers.ts'
import type { WorkerConfig } from '../../runtime/worker-config.ts'
import type { StateProvider } from '../../state/task-state.ts'
import type { Topic } from '../../topology/topic.ts'
import type { TopologyPlan } from '../../topology/topology-plan.ts'
import type { OutputComparison } from './compare-records.ts'
import type { SimulationFaults } from './faults.ts'
import type { SeededRandom } from './seeded-random.ts'

/** A record of a simulation's input. */
export interface SimulatedRecord<K, V> {
  readonly key: K | null
  /** Null is a tombstone. */
  readonly value: V | null
  /**
   * Event time in milliseconds since the epoch.
   *
   * @defaultValue one later than that of the record before
   */
  readonly timestampMs?: number
  /** @defaultValue by the key, as Kafka's producers choose; without a key by chance */
  readonly partition?: number
}

/** Adds a record to the input; of each topic they are written in this order. */
export type AddInput = <K, V>(topic: Topic<K, V>, record: SimulatedRecord<K, V>) => void

/** What is simulated. Whatever is left out is drawn from the seed. */
export interface SimulationOptions {
  /** The same seed and options give the same simulation, step by step. A whole number. */
  readonly seed: number
  readonly topology: { plan(): TopologyPlan }
  /** Makes the input; draws from `random` what is to differ from seed to seed. */
  readonly input: (add: AddInput, random: SeededRandom) => void
  /** @defaultValue 'exactly_once' */
  readonly processingGuarantee?: 'exactly_once' | 'at_least_once'
  /**
   * How the records of an output topic are compared, by its name. Under `at_least_once` a record that was expected may
   * be there several times; the `latest` one of a key must then be right all the same, as of a maximum, or a set.
   *
   * @defaultValue 'sequence' for every topic that the topology writes by name
   */
  readonly outputs?: Readonly<globalThis.Record<string, OutputComparison>>
  /**
   * The stores whose rows are compared with the recomputed ones: those that hold no offsets and partitions, which are
   * others in a recomputation.
   *
   * @defaultValue all of them under `exactly_once`, none under `at_least_once`
   */
  readonly stores?: readonly string[]
  /** Workers at the start. @defaultValue 2 to 4 */
  readonly workers?: number
  /** Of every topic of the input and the output. @defaultValue 1 to 3 */
  readonly partitions?: number
  /** @defaultValue some kinds, at rates by chance */
  readonly faults?: Partial<SimulationFaults>
  /** @defaultValue short times by chance, so that commits and timeouts are many */
  readonly config?: Partial<WorkerConfig>
  /** @defaultValue records that fail are dead letters, which a simulation takes for a difference */
  readonly handlers?: Partial<ErrorHandlers>
  /** Virtual milliseconds over which the input is written. @defaultValue 300 to 1,200 */
  readonly spreadMs?: number
  /** Puts something between each worker and its broker, as to see whether a fault in it would be found. */
  readonly wrapBroker?: (broker: Broker) => Broker
  /** The same between each worker and its state. */
  readonly wrapState?: (state: StateProvider) => StateProvider
}
