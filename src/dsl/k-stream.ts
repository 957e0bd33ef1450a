import type { StoreRef } from '../state/store.ts'
import type { ProcessorSupplier } from '../topology/processor.ts'
import type { Topic } from '../topology/topic.ts'
import type { DynamicTopic, StoreOf } from '../topology/topology-options.ts'
import type { Action, Joiner, KeyValue, Mapper, Predicate } from './callbacks.ts'
import type { AsyncMapper, MapValuesAsyncOptions } from './async-options.ts'
import type {
  GlobalJoinOptions,
  GroupedOptions,
  JoinedOptions,
  MaterializedOptions,
  NamedOptions,
  PrintOptions,
  ProcessOptions,
  ProducedOptions,
  RepartitionOptions,
  SerdeOptions,
} from './operator-options.ts'
import type { DedupRules } from './dedup-options.ts'
import type { StreamJoinedRules } from './stream-joined-options.ts'
import type { KeepsKeys, NeedsSerde, Takes } from './type-checks.ts'
import type { KGroupedStream } from './k-grouped-stream.ts'
import type { GlobalKTable, KTable } from './k-table.ts'

// The nouns of the DSL name each other: the types of k-stream, k-grouped-stream, k-cogrouped-stream and k-table may
// import each other in a circle, which nothing that runs may.

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
