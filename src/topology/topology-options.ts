import type { Record } from '../core/record.ts'
import type { Serde } from '../serdes/serde.ts'
import type {
  KeyValueStoreSpec,
  SessionStoreSpec,
  VersionedStoreSpec,
  WindowStoreSpec,
} from '../state/store-spec.ts'
import type { StateStore, StoreRef } from '../state/store.ts'
import type { Parent } from './node-ref.ts'
import type { Processor } from './processor.ts'
import type { Topic } from './topic.ts'
import type {
  LostOffsetPolicy,
  OffsetReset,
  StreamPartitioner,
  TimestampExtractor,
} from './topology-plan.ts'

/** A store declaration of any key and value type. */
export type AnyStoreSpec =
  KeyValueStoreSpec | WindowStoreSpec | SessionStoreSpec | VersionedStoreSpec

/** Topics that are chosen by record. Topics chosen so must exist. Source: Java's `TopicNameExtractor`. */
export interface DynamicTopic<K, V> {
  readonly name: (value: V, key: K, record: Record<K, V>) => string
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/** The store type that a reference names. */
export type StoreOf<R> = R extends StoreRef<infer S extends StateStore> ? S : never

export interface SourceOptions<K, V> {
  /** @defaultValue the record's own timestamp */
  readonly timestampExtractor?: TimestampExtractor<K, V>
  /** @defaultValue what the application's configuration says */
  readonly offsetReset?: OffsetReset
  /** When records are gone before they were read. @defaultValue what the application's configuration says */
  readonly onLostOffset?: LostOffsetPolicy
}

export interface ProcessorOptions<KIn, VIn, Stores extends readonly StoreRef[] = readonly []> {
  readonly parents: readonly Parent<KIn, VIn>[]
  /** Stores that were added and that the processor may use; a declaration that was not added yet is added. */
  readonly stores?: Stores
  /**
   * Whether each record that it forwards has the key and timestamp of the record it came from; lets state be read
   * ahead for the processors behind it.
   *
   * @defaultValue false
   */
  readonly keepsKey?: boolean
}

export interface SinkOptions<K, V> {
  /** Keys may be absent, and so may values (tombstones). */
  readonly parents: readonly Parent<K | null, V | null>[]
  /** @defaultValue Kafka's partitioner, by key */
  readonly partitioner?: StreamPartitioner<K, V>
}

export interface GlobalStoreOptions<K, V> {
  readonly topic: Topic<K, V>
  readonly sourceName: string
  readonly processorName: string
  /** Writes the topic's records into the store, unchanged: after a restart the store is filled without it. */
  readonly supplier: () => Processor<K, V | null>
  /** @defaultValue the record's own timestamp */
  readonly timestampExtractor?: TimestampExtractor<K, V>
}
