import type { Serde } from '../serdes/serde.ts'
import type { JoinWindows } from './join-windows.ts'
import type { SerdeOptions } from './operator-options.ts'
import type { StoreOptions } from './store-options.ts'

/** How the records of a join's side are held until their windows have closed. */
export interface JoinStoreOptions extends StoreOptions {
  /**
   * How long records are held, in milliseconds of stream time. @defaultValue the windows' size and grace, which is
   * the least
   */
  readonly retentionMs?: number
}

/** What a join of two streams takes. Source: Java's `StreamJoined`. */
export interface StreamJoinedRules<K, V, OtherV> extends SerdeOptions<K, V> {
  /** Names the join's nodes, `<name>-…`, and the repartition topics, `<name>-left` and `<name>-right`, where there are. */
  readonly name?: string
  /** Which records are a pair. */
  readonly windows: JoinWindows
  /** @defaultValue the stream's own, where it is known */
  readonly key?: Serde<K>
  /** @defaultValue the stream's own, where it is known */
  readonly value?: Serde<V>
  /** @defaultValue the other stream's own, where it is known */
  readonly otherValue?: Serde<OtherV>
  /**
   * The stores of both sides, and the one of records without a match; their names begin with this one.
   *
   * @defaultValue generated names, which change when operators are added before this one
   */
  readonly store?: string | JoinStoreOptions
  /** The store of this stream's records alone, by its whole name. Source: Java's `withThisStoreSupplier`. */
  readonly thisStore?: string | JoinStoreOptions
  /** The store of the other stream's records alone, by its whole name. */
  readonly otherStore?: string | JoinStoreOptions
  /**
   * The least wall-clock time in milliseconds between two looks for records whose windows have closed without a match,
   * of left and outer joins; 0 looks with each record by which stream time moves on.
   *
   * @defaultValue 1000
   */
  readonly emitIntervalMs?: number
}
