import type { SessionWindowed, Windowed } from '../core/windowed.ts'
import type { Serde } from '../serdes/serde.ts'
import type { Aggregator, Initializer, Merger } from './callbacks.ts'
import type { MaterializedOptions, WindowedTableOptions } from './operator-options.ts'
import type { SameType } from './type-checks.ts'
import type { SessionWindows } from './session-windows.ts'
import type { SlidingWindows } from './sliding-windows.ts'
import type { TimeWindows } from './time-windows.ts'
import type { UnlimitedWindows } from './unlimited-windows.ts'
import type { KStream } from './k-stream.ts'
import type { KGroupedStream } from './k-grouped-stream.ts'
import type { KTable } from './k-table.ts'

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
