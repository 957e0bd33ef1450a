import type { WindowedKey } from '../core/windowed.ts'
import type { Serde } from '../serdes/serde.ts'
import type { StoreRef } from '../state/store.ts'
import type {
  LostOffsetPolicy,
  OffsetReset,
  StreamPartitioner,
  TimestampExtractor,
} from '../topology/topology-plan.ts'
import type { Mapper } from './callbacks.ts'
import type {
  StoreOption,
  StoreOptions,
  TableStoreOptions,
  WindowStoreOption,
} from './store-options.ts'

/** What every operator takes. Source: Java's `Named`. */
export interface NamedOptions {
  /** The node's name. @defaultValue generated, as Kafka Streams generates it */
  readonly name?: string
}

/** The serdes of what comes of an operator, needed where it is repartitioned or stored. */
export interface SerdeOptions<K, V> extends NamedOptions {
  readonly key?: Serde<K>
  readonly value?: Serde<V>
}

/** Source: Java's `Consumed`. */
export interface ConsumedOptions<K, V> extends NamedOptions {
  /** @defaultValue the record's own timestamp */
  readonly timestampExtractor?: TimestampExtractor<K, V>
  /** @defaultValue what the application's configuration says */
  readonly offsetReset?: OffsetReset
  /** When records are gone before they were read. @defaultValue what the application's configuration says */
  readonly onLostOffset?: LostOffsetPolicy
}

export interface TableOptions<K, V> extends ConsumedOptions<K, V> {
  /** Holds the table in a store of this name. @defaultValue held only where an operator needs it */
  readonly store?: StoreOption
}

/** Source: Java's `Produced`. */
export interface ProducedOptions<K, V> extends NamedOptions {
  /** @defaultValue Kafka's partitioner, by key */
  readonly partitioner?: StreamPartitioner<K, V>
}

/** Source: Java's `Printed`. */
export interface PrintOptions extends NamedOptions {
  /** What each line begins with, in brackets. @defaultValue the name of the operator before */
  readonly label?: string
  /** Takes each line, without its end. @defaultValue writes it to standard output */
  readonly write?: (line: string) => void
}

/** Source: Java's `Repartitioned`. */
export interface RepartitionOptions<K, V> extends SerdeOptions<K, V> {
  /** @defaultValue as many as the topics have with which this one is joined, or the one that it comes of */
  readonly partitions?: number
  /** @defaultValue Kafka's partitioner, by key */
  readonly partitioner?: StreamPartitioner<K, V>
}

/** Source: Java's `Grouped`. */
export interface GroupedOptions<K, V> {
  /** Names the repartition topic, `<name>-repartition`, where there is one. */
  readonly name?: string
  readonly key: Serde<K>
  /** @defaultValue the stream's own, where it is known */
  readonly value?: Serde<V>
}

/** Source: Java's `Named` and `Materialized`. */
export interface MaterializedOptions extends NamedOptions {
  readonly store?: StoreOption
}

/** What becomes of records that come too late for a window. */
export interface LateOptions<LateStream = unknown> {
  /**
   * Takes the stream of the records of which a window would have nothing any more because it had closed: each once,
   * as it came, however many windows it came too late for. They are counted as dropped all the same.
   *
   * @defaultValue they are counted and logged only
   */
  readonly late?: (stream: LateStream) => void
}

/**
 * When a window's result is sent on: with each update of it, or once, when it has closed.
 *
 * @remarks Source: Java's `EmitStrategy`.
 */
export type WindowEmit = 'update' | 'window-close'

/** What all windowed aggregations take. Source: Java's `Materialized` for window stores. */
export interface WindowedTableOptions<LateStream = unknown>
  extends NamedOptions, LateOptions<LateStream> {
  readonly store?: WindowStoreOption
  /**
   * How long windows are kept, in milliseconds of stream time.
   *
   * @defaultValue the windows' size and grace; for sliding windows twice their time difference, and grace; for sessions
   * their gap and grace
   */
  readonly retentionMs?: number
}

/** The options of a windowed aggregation of one stream. */
export interface WindowedOptions<LateStream = unknown> extends WindowedTableOptions<LateStream> {
  /** @defaultValue `'update'` */
  readonly emit?: WindowEmit
  /**
   * With `'window-close'`: the least wall-clock time in milliseconds between two looks for windows that have closed;
   * 0 looks with each record. Results that would leave the store first are sent at once.
   *
   * @defaultValue 1000
   */
  readonly emitIntervalMs?: number
}

/** The options of an aggregation by count. */
export interface CountWindowedOptions extends NamedOptions {
  /** Keeps the windows that are not full; `ttlMs` forgets keys that are silent. @defaultValue a generated name */
  readonly store?: string | Omit<TableStoreOptions, 'versioned'>
  /** When a window's result is sent on: once, when it is full, or with each update of it. @defaultValue `'full'` */
  readonly emit?: 'full' | 'update'
}

/**
 * A table made of another one; given a store, it is held there, else it is computed when it is read. A windowed
 * table is held where it was aggregated only.
 */
export interface DerivedTableOptions<K> extends NamedOptions {
  readonly store?: [K] extends [WindowedKey<unknown>] ? never : StoreOption
}

/** Source: Java's `Named` and `Materialized`, with the stores that the transformer uses. */
export interface TransformValuesOptions<
  K,
  Out,
  Stores extends readonly StoreRef[],
> extends DerivedTableOptions<K> {
  /** Needed where the table is held in a store. */
  readonly value?: Serde<Out>
  readonly stores?: Stores
}

/** How an index of a table is kept. */
export interface IndexOptions<I> extends NamedOptions {
  /** Reads and writes index keys. */
  readonly key: Serde<I>
  /** Where and how the index is kept; its name is the index's own. */
  readonly store?: Omit<StoreOptions, 'name'>
}

/** Source: Java's `Named` and `Materialized`. */
export interface TableJoinOptions<K, Out> extends DerivedTableOptions<K> {
  /** Needed where the result is held in a store. */
  readonly value?: Serde<Out>
}

/** Source: Java's `TableJoined` and `Materialized`. */
export interface ForeignKeyJoinOptions<K, V, OtherK, Out> extends TableJoinOptions<K, Out> {
  /** The other table's key for a row of this one: its foreign key. Null where it has none. */
  readonly on: Mapper<K, V, OtherK | null>
  /** How this table's topics are partitioned. @defaultValue answers go to the partition that the row came from */
  readonly partitioner?: StreamPartitioner<K, null>
  /** How the other table's topics are partitioned. @defaultValue Kafka's partitioner, by key */
  readonly otherPartitioner?: StreamPartitioner<OtherK, null>
}

/** Source: Java's `Joined`. */
export interface JoinedOptions<K, V> extends SerdeOptions<K, V> {
  /** Names the node, and the repartition topic where the stream must be repartitioned. */
  readonly name?: string
  /**
   * Holds records back until stream time has passed them by this, in milliseconds, so that updates of the table which
   * are late by as much still count. The table must be versioned, with a history at least as long.
   *
   * @defaultValue records are joined as they come
   * @remarks Source: KIP-923, Java's `Joined.withGracePeriod`.
   */
  readonly graceMs?: number
}

export interface GlobalJoinOptions<K, V, TableK> extends NamedOptions {
  /** The table's key for a record; null where it has none. */
  readonly on: Mapper<K, V, TableK | null>
}

/** The stores that a processor uses, and the serdes of what it forwards. */
export interface ProcessOptions<K, V, Stores extends readonly StoreRef[]> extends SerdeOptions<
  K,
  V
> {
  readonly stores?: Stores
}
