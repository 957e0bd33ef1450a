import type { MaybePromise } from '../core/maybe-promise.ts'
import type { RecordContext } from './record-context.ts'

// Callbacks take the value first, as in Array.map. They may be asynchronous: they are awaited in record order.

/** A key and a value. Source: Java's `KeyValue`. */
export interface KeyValue<K, V> {
  readonly key: K
  readonly value: V
}

/** Whether a record goes on. */
export type Predicate<K, V> = (value: V, key: K, context: RecordContext) => MaybePromise<boolean>

/** Makes something of a record. */
export type Mapper<K, V, Out> = (value: V, key: K, context: RecordContext) => MaybePromise<Out>

/** Does something for each record. */
export type Action<K, V> = (value: V, key: K, context: RecordContext) => MaybePromise<void>

/** The aggregate of a key of which no record has come yet. */
export type Initializer<Agg> = () => Agg

/** The aggregate with a record added (or taken out); null deletes it. */
export type Aggregator<K, V, Agg> = (
  aggregate: Agg,
  value: V,
  key: K,
  context: RecordContext,
) => MaybePromise<Agg | null>

/** The aggregates of two sessions made one; null deletes. Source: Java's `Merger`. */
export type Merger<K, Agg> = (one: Agg, other: Agg, key: K) => MaybePromise<Agg | null>

/** Two values made one; null deletes. */
export type Reducer<V> = (aggregate: V, value: V) => MaybePromise<V | null>

/** Joins a record with what another side holds for it. */
export type Joiner<K, V, Other, Out> = (
  value: V,
  other: Other,
  key: K,
  context: RecordContext,
) => MaybePromise<Out>
