import type { Windowed } from '../core/windowed.ts'
import { long } from '../serdes/long.ts'
import type { Serde } from '../serdes/serde.ts'
import type { Aggregator, Initializer, Reducer } from './callbacks.ts'
import { addLateOutput, lateOutput } from './late-output.ts'
import type { WindowedOptions } from './operator-options.ts'
import type { WindowAggregation } from './processors/window-updates.ts'
import { neededSerde } from './serde-needed.ts'
import { storeOptions } from './store-options.ts'
import type { StreamAggregations } from './stream-aggregation.ts'
import type { TimeWindowedKStream } from './k-grouped-stream.ts'
import type { KStream } from './k-stream.ts'
import type { KTable } from './k-table.ts'
import type { WindowKind } from './window-kind.ts'
import { windowAggregationSettings, windowedTable, windowSpec } from './windowed-table.ts'

type Steps<K, V, Agg> = Pick<WindowAggregation<K, V, Agg>, 'initializer' | 'aggregator'>

/** A windowed stream as the builder makes it. Source: Java's `TimeWindowedKStreamImpl`, `SlidingWindowedKStreamImpl`. */
export class DeclaredWindowedStream<K, V> implements TimeWindowedKStream<K, V> {
  private readonly aggregations: StreamAggregations<K, V>
  private readonly windows: WindowKind

  constructor(aggregations: StreamAggregations<K, V>, windows: WindowKind) {
    this.aggregations = aggregations
    this.windows = windows
  }

  count(options: WindowedOptions<KStream<K, V>> = {}): KTable<Windowed<K>, number> {
    const steps: Steps<K, V, number> = {
      initializer: () => 0,
      aggregator: (count) => count + 1,
    }
    return this.aggregated('KSTREAM-AGGREGATE-', steps, long({ as: 'number' }), options)
  }

  reduce(
    reducer: Reducer<V>,
    options: WindowedOptions<KStream<K, V>> & { readonly value?: Serde<V> } = {},
  ): KTable<Windowed<K>, V> {
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
    options: WindowedOptions<KStream<K, V>> & { readonly value: Serde<Agg> },
  ): KTable<Windowed<K>, Agg> {
    const steps: Steps<K, V, Agg> = { initializer, aggregator }
    return this.aggregated('KSTREAM-AGGREGATE-', steps, options.value, options)
  }

  private aggregated<Agg>(
    prefix: string,
    steps: Steps<K, V, Agg>,
    valueSerde: Serde<Agg> | undefined,
    options: WindowedOptions<KStream<K, V>>,
  ): KTable<Windowed<K>, Agg> {
    const { state } = this.aggregations
    const { plan } = state
    const storeName = storeOptions(options.store).name ?? plan.storeName(prefix)
    const name = plan.processorName(prefix, options.name)
    const key = neededSerde(state.key, 'key', `The grouping before ${name}`, 'is held in a store')
    const value = neededSerde(valueSerde, 'value', name, 'is held in a store')
    const spec = windowSpec(this.windows, storeName, key, value, options)
    const late = lateOutput(name, options.late)
    const settings = windowAggregationSettings(name, spec, options)
    const aggregation: WindowAggregation<K, V, Agg> = { ...steps, ...settings, late }
    const { node, sources } = this.aggregations.add({
      name,
      spec,
      supplier: () => this.windows.processor(aggregation),
      closesAfterMs: this.windows.closesAfterMs,
    })
    const stream = { ...state, sources }
    const last = late ? addLateOutput(late, [node], stream, options.late!) : node
    const place = { ...stream, name: last.name, node: last }
    return windowedTable(place, this.windows, key, value, [aggregation])
  }
}
