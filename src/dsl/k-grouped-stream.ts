import type { CountWindowed } from '../core/count-windowed.ts'
import type { SessionWindowed, Windowed } from '../core/windowed.ts'
import type { Serde } from '../serdes/serde.ts'
import type { Aggregator, Initializer, Merger, Reducer } from './callbacks.ts'
import type { CountWindows } from './count-windows.ts'
import type {
  CountWindowedOptions,
  MaterializedOptions,
  WindowedOptions,
} from './operator-options.ts'
import type { SameType } from './type-checks.ts'
import type { SessionWindows } from './session-windows.ts'
import type { SlidingWindows } from './sliding-windows.ts'
import type { TimeWindows } from './time-windows.ts'
import type { UnlimitedWindows } from './unlimited-windows.ts'
import type { KStream } from './k-stream.ts'
import type { CogroupedKStream } from './k-cogrouped-stream.ts'
import type { KTable } from './k-table.ts'

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
