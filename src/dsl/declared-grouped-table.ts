import { long } from '../serdes/long.ts'
import type { Serde } from '../serdes/serde.ts'
import { repartitionTopic } from '../topology/internal-topics.ts'
import type { Aggregator, Initializer, Reducer } from './callbacks.ts'
import { changeSerde } from './change-serde.ts'
import type { Handles } from './declared.ts'
import type { LogicalNode } from './logical-node.ts'
import type { LogicalPlan } from './logical-plan.ts'
import type { MaterializedOptions } from './operator-options.ts'
import { TableAggregateProcessor, type TableAggregation } from './processors/table-aggregate.ts'
import { repartitionSource } from './repartition.ts'
import { storeOptions } from './store-options.ts'
import { StoredTable } from './stored-table.ts'
import { keyValueView } from './store-view.ts'
import type { KGroupedTable, KTable } from './k-table.ts'
import { tableStore } from './table-store.ts'

export interface DeclaredGroupedTableState<K, V> {
  readonly plan: LogicalPlan
  readonly handles: Handles
  readonly name: string
  readonly node: LogicalNode
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** The user's name of the repartition topic. */
  readonly groupName: string | undefined
}

type Steps<K, V, Agg> = Pick<TableAggregation<K, V, Agg>, 'adder' | 'subtractor'>

/** A grouped table as the builder makes it. Source: Java's `KGroupedTableImpl`. */
export class DeclaredGroupedTable<K, V> implements KGroupedTable<K, V> {
  private readonly state: DeclaredGroupedTableState<K, V>
  private repartitioned: LogicalNode | undefined

  constructor(state: DeclaredGroupedTableState<K, V>) {
    this.state = state
  }

  count(options: MaterializedOptions = {}): KTable<K, number> {
    const steps: Steps<K, V, number> = {
      adder: (count) => (count ?? 0) + 1,
      subtractor: (count) => count - 1,
    }
    return this.aggregated('KTABLE-AGGREGATE-', steps, long({ as: 'number' }), options)
  }

  reduce(
    adder: Reducer<V>,
    subtractor: Reducer<V>,
    options: MaterializedOptions = {},
  ): KTable<K, V> {
    const steps: Steps<K, V, V> = {
      adder: (aggregate, value) => (aggregate === null ? value : adder(aggregate, value)),
      subtractor,
    }
    return this.aggregated('KTABLE-REDUCE-', steps, this.state.value, options)
  }

  aggregate<Agg>(
    initializer: Initializer<Agg>,
    adder: Aggregator<K, V, Agg>,
    subtractor: Aggregator<K, V, Agg>,
    options: MaterializedOptions & { readonly value: Serde<Agg> },
  ): KTable<K, Agg> {
    const steps: Steps<K, V, Agg> = {
      adder: (aggregate, value, key, context) =>
        adder(aggregate === null ? initializer() : aggregate, value, key, context),
      subtractor,
    }
    return this.aggregated('KTABLE-AGGREGATE-', steps, options.value, options)
  }

  private aggregated<Agg>(
    prefix: string,
    steps: Steps<K, V, Agg>,
    value: Serde<Agg>,
    options: MaterializedOptions,
  ): KTable<K, Agg> {
    const { plan, key } = this.state
    const store = storeOptions(options.store)
    // Reductions too have stores named after aggregations.
    const storeName = store.name ?? plan.storeName('KTABLE-AGGREGATE-')
    const sinkName = plan.suffixedName('KSTREAM-SINK-', '-sink', options.name)
    const sourceName = plan.suffixedName('KSTREAM-SOURCE-', '-source', options.name)
    const name = plan.processorName(prefix, options.name)
    const spec = tableStore(store, { name: storeName, key, value })
    const aggregation: TableAggregation<K, V, Agg> = { ...steps, storeName, sendOldValues: false }
    const repartition = this.repartition(storeName, sinkName, sourceName)
    const view = keyValueView<K, Agg>(storeName)
    const node = plan.add([repartition], {
      name,
      write(topology, parents) {
        topology.addProcessor(name, () => new TableAggregateProcessor(aggregation), {
          parents,
          stores: [spec],
        })
      },
    })
    return this.state.handles.table<K, Agg>({
      plan,
      handles: this.state.handles,
      name,
      node,
      key,
      value,
      sources: [repartition.name],
      backing: new StoredTable([aggregation], view, store.versioned !== undefined),
    })
  }

  /** A named repartition topic is shared by all aggregations of the group; an unnamed one is each one's own. */
  private repartition(storeName: string, sinkName: string, sourceName: string): LogicalNode {
    const { plan, node, groupName } = this.state
    if (this.repartitioned && groupName !== undefined) {
      plan.link(node, this.repartitioned)
      return this.repartitioned
    }
    const name = `${groupName ?? storeName}-repartition`
    const topic = { name, key: this.state.key, value: changeSerde(this.state.value) }
    this.repartitioned = plan.add([node], {
      name: sourceName,
      write(topology, parents) {
        topology.addInternalTopic(repartitionTopic(name, undefined))
        topology.addSink(sinkName, topic, { parents })
        topology.addSource(sourceName, topic, repartitionSource)
      },
    })
    return this.repartitioned
  }
}
