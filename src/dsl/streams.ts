import type { CountWindowed } from '../core/count-windowed.ts'
import type { SessionWindowed, Windowed } from '../core/windowed.ts'
import type { Serde } from '../serdes/serde.ts'
import type { SessionStore } from '../state/session-store-types.ts'
import type { KeyValueStore, StoreRef, WindowStore } from '../state/store.ts'
import type { IndexRef, TableIndex } from '../state/table-index.ts'
import type { ProcessorContext, ProcessorSupplier } from '../topology/processor.ts'
import type { Topic } from '../topology/topic.ts'
import type { DynamicTopic, StoreOf } from '../topology/topology-options.ts'
import type {
  Action,
  Aggregator,
  Initializer,
  Joiner,
  KeyValue,
  Mapper,
  Merger,
  Predicate,
  Reducer,
} from './callbacks.ts'
import type { AsyncMapper, MapValuesAsyncOptions } from './async-options.ts'
import type { CountWindows } from './count-windows.ts'
import type {
  CountWindowedOptions,
  DerivedTableOptions,
  ForeignKeyJoinOptions,
  GlobalJoinOptions,
  GroupedOptions,
  IndexOptions,
  JoinedOptions,
  MaterializedOptions,
  NamedOptions,
  PrintOptions,
  ProcessOptions,
  ProducedOptions,
  RepartitionOptions,
  SerdeOptions,
  TableJoinOptions,
  TransformValuesOptions,
  WindowedOptions,
  WindowedTableOptions,
} from './operator-options.ts'
import type { DedupRules } from './dedup-options.ts'
import type { StreamJoinedRules } from './stream-joined-options.ts'
import type { KeepsKeys, NeedsSerde, SameType, Takes } from './type-checks.ts'
import type { SessionWindows } from './session-windows.ts'
import type { SlidingWindows } from './sliding-windows.ts'
import type { TimeWindows } from './time-windows.ts'
import type { SuppressOptions } from './suppress-options.ts'
import type { ValueTransformerSupplier } from './value-transformer.ts'

import type { UnlimitedWindows } from './unlimited-windows.ts'

// The DSL's nouns name each other, so their types stand together in one file; what is behind them does not.

/** The store that holds a table: a window or session store where its keys are windowed. */
export type TableStore<K, V> = 'windowType' extends keyof K
  ? [K] extends [SessionWindowed<infer Inner>]
    ? SessionStore<Inner, V>
    : [K] extends [Windowed<infer Inner>]
      ? WindowStore<Inner, V>
      : KeyValueStore<K, V>
  : KeyValueStore<K, V>

/**
 * A stream of records. Each method adds an operator and returns what comes of it; nothing runs before the topology
 * does. A record of the stream may have a null value where its topic has tombstones, whatever `V` says.
 *
 * @remarks Source: `org.apache.kafka.streams.kstream.KStream`.
 */
export interface KStream<K, V> {
  /** Lets the records pass for which the predicate holds; a type guard narrows the values. */
  filter<Out extends V>(
    predicate: (value: V, key: K) => value is Out,
    options?: NamedOptions,
  ): KStream<K, Out>
  filter(predicate: Predicate<K, V>, options?: NamedOptions): KStream<K, V>
  /** Lets the records pass for which the predicate does not hold. */
  filterNot(predicate: Predicate<K, V>, options?: NamedOptions): KStream<K, V>
  /** Gives each record another key and value. What follows by key is repartitioned. */
  map<KOut, VOut>(
    mapper: Mapper<K, V, KeyValue<KOut, VOut>>,
    options?: SerdeOptions<NoInfer<KOut>, NoInfer<VOut>>,
  ): KStream<KOut, VOut>
  /** Gives each record another value. */
  mapValues<VOut>(
    mapper: Mapper<K, V, VOut>,
    options?: SerdeOptions<K, NoInfer<VOut>>,
  ): KStream<K, VOut>
  /**
   * Gives each record another value by a call that takes its time, such as a request to a service, with so many calls in
   * flight at once. Calls of one key are made one after the other, and results go on in the order of the records
   * unless `orderedBy` says otherwise. A record is committed only when its call has ended and its result has gone on;
   * after a failure a call may be made again for a record that had it before.
   *
   * A call that fails, after the attempts that `retry` allows, goes to the `processing` error handler with its record.
   */
  mapValuesAsync<VOut>(
    mapper: AsyncMapper<K, V, VOut>,
    options: MapValuesAsyncOptions<K, NoInfer<VOut>>,
  ): KStream<K, VOut>
  /** Makes any number of records of each. What follows by key is repartitioned. */
  flatMap<KOut, VOut>(
    mapper: Mapper<K, V, Iterable<KeyValue<KOut, VOut>>>,
    options?: SerdeOptions<NoInfer<KOut>, NoInfer<VOut>>,
  ): KStream<KOut, VOut>
  /** Makes any number of records of each, under the same key. */
  flatMapValues<VOut>(
    mapper: Mapper<K, V, Iterable<VOut>>,
    options?: SerdeOptions<K, NoInfer<VOut>>,
  ): KStream<K, VOut>
  /** Gives each record another key. What follows by key is repartitioned. */
  selectKey<KOut>(
    selector: Mapper<K, V, KOut>,
    options?: SerdeOptions<NoInfer<KOut>, V>,
  ): KStream<KOut, V>
  /** Does something for each record and lets it pass. It may happen again for a record after a failure. */
  peek(action: Action<K, V>, options?: NamedOptions): KStream<K, V>
  /** Does something for each record. It may happen again for a record after a failure. */
  foreach(action: Action<K, V>, options?: NamedOptions): void
  /** Writes each record as a line, for looking at a stream while it is developed: `[label]: key, value`. */
  print(options?: PrintOptions): void
  /** Sends each record to the first of several streams whose predicate holds; a type guard narrows its values. */
  branch<const P extends Readonly<globalThis.Record<string, Predicate<K, V>>>>(
    predicates: P,
    options?: NamedOptions,
  ): { readonly [N in keyof P]: KStream<K, Branched<P[N], V>> }
  /** The same, one branch after the other. */
  split(options?: NamedOptions): BranchedKStream<K, V>
  /** The records of both streams, in no particular order between the two. */
  merge(other: KStream<K, V>, options?: SerdeOptions<K, V>): KStream<K, V>
  /** Sends the records through a topic of the application's own, by key. */
  repartition(options?: RepartitionOptions<K, V>): KStream<K, V>
  /** Groups records by another key. Needs a repartition topic. */
  groupBy<KOut>(
    selector: Mapper<K, V, KOut>,
    options: GroupedOptions<NoInfer<KOut>, NoInfer<V>>,
  ): KGroupedStream<KOut, V>
  /** Groups records by their key. Needs a repartition topic where the key was changed before. */
  groupByKey(options?: Partial<GroupedOptions<K, V>>): KGroupedStream<K, V>
  /**
   * Lets the first record of each id pass and drops its duplicates: those whose event time differs from its by less
   * than `windowMs`. Which is first is a matter of order, not of time, so a result is never taken back. A record that
   * comes so late that its id may be forgotten passes.
   *
   * @throws TopologyError for times that are no whole milliseconds, and where a serde that is needed is not known.
   * @remarks Source: KIP-655.
   */
  dedup<Id = string>(options: DedupOptions<K, V, Id> & NeedsSerde<Id>): KStream<K, V>
  /** Writes the records to a topic, or to the topics that a function chooses, which must exist. */
  to<KTopic, VTopic>(
    topic: (Topic<KTopic, VTopic> | DynamicTopic<KTopic, VTopic>) & Takes<K, V, KTopic, VTopic>,
    options?: ProducedOptions<KTopic, VTopic>,
  ): void
  /** The latest value of each key; a null value deletes. */
  toTable(
    options?: MaterializedOptions & SerdeOptions<K, NonNullable<V>>,
  ): KTable<K, NonNullable<V>>
  /** Handles records with a processor, which may use the stores that are named in the options. */
  process<KOut = unknown, VOut = unknown, const Stores extends readonly StoreRef[] = readonly []>(
    supplier: ProcessorSupplier<K, V, KOut, VOut, StoreOf<Stores[number]>>,
    options?: ProcessOptions<KOut, VOut, Stores>,
  ): KStream<KOut, VOut>
  /** The same with a processor that keeps keys, so that nothing is repartitioned. It throws where one does not. */
  processValues<VOut = unknown, const Stores extends readonly StoreRef[] = readonly [], KOut = K>(
    supplier: ProcessorSupplier<K, V, KOut, VOut, StoreOf<Stores[number]>> & KeepsKeys<K, KOut>,
    options?: ProcessOptions<K, VOut, Stores>,
  ): KStream<K, VOut>
  /**
   * Joins each record with those of another stream that have the same key and a time within the windows.
   *
   * @throws TopologyError for a stream of another builder, and where a serde that is needed is not known.
   */
  join<OtherV, VOut>(
    stream: KStream<K, OtherV>,
    joiner: Joiner<K, V, OtherV, VOut>,
    options: StreamJoinedOptions<K, V, NoInfer<OtherV>>,
  ): KStream<K, VOut>
  /** Joins each record with what a table holds for its key; records for which it has nothing go no further. */
  join<TableV, VOut>(
    table: KTable<K, TableV>,
    joiner: Joiner<K, V, TableV, VOut>,
    options?: JoinedOptions<K, V>,
  ): KStream<K, VOut>
  join<TableK, TableV, VOut>(
    table: GlobalKTable<TableK, TableV>,
    joiner: Joiner<K, V, TableV, VOut>,
    options: GlobalJoinOptions<K, V, NoInfer<TableK>>,
  ): KStream<K, VOut>
  /**
   * The same with another stream, where records that find no match are joined with null, once their window has closed
   * and stream time has passed it by the grace.
   */
  leftJoin<OtherV, VOut>(
    stream: KStream<K, OtherV>,
    joiner: Joiner<K, V, OtherV | null, VOut>,
    options: StreamJoinedOptions<K, V, NoInfer<OtherV>>,
  ): KStream<K, VOut>
  /** The same with a table, where records for which the table has nothing are joined with null. */
  leftJoin<TableV, VOut>(
    table: KTable<K, TableV>,
    joiner: Joiner<K, V, TableV | null, VOut>,
    options?: JoinedOptions<K, V>,
  ): KStream<K, VOut>
  leftJoin<TableK, TableV, VOut>(
    table: GlobalKTable<TableK, TableV>,
    joiner: Joiner<K, V, TableV | null, VOut>,
    options: GlobalJoinOptions<K, V, NoInfer<TableK>>,
  ): KStream<K, VOut>
  /**
   * Joins the records of two streams as `join` does, where records of either that find no match are joined with null,
   * once their window has closed and stream time has passed it by the grace.
   */
  outerJoin<OtherV, VOut>(
    stream: KStream<K, OtherV>,
    joiner: Joiner<K, V | null, OtherV | null, VOut>,
    options: StreamJoinedOptions<K, V, NoInfer<OtherV>>,
  ): KStream<K, VOut>
}

/** How two streams are joined, and what becomes of records that come too late. */
export interface StreamJoinedOptions<K, V, OtherV> extends StreamJoinedRules<K, V, OtherV> {
  /**
   * Takes the stream of this stream's records that came too late to be kept for later ones of the other: older than
   * its highest time by the windows' size and grace. They are joined with what is there and counted as late all the
   * same.
   *
   * @defaultValue they are counted and logged only
   */
  readonly late?: (stream: KStream<K, V>) => void
  /** The same for the other stream's records. */
  readonly otherLate?: (stream: KStream<K, OtherV>) => void
}

/** How duplicates are known, and what becomes of them. */
export interface DedupOptions<K, V, Id> extends DedupRules<K, V, Id> {
  /** Gets the duplicates, which are counted and dropped otherwise. */
  readonly duplicates?: (duplicates: KStream<K, V>) => void
}

/** The values of a branch: what its predicate narrows them to, if it is a type guard. */
export type Branched<P, V> = P extends TypeGuard<infer Out> ? Out & V : V

// A method's parameters are compared leniently, so that a guard of any value type matches.
type TypeGuard<Out> = { check(value: unknown, ...rest: never[]): value is Out }['check']

/** Branches in the making. Source: Java's `BranchedKStream`. */
export interface BranchedKStream<K, V> {
  /** Adds a branch; `name` is put behind the split's own. @defaultValue the branch's number, from 1 */
  branch(predicate: Predicate<K, V>, options?: NamedOptions): BranchedKStream<K, V>
  /** Adds the branch of all other records and ends the split. Returns the branches by their full names. */
  defaultBranch(options?: NamedOptions): ReadonlyMap<string, KStream<K, V>>
  /** Ends the split; other records go no further. Returns the branches by their full names. */
  noDefaultBranch(): ReadonlyMap<string, KStream<K, V>>
}

/** Records by key, to be aggregated. Source: Java's `KGroupedStream`. */
export interface KGroupedStream<K, V> {
  /** How many records each key has had. */
  count(options?: MaterializedOptions): KTable<K, number>
  /** Each key's values made one. */
  reduce(
    reducer: Reducer<V>,
    options?: MaterializedOptions & { readonly value?: Serde<V> },
  ): KTable<K, V>
  /** Each key's records folded into one value. */
  aggregate<Agg, Stored = Agg>(
    initializer: Initializer<Agg>,
    aggregator: Aggregator<K, V, NoInfer<Agg>>,
    options: MaterializedOptions & {
      readonly value: Serde<Agg> & Serde<Stored> & SameType<Agg, Stored>
    },
  ): KTable<K, Agg>
  /** Aggregates so many records of a key each, however much time they take. */
  windowedBy(windows: CountWindows): CountWindowedKStream<K, V>
  /** Groups records by window too. */
  windowedBy(windows: SessionWindows): SessionWindowedKStream<K, V>
  windowedBy(windows: TimeWindows | SlidingWindows | UnlimitedWindows): TimeWindowedKStream<K, V>
  /** Begins an aggregation of several grouped streams into one table, each with an aggregator of its own. */
  cogroup<Agg>(aggregator: Aggregator<K, V, Agg>): CogroupedKStream<K, Agg>
}

/**
 * Records by key and number, to be aggregated. Unlike windows of time a window by count is over once it is full, so the
 * results are a stream; the store holds the windows that are not full.
 */
export interface CountWindowedKStream<K, V> {
  /** How many records a window has: with `emit: 'update'` how far it is. */
  count(options?: CountWindowedOptions): KStream<CountWindowed<K>, number>
  /** The values of each window made one. */
  reduce(
    reducer: Reducer<V>,
    options?: CountWindowedOptions & { readonly value?: Serde<V> },
  ): KStream<CountWindowed<K>, V>
  /** The records of each window folded into one value. */
  aggregate<Agg, Stored = Agg>(
    initializer: Initializer<Agg>,
    aggregator: Aggregator<K, V, NoInfer<Agg>>,
    options: CountWindowedOptions & {
      readonly value: Serde<Agg> & Serde<Stored> & SameType<Agg, Stored>
    },
  ): KStream<CountWindowed<K>, Agg>
}

/** Records by key and window, to be aggregated. Source: Java's `TimeWindowedKStream`. */
export interface TimeWindowedKStream<K, V> {
  /** How many records each key has had in each window. */
  count(options?: WindowedOptions<KStream<K, V>>): KTable<Windowed<K>, number>
  /** Each key's values in each window made one. */
  reduce(
    reducer: Reducer<V>,
    options?: WindowedOptions<KStream<K, V>> & { readonly value?: Serde<V> },
  ): KTable<Windowed<K>, V>
  /** Each key's records in each window folded into one value. */
  aggregate<Agg, Stored = Agg>(
    initializer: Initializer<Agg>,
    aggregator: Aggregator<K, V, NoInfer<Agg>>,
    options: WindowedOptions<KStream<K, V>> & {
      readonly value: Serde<Agg> & Serde<Stored> & SameType<Agg, Stored>
    },
  ): KTable<Windowed<K>, Agg>
}

/** Records by key and session, to be aggregated. Source: Java's `SessionWindowedKStream`. */
export interface SessionWindowedKStream<K, V> {
  /** How many records each session of each key has had. */
  count(options?: WindowedOptions<KStream<K, V>>): KTable<SessionWindowed<K>, number>
  /** Each session's values made one; also those of sessions that become one. */
  reduce(
    reducer: Reducer<V>,
    options?: WindowedOptions<KStream<K, V>> & { readonly value?: Serde<V> },
  ): KTable<SessionWindowed<K>, V>
  /** Each session's records folded into one value; `merger` makes one of the values of two sessions. */
  aggregate<Agg, Stored = Agg>(
    initializer: Initializer<Agg>,
    aggregator: Aggregator<K, V, NoInfer<Agg>>,
    merger: Merger<K, NoInfer<Agg>>,
    options: WindowedOptions<KStream<K, V>> & {
      readonly value: Serde<Agg> & Serde<Stored> & SameType<Agg, Stored>
    },
  ): KTable<SessionWindowed<K>, Agg>
}

/**
 * Several grouped streams that are aggregated into one table: with the same key, and each with values of its own type.
 *
 * @remarks Source: Java's `CogroupedKStream`, KIP-150.
 */
export interface CogroupedKStream<K, Agg> {
  /** The same with one stream more. @throws TopologyError for a stream that is in already. */
  cogroup<V>(
    grouped: KGroupedStream<K, V>,
    aggregator: Aggregator<K, V, NoInfer<Agg>>,
  ): CogroupedKStream<K, Agg>
  /** Each key's records folded into one value. */
  aggregate<Stored = Agg>(
    initializer: Initializer<Agg>,
    options: MaterializedOptions & {
      readonly value: Serde<Agg> & Serde<Stored> & SameType<Agg, Stored>
    },
  ): KTable<K, Agg>
  /** Groups records by window too. */
  windowedBy(windows: SessionWindows): SessionWindowedCogroupedKStream<K, Agg>
  windowedBy(
    windows: TimeWindows | SlidingWindows | UnlimitedWindows,
  ): TimeWindowedCogroupedKStream<K, Agg>
}

/** Source: Java's `TimeWindowedCogroupedKStream`. */
export interface TimeWindowedCogroupedKStream<K, Agg> {
  /** Each key's records in each window folded into one value. A stream's records are late by that stream's own time. */
  aggregate<Stored = Agg>(
    initializer: Initializer<Agg>,
    options: WindowedTableOptions<KStream<K, unknown>> & {
      readonly value: Serde<Agg> & Serde<Stored> & SameType<Agg, Stored>
    },
  ): KTable<Windowed<K>, Agg>
}

/** Source: Java's `SessionWindowedCogroupedKStream`. */
export interface SessionWindowedCogroupedKStream<K, Agg> {
  /** Each session's records folded into one value; `merger` makes one of the values of two sessions. */
  aggregate<Stored = Agg>(
    initializer: Initializer<Agg>,
    merger: Merger<K, Agg>,
    options: WindowedTableOptions<KStream<K, unknown>> & {
      readonly value: Serde<Agg> & Serde<Stored> & SameType<Agg, Stored>
    },
  ): KTable<SessionWindowed<K>, Agg>
}

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
