import type { Record } from '../core/record.ts'
import type { Serde } from '../serdes/serde.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { Processor } from './processor.ts'

// The types of keys and values are checked where nodes are added; from here on they are unknown to the compiler.

/** What a timestamp extractor may ask beside the record. */
export interface ExtractionContext {
  /** The wall-clock time, in milliseconds since the epoch. */
  now(): number
}

/**
 * Takes the event time of a record, in milliseconds since the epoch. Returns a negative number to have the record
 * dropped, which is counted and logged; what it throws ends the worker. `partitionTimeMs` is the highest time of the
 * partition's records so far, −1 before the first.
 *
 * @remarks Source: Java's `TimestampExtractor`, KIP-32.
 */
export type TimestampExtractor<K = unknown, V = unknown> = (
  record: Record<K, V>,
  partitionTimeMs: number,
  context: ExtractionContext,
) => number

/**
 * Chooses the partition of a record, 0 ≤ p < partitions, or several of them, each of which gets a copy; none of them
 * drops the record, which is counted and logged. Undefined: Kafka's default by key.
 *
 * @remarks Source: Java's `StreamPartitioner`, KIP-837.
 */
export type StreamPartitioner<K = unknown, V = unknown> = (
  topic: string,
  key: K,
  value: V,
  partitions: number,
) => number | readonly number[] | undefined

/** Where reading begins when the group has no committed offset. */
export type OffsetReset = 'earliest' | 'latest'

/**
 * What happens when the offset that is next is no longer on the broker, as after retention removed it: the worker stops
 * with an error that says what is gone, or goes on at the log's beginning or end with a warning and a count of what was
 * passed over.
 */
export type LostOffsetPolicy = 'fail' | 'earliest' | 'latest'

export interface SourceNode {
  readonly type: 'source'
  readonly name: string
  /**
   * Logical names; those in {@link TopologyPlan.internalTopics} get the application id as a prefix. Of a source with a
   * pattern, those that were found; none as long as nobody has looked.
   */
  readonly topics: readonly string[]
  /** What the whole names of its topics match; undefined where they are named. */
  readonly pattern: RegExp | undefined
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
  readonly timestampExtractor: TimestampExtractor | undefined
  readonly offsetReset: OffsetReset | undefined
  readonly onLostOffset: LostOffsetPolicy | undefined
  readonly children: readonly string[]
}

export interface ProcessorNode {
  readonly type: 'processor'
  readonly name: string
  readonly supplier: () => Processor<unknown, unknown, unknown, unknown>
  readonly stores: readonly string[]
  /** Whether every record it forwards has the key and timestamp of the record it came from; lets prefetch see through it. */
  readonly keepsKey: boolean
  readonly children: readonly string[]
}

export interface SinkNode {
  readonly type: 'sink'
  readonly name: string
  /** A logical topic name, or a function that chooses one by record. */
  readonly topic:
    string | ((key: unknown, value: unknown, record: Record<unknown, unknown>) => string)
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
  readonly partitioner: StreamPartitioner | undefined
}

export type TopologyNode = SourceNode | ProcessorNode | SinkNode

/** A topic that the application owns: created with the application id and a dash before its name. */
export interface InternalTopic {
  /** Logical name, such as `by-category-repartition`. */
  readonly name: string
  readonly kind: 'repartition' | 'changelog'
  /** Undefined: as many as the co-partitioned inputs have, or the sub-topology's tasks. */
  readonly partitions: number | undefined
  readonly config: Readonly<globalThis.Record<string, string>>
}

/** The nodes that are connected by other than topics: what one task runs. */
export interface SubTopology {
  readonly id: number
  /** Parents before children. */
  readonly nodes: readonly TopologyNode[]
  /** Logical names of all topics that its sources read. */
  readonly sourceTopics: readonly string[]
  readonly stores: readonly StoreSpec[]
  /**
   * The topics that stores are restored from, by store name: changelogs, which are internal topics, or the source topic
   * of a table that has no changelog. A store that is not restored is absent.
   */
  readonly changelogs: ReadonlyMap<string, string>
  /** Logical topic names that must have as many partitions as each other. */
  readonly copartitionGroups: readonly (readonly string[])[]
}

/** A store of which every worker keeps a whole copy, fed from a topic. Source: Java's global store. */
export interface GlobalStorePlan {
  readonly source: SourceNode
  readonly processor: ProcessorNode
  readonly store: StoreSpec
  /** The source topic: it is its own changelog. */
  readonly topic: string
}

/** A topology as the runtime reads it: plain data, complete, with names settled. */
export interface TopologyPlan {
  readonly subTopologies: readonly SubTopology[]
  readonly globalStores: readonly GlobalStorePlan[]
  /** By logical name. */
  readonly internalTopics: ReadonlyMap<string, InternalTopic>
  /** Names of sources whose topics must have as many partitions as each other. */
  readonly copartitionedSources: readonly (readonly string[])[]
  /** Names that the DSL made up: others are made up where something is declared before. */
  readonly generatedNames: ReadonlySet<string>
}

/** The name of a topic on the broker: internal topics carry the application id. */
export function decoratedTopicName(
  plan: TopologyPlan,
  applicationId: string,
  logicalName: string,
): string {
  return plan.internalTopics.has(logicalName) ? `${applicationId}-${logicalName}` : logicalName
}
