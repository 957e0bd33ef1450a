import type { CountWindowed } from '../core/count-windowed.ts'
import { countWindowed } from '../serdes/count-windowed.ts'
import { long } from '../serdes/long.ts'
import type { Serde } from '../serdes/serde.ts'
import { keyValueStore } from '../state/key-value-store-spec.ts'
import type { ProcessorNode } from '../topology/topology-plan.ts'
import type { Aggregator, Initializer, Reducer } from './callbacks.ts'
import { countStateSerde } from './count-state.ts'
import type { CountWindows } from './count-windows.ts'
import type { CountWindowedOptions } from './operator-options.ts'
import { CountAggregateProcessor, type CountAggregation } from './processors/count-aggregate.ts'
import { neededSerde } from './serde-needed.ts'
import { storeOptions } from './store-options.ts'
import type { StreamAggregations } from './stream-aggregation.ts'
import type { CountWindowedKStream } from './k-grouped-stream.ts'
import type { KStream } from './k-stream.ts'

type Steps<K, V, Agg> = Pick<CountAggregation<K, V, Agg>, 'initializer' | 'aggregator'>

/** A stream windowed by count as the builder makes it. */
export class DeclaredCountWindowedStream<K, V> implements CountWindowedKStream<K, V> {
  private readonly aggregations: StreamAggregations<K, V>
  private readonly windows: CountWindows

  constructor(aggregations: StreamAggregations<K, V>, windows: CountWindows) {
    this.aggregations = aggregations
    this.windows = windows
  }

  count(options: CountWindowedOptions = {}): KStream<CountWindowed<K>, number> {
    const steps: Steps<K, V, number> = {
      initializer: () => 0,
      aggregator: (count) => count + 1,
    }
    return this.aggregated('KSTREAM-AGGREGATE-', steps, long({ as: 'number' }), options)
  }

  reduce(
    reducer: Reducer<V>,
    options: CountWindowedOptions & { readonly value?: Serde<V> } = {},
  ): KStream<CountWindowed<K>, V> {
    const steps: Steps<K, V, V> = {
      initializer: () => null,
      aggregator: (aggregate, value) => (aggregate === null ? value : reducer(aggregate, value)),
    }
    const value = options.value ?? this.aggregations.state.value
    return this.aggregated('KSTREAM-REDUCE-', steps, value, options)
  }

  aggregate<Agg>(
    initializer: Initializer<Agg>,
    aggregator: Aggregator<K, V, Agg>,
    options: CountWindowedOptions & { readonly value: Serde<Agg> },
  ): KStream<CountWindowed<K>, Agg> {
    const steps: Steps<K, V, Agg> = { initializer, aggregator }
    return this.aggregated('KSTREAM-AGGREGATE-', steps, options.value, options)
  }

  private aggregated<Agg>(
    prefix: string,
    steps: Steps<K, V, Agg>,
    valueSerde: Serde<Agg> | undefined,
    options: CountWindowedOptions,
  ): KStream<CountWindowed<K>, Agg> {
    const { state } = this.aggregations
    const { plan, handles } = state
    const store = storeOptions(options.store)
    const storeName = store.name ?? plan.storeName(prefix)
    const name = plan.processorName(prefix, options.name)
    const key = neededSerde(state.key, 'key', `The grouping before ${name}`, 'is held in a store')
    const value = neededSerde(valueSerde, 'value', name, 'is held in a store')
    const aggregation: CountAggregation<K, V, Agg> = {
      ...steps,
      storeName,
      windows: this.windows,
      emitsUpdates: options.emit === 'update',
    }
    const supplier = (() => new CountAggregateProcessor(aggregation)) as ProcessorNode['supplier']
    const { node, sources } = this.aggregations.add({
      name,
      spec: keyValueStore({ ...store, name: storeName, key, value: countStateSerde(value) }),
      supplier,
    })
    return handles.stream<CountWindowed<K>, Agg>({
      plan,
      handles,
      name,
      node,
      key: countWindowed(key, this.windows.size),
      value,
      sources,
      repartitionRequired: false,
    })
  }
}
