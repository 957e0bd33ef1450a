import type { Serde } from '../serdes/serde.ts'
import type { LogicalNode } from './logical-node.ts'
import type { LogicalPlan } from './logical-plan.ts'
import type { KGroupedStream } from './k-grouped-stream.ts'
import type { KStream } from './k-stream.ts'
import type { KTable } from './k-table.ts'
import type { TableBacking } from './table-view.ts'

/** Where a stream or table stands in the plan, and what is known of its keys and values. */
export interface Declared<K, V> {
  readonly plan: LogicalPlan
  readonly handles: Handles
  /** The operator that it comes of. */
  readonly name: string
  readonly node: LogicalNode
  readonly key: Serde<K> | undefined
  readonly value: Serde<V> | undefined
  /** The sources that feed it, whose topics must match those of what it is joined with. */
  readonly sources: readonly string[]
}

export interface DeclaredStreamState<K, V> extends Declared<K, V> {
  /** Whether keys were changed since records were last partitioned by them. */
  readonly repartitionRequired: boolean
}

export interface DeclaredTableState<K, V> extends Declared<K, V> {
  readonly backing: TableBacking<K, V>
}

export interface DeclaredGroupState<K, V> extends DeclaredStreamState<K, V> {
  /** The user's name of the repartition topic. */
  readonly groupName: string | undefined
}

/** Makes the DSL's nouns, each of which leads to others; handed around so that their modules need not form a ring. */
export interface Handles {
  stream<K, V>(state: DeclaredStreamState<K, V>): KStream<K, V>
  table<K, V>(state: DeclaredTableState<K, V>): KTable<K, V>
  groupedStream<K, V>(state: DeclaredGroupState<K, V>): KGroupedStream<K, V>
}
