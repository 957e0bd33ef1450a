import type { Processor } from '../topology/processor.ts'
import type { AnyStoreSpec } from '../topology/topology-options.ts'
import type { DeclaredGroupState } from './declared.ts'
import type { LogicalNode } from './logical-node.ts'
import { repartitionStep } from './repartition.ts'
import { neededSerde } from './serde-needed.ts'

/** An aggregation to be added behind a grouped stream. */
export interface AggregationStep {
  readonly name: string
  readonly spec: AnyStoreSpec
  readonly supplier: () => Processor<unknown, unknown, unknown, unknown>
  /** Where it is by windows; see {@link LogicalNodeOptions.closesAfterMs}. */
  readonly closesAfterMs?: number
}

/** Where an aggregation was added: its node, and the sources that feed it. */
export interface AddedAggregation {
  readonly node: LogicalNode
  readonly sources: readonly string[]
}

/**
 * Adds the aggregations of one grouped stream, behind a repartition topic where one is needed: a shared one where the
 * user named it, else one each.
 *
 * @remarks Source: Java's `GroupedStreamAggregateBuilder`.
 */
export class StreamAggregations<K, V> {
  readonly state: DeclaredGroupState<K, V>
  private repartitioned: LogicalNode | undefined

  constructor(state: DeclaredGroupState<K, V>) {
    this.state = state
  }

  add(step: AggregationStep): AddedAggregation {
    const { plan, node, sources, repartitionRequired } = this.state
    const parent = repartitionRequired ? this.repartition(step) : node
    const added = plan.add([parent], {
      name: step.name,
      closesAfterMs: step.closesAfterMs,
      write(topology, parents) {
        topology.addProcessor(step.name, step.supplier, { parents, stores: [step.spec] })
      },
    })
    return { node: added, sources: parent === node ? sources : [parent.name] }
  }

  private repartition(step: AggregationStep): LogicalNode {
    const { plan, node, groupName, key, value } = this.state
    const options = repartitionStep(plan, {
      prefix: groupName ?? step.spec.storeName,
      key: neededSerde(key, 'key', `The aggregation ${step.name}`, 'repartitions its input'),
      value: neededSerde(
        value,
        'value',
        `The grouping before ${step.name}`,
        'repartitions its input',
      ),
    })
    if (this.repartitioned && groupName !== undefined) {
      plan.link(node, this.repartitioned)
    } else {
      this.repartitioned = plan.add([node], options)
    }
    return this.repartitioned
  }
}
