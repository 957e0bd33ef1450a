import type { Serde } from '../serdes/serde.ts'
import type { SerdeOptions } from './operator-options.ts'
import type { StoreOption } from './store-options.ts'

/** How duplicates are known. Source: KIP-655. */
export interface DedupRules<K, V, Id> extends SerdeOptions<K, V> {
  /**
   * What duplicates have in common beside their key, such as the id of an event. A record for which it is null passes.
   *
   * @defaultValue nothing: records of one key are duplicates of each other
   */
  readonly id?: (value: V, key: K) => Id | null | undefined
  /** Needed where ids are no strings. @defaultValue `string()` */
  readonly idSerde?: Serde<NoInfer<Id>>
  /**
   * Records of one id are duplicates where their event times differ by less than this, in whole milliseconds; at
   * least 1.
   */
  readonly windowMs: number
  /**
   * How much longer than the window an id is remembered, in milliseconds of stream time: how far records may be out
   * of order and still be known. @defaultValue 0
   */
  readonly graceMs?: number
  /**
   * Whether ids are compared among the records of a key, or among all. The latter repartitions by id, and what follows
   * by key is repartitioned again. @defaultValue `'key'`
   */
  readonly across?: 'key' | 'all-keys'
  readonly store?: StoreOption
}
