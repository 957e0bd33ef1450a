import type { Serde } from '../../serdes/serde.ts'
import type { DeclaredTableState } from '../declared.ts'
import { neededSerde } from '../serde-needed.ts'

/** The serdes of both tables. */
export interface JoinSerdes<K, V, OtherK, OtherV> {
  readonly key: Serde<K>
  readonly value: Serde<V>
  readonly foreignKey: Serde<OtherK>
  readonly foreignValue: Serde<OtherV>
}

/** @throws TopologyError where one of them is not known. */
export function serdesOf<K, V, OtherK, OtherV>(
  name: string,
  table: DeclaredTableState<K, V>,
  other: DeclaredTableState<OtherK, OtherV>,
): JoinSerdes<K, V, OtherK, OtherV> {
  const purpose = 'sends them through topics of its own'
  const first = `The foreign-key join ${name} with ${table.name}`
  const second = `The foreign-key join ${name} with ${other.name}`
  return {
    key: neededSerde(table.key, 'key', first, purpose),
    value: neededSerde(table.value, 'value', first, purpose),
    foreignKey: neededSerde(other.key, 'key', second, purpose),
    foreignValue: neededSerde(other.value, 'value', second, purpose),
  }
}
