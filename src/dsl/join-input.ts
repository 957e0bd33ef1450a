import type { Serde } from '../serdes/serde.ts'
import type { DeclaredStreamState } from './declared.ts'
import type { LogicalNode } from './logical-node.ts'
import { repartitionStep } from './repartition.ts'
import { neededSerde } from './serde-needed.ts'

/** What a join knows of a side of it beyond what the stream does. */
export interface JoinInputOptions<K, V> {
  /** Names the repartition topic. @defaultValue the operator that the stream comes of */
  readonly name: string | undefined
  readonly key: Serde<K> | undefined
  readonly value: Serde<V> | undefined
}

/**
 * A stream as an input of joins: partitioned by its key. Joins that do not name their repartition topics share one.
 *
 * @remarks Source: Java's `KStreamImpl.repartitionForJoin`.
 */
export class JoinInput<K, V> {
  private readonly stream: DeclaredStreamState<K, V>
  private shared: LogicalNode | undefined

  constructor(stream: DeclaredStreamState<K, V>) {
    this.stream = stream
  }

  partitioned(options: JoinInputOptions<K, V>): DeclaredStreamState<K, V> {
    if (!this.stream.repartitionRequired) return this.stream
    const { plan, node, name } = this.stream
    const prefix = options.name ?? name
    const purpose = 'repartitions its input'
    const operator = `The join ${prefix}`
    const key = neededSerde(options.key ?? this.stream.key, 'key', operator, purpose)
    const value = neededSerde(options.value ?? this.stream.value, 'value', operator, purpose)
    const step = repartitionStep(plan, { prefix, key, value })
    if (!this.shared || prefix !== name) this.shared = plan.add([node], step)
    const repartitioned = this.shared
    return {
      ...this.stream,
      name: repartitioned.name,
      node: repartitioned,
      sources: [repartitioned.name],
      key,
      value,
      repartitionRequired: false,
    }
  }
}
