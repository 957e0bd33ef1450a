import type { Serde } from '../serdes/serde.ts'

/** A topic with the serdes of its keys and values: where types enter a topology. */
export interface Topic<K, V> {
  readonly name: string
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/** Declares a topic. Nothing is created or contacted. */
export function topic<K, V>(
  name: string,
  serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
): Topic<K, V> {
  return { name, key: serdes.key, value: serdes.value }
}
