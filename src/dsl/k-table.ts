import type { SessionWindowed, Windowed } from '../core/windowed.ts'
import type { Serde } from '../serdes/serde.ts'
import type { SessionStore } from '../state/session-store-types.ts'
import type { KeyValueStore, StoreRef, WindowStore } from '../state/store.ts'
import type { IndexRef, TableIndex } from '../state/table-index.ts'
import type { ProcessorContext } from '../topology/processor.ts'
import type { StoreOf } from '../topology/topology-options.ts'
import type {
  Aggregator,
  Initializer,
  Joiner,
  KeyValue,
  Mapper,
  Predicate,
  Reducer,
} from './callbacks.ts'
import type {
  DerivedTableOptions,
  ForeignKeyJoinOptions,
  GroupedOptions,
  IndexOptions,
  MaterializedOptions,
  NamedOptions,
  SerdeOptions,
  TableJoinOptions,
  TransformValuesOptions,
} from './operator-options.ts'
import type { SameType } from './type-checks.ts'
import type { SuppressOptions } from './suppress-options.ts'
import type { ValueTransformerSupplier } from './value-transformer.ts'
import type { KStream } from './k-stream.ts'

/** The store that holds a table: a window or session store where its keys are windowed. */
export type TableStore<K, V> = 'windowType' extends keyof K
  ? [K] extends [SessionWindowed<infer Inner>]
    ? SessionStore<Inner, V>
    : [K] extends [Windowed<infer Inner>]
      ? WindowStore<Inner, V>
      : KeyValueStore<K, V>
  : KeyValueStore<K, V>

/**
 * The latest value of each key. Where it is held in a store, it names that store in typed code.
 *
 * @remarks Source: `org.apache.kafka.streams.kstream.KTable`.
 */
export interface KTable<K, V> extends StoreRef<TableStore<K, V>> {
  /** The name of the store that holds it. @throws TopologyError where none does; give it a `store`. */
  readonly storeName: string
  /** The rows for which the predicate holds; a type guard narrows the values. */
  filter<Out extends V>(
    predicate: (value: V, key: K) => value is Out,
    options?: DerivedTableOptions<K>,
  ): KTable<K, Out>
  filter(predicate: Predicate<K, V>, options?: DerivedTableOptions<K>): KTable<K, V>
  /** The rows for which the predicate does not hold. */
  filterNot(predicate: Predicate<K, V>, options?: DerivedTableOptions<K>): KTable<K, V>
  /** The rows with other values; null leaves a row out. A value serde is needed where there is a store. */
  mapValues<VOut>(
    mapper: Mapper<K, V, VOut | null>,
    options?: DerivedTableOptions<K> & { readonly value?: Serde<NoInfer<VOut>> },
  ): KTable<K, VOut>
  /**
   * The rows with other values, which a transformer makes with the help of stores and timers. It is asked for deletions
   * too. Without a store of its own, the table's values are computed again as they are needed.
   */
  transformValues<VOut, const Stores extends readonly StoreRef[] = readonly []>(
    supplier: ValueTransformerSupplier<K, V, VOut, StoreOf<Stores[number]>>,
    options?: TransformValuesOptions<K, NoInfer<VOut>, Stores>,
  ): KTable<K, VOut>
  /**
   * The rows, with their updates held back: until stream time is so far past the first of them, or until their window
   * takes no more records. Then the last one is emitted.
   *
   * @throws TopologyError for a bound or a time that is no whole number, and where windows are waited for without any.
   */
  suppress(options: SuppressOptions<K>): KTable<K, V>
  /**
   * Keeps the table's rows by something that is in them, so that they are found by it: in processors that name the index
   * in their `stores`, in views, and in tests. It changes in the same commit as the table. The name is that of the
   * index's store; the table is held in a store too.
   *
   * @param selector - the index keys of a row: one, several, or none
   * @throws TopologyError where the table is derived and not held in a store, or is windowed.
   */
  index<I>(
    this: KTable<[K] extends [Windowed<unknown>] ? never : K, V>,
    name: string,
    selector: (value: V, key: K) => I | readonly I[] | null | undefined,
    options: IndexOptions<NoInfer<I>>,
  ): KTableIndex<I, K, V>
  // The foreign-key form stands first, so that the compiler knows the parameters of `on`.
  /**
   * Each row joined with the row of the other table that its foreign key names; rows without one are left out. Tables
   * may have different partitions: rows and answers travel through two topics of the application's own.
   *
   * @throws TopologyError for a table of another builder, and where a serde of either table is unknown.
   * @remarks Source: `KTable.join` with a foreign-key extractor (KIP-213), `TableJoined`.
   */
  join<OtherK, OtherV, VOut>(
    other: KTable<OtherK, OtherV>,
    joiner: Joiner<K, V, OtherV, VOut | null>,
    options: ForeignKeyJoinOptions<K, V, NoInfer<OtherK>, NoInfer<VOut>>,
  ): KTable<K, VOut>
  /**
   * Each row joined with the row of the same key in another table; null leaves a row out. Topics of both must have as
   * many partitions as each other. The result follows updates of both tables, and has the time of the later one.
   *
   * @throws TopologyError for a table of another builder, and where the result is to be held and its serde is unknown.
   * @remarks Source: `KTable.join`, `leftJoin`, `outerJoin`; KIP-914 where tables are versioned.
   */
  join<OtherV, VOut>(
    other: KTable<K, OtherV>,
    joiner: Joiner<K, V, OtherV, VOut | null>,
    options?: TableJoinOptions<K, NoInfer<VOut>>,
  ): KTable<K, VOut>
  /** The same, where a row for which the other table has nothing is joined with null. */
  leftJoin<OtherK, OtherV, VOut>(
    other: KTable<OtherK, OtherV>,
    joiner: Joiner<K, V, OtherV | null, VOut | null>,
    options: ForeignKeyJoinOptions<K, V, NoInfer<OtherK>, NoInfer<VOut>>,
  ): KTable<K, VOut>
  leftJoin<OtherV, VOut>(
    other: KTable<K, OtherV>,
    joiner: Joiner<K, V, OtherV | null, VOut | null>,
    options?: TableJoinOptions<K, NoInfer<VOut>>,
  ): KTable<K, VOut>
  /** The same, where a row of either table for which the other one has nothing is joined with null. */
  outerJoin<OtherV, VOut>(
    other: KTable<K, OtherV>,
    joiner: Joiner<K, V | null, OtherV | null, VOut | null>,
    options?: TableJoinOptions<K, NoInfer<VOut>>,
  ): KTable<K, VOut>
  // This form stands first: a function has a name, so that it would pass for options.
  /** The table's updates under another key; null for a deletion. What follows by key is repartitioned. */
  toStream<KOut>(
    selector: Mapper<K, V | null, KOut>,
    options?: SerdeOptions<NoInfer<KOut>, V>,
  ): KStream<KOut, V | null>
  /** The table's updates; null for a deletion. */
  toStream(options?: NamedOptions): KStream<K, V | null>
  /** Groups rows by another key. Needs a repartition topic. */
  groupBy<KOut, VOut>(
    selector: Mapper<K, V, KeyValue<KOut | null, VOut | null>>,
    options: GroupedOptions<NoInfer<KOut>, NoInfer<VOut>> & {
      readonly value: Serde<NoInfer<VOut>>
    },
  ): KGroupedTable<KOut, VOut>
}

/** An index of a table, which names it in typed code. */
export interface KTableIndex<I, K, V> extends IndexRef<I, K, V>, StoreRef {
  readonly storeName: string
  /** The index as a processor reads it that named it in its `stores`: with what was written so far. */
  from(context: ProcessorContext<never, never>): TableIndex<I, K, V>
}

/** A table's rows by another key, to be aggregated. Source: Java's `KGroupedTable`. */
export interface KGroupedTable<K, V> {
  /** How many rows each group has. */
  count(options?: MaterializedOptions): KTable<K, number>
  /** Each group's values made one; `subtractor` takes out the value of a row that changed or went. */
  reduce(adder: Reducer<V>, subtractor: Reducer<V>, options?: MaterializedOptions): KTable<K, V>
  /** Each group's rows folded into one value; `subtractor` takes out a row that changed or went. */
  aggregate<Agg, Stored = Agg>(
    initializer: Initializer<Agg>,
    adder: Aggregator<K, V, NoInfer<Agg>>,
    subtractor: Aggregator<K, V, NoInfer<Agg>>,
    options: MaterializedOptions & {
      readonly value: Serde<Agg> & Serde<Stored> & SameType<Agg, Stored>
    },
  ): KTable<K, Agg>
}

/** A table of which every worker holds all partitions. Source: Java's `GlobalKTable`. */
export interface GlobalKTable<K, V> extends StoreRef<KeyValueStore<K, V>> {
  readonly storeName: string
}
