import type { Serde } from '../serdes/serde.ts'

// Serdes are read and written with, yet TypeScript compares their methods leniently. These types refuse what it would
// let pass: they are `unknown`, which changes nothing, where all is well, and else a type that nothing is of, whose
// name says what is wrong.

/** Whether a topic takes a stream's records; values may be absent (tombstones). */
export type Takes<K, V, KTopic, VTopic> = [K] extends [KTopic | null]
  ? [V] extends [VTopic | null]
    ? unknown
    : ValuesDoNotFit<V, VTopic>
  : KeysDoNotFit<K, KTopic>

/** Whether a processor forwards keys of the type that it gets. */
export type KeepsKeys<K, KOut> = [KOut] extends [K] ? unknown : KeysDoNotFit<KOut, K>

/** Whether an aggregate and what its serde reads are the same type. */
export type SameType<Agg, Stored> = [Agg] extends [Stored]
  ? [Stored] extends [Agg]
    ? unknown
    : ValuesDoNotFit<Agg, Stored>
  : ValuesDoNotFit<Agg, Stored>

/** Whether ids can do without a serde of their own: text can. */
export type NeedsSerde<Id> = [Id] extends [string] ? unknown : { readonly idSerde: Serde<Id> }

declare const mismatch: unique symbol

export interface KeysDoNotFit<Has, Takes> {
  readonly [mismatch]: readonly ['these keys do not fit', Has, Takes]
}

export interface ValuesDoNotFit<Has, Takes> {
  readonly [mismatch]: readonly ['these values do not fit', Has, Takes]
}
