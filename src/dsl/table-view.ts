import type { MaybePromise } from '../core/maybe-promise.ts'
import type { ValueAndTimestamp } from '../state/store.ts'
import type { ProcessorContext } from '../topology/processor.ts'

/** Reads a table's values where it is joined with something. Source: Java's `KTableValueGetter`. */
export interface TableReader<K, V> {
  /**
   * Null or undefined where the table has nothing for the key. A table that keeps history answers as of a time where
   * one is given; others answer with the latest value.
   */
  get(key: K, asOfMs?: number): MaybePromise<V | null | undefined>
  /** The latest value with the event time of the update that made it. */
  getWithTimestamp(key: K): MaybePromise<ValueAndTimestamp<V> | undefined>
  prefetch(key: K, asOfMs?: number): void
  /** Closes what was opened to read the table; the stores are not. Absent: there is nothing. */
  close?(): MaybePromise<void>
}

/**
 * A way to read a table: from its own store, or computed from the store of a table above it.
 *
 * @remarks Source: Java's `KTableValueGetterSupplier`.
 */
export interface TableView<K, V> {
  /** The stores that a processor must be connected to, to read. */
  readonly storeNames: readonly string[]
  open(context: ProcessorContext<never, never>): TableReader<K, V>
}

/**
 * What stands behind a table: its processor and perhaps its store. Operators added later may ask for more than the
 * table had to do before, so all is settled only when the topology is built.
 */
export interface TableBacking<K, V> {
  /** The name of the store that holds the table; undefined where none does. */
  storeName(): string | undefined
  /** Makes the table be held in a store, where it can be. Returns its name. */
  materialize(): string | undefined
  /**
   * Asks for updates to carry the old value. Returns whether they will; they will not where that takes a store that
   * the table does not have, unless `force` is true.
   */
  sendOldValues(force: boolean): boolean
  /**
   * Whether the table has the history of its rows, so that updates may come out of order: it is held in a versioned
   * store, or it is made of a table that is, and not held in a store of its own.
   */
  isVersioned(): boolean
  view(): TableView<K, V>
}
