import { TopologyError } from '../core/errors.ts'
import type { Windowed } from '../core/windowed.ts'
import { long } from '../serdes/long.ts'
import type { Serde } from '../serdes/serde.ts'
import { windowed } from '../serdes/windowed.ts'
import type { WindowStoreSpec } from '../state/store-spec.ts'
import { windowStore } from '../state/window-store-spec.ts'
import type { Aggregator, Initializer, Reducer } from './callbacks.ts'
import type { WindowedOptions } from './operator-options.ts'
import { WindowAggregateProcessor, type WindowAggregation } from './processors/window-aggregate.ts'
import { neededSerde } from './serde-needed.ts'
import { storeOptions } from './store-options.ts'
import { StoredTable } from './stored-table.ts'
import { windowView } from './store-view.ts'
import type { StreamAggregations } from './stream-aggregation.ts'
import type { KTable, TimeWindowedKStream } from './streams.ts'
import type { TimeWindows } from './time-windows.ts'

type Steps<K, V, Agg> = Pick<WindowAggregation<K, V, Agg>, 'initializer' | 'aggregator'>

/** A windowed stream as the builder makes it. Source: Java's `TimeWindowedKStreamImpl`. */
export class DeclaredWindowedStream<K, V> implements TimeWindowedKStream<K, V> {
  private readonly aggregations: StreamAggregations<K, V>
  private readonly windows: TimeWindows

  constructor(aggregations: StreamAggregations<K, V>, windows: TimeWindows) {
    this.aggregations = aggregations
    this.windows = windows
  }

  count(options: WindowedOptions = {}): KTable<Windowed<K>, number> {
    const steps: Steps<K, V, number> = {
      initializer: () => 0,
      aggregator: (count) => count + 1,
    }
    return this.aggregated('KSTREAM-AGGREGATE-', steps, long({ as: 'number' }), options)
  }

  reduce(
    reducer: Reducer<V>,
    options: WindowedOptions & { readonly value?: Serde<V> } = {},
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
    options: WindowedOptions & { readonly value: Serde<Agg> },
  ): KTable<Windowed<K>, Agg> {
    const steps: Steps<K, V, Agg> = { initializer, aggregator }
    return this.aggregated('KSTREAM-AGGREGATE-', steps, options.value, options)
  }

  private aggregated<Agg>(
    prefix: string,
    steps: Steps<K, V, Agg>,
    valueSerde: Serde<Agg> | undefined,
    options: WindowedOptions,
  ): KTable<Windowed<K>, Agg> {
    const { plan, handles, key: keySerde } = this.aggregations.state
    const store = storeOptions(options.store)
    const storeName = store.name ?? plan.storeName(prefix)
    const name = plan.processorName(prefix, options.name)
    const key = neededSerde(keySerde, 'key', `The grouping before ${name}`, 'is held in a store')
    const value = neededSerde(valueSerde, 'value', name, 'is held in a store')
    const aggregation: WindowAggregation<K, V, Agg> = {
      ...steps,
      storeName,
      windows: this.windows,
      sendOldValues: false,
    }
    const { node, sources } = this.aggregations.add({
      name,
      spec: this.spec(storeName, key, value, options),
      supplier: () => new WindowAggregateProcessor(aggregation),
      closesAfterMs: this.windows.graceMs,
    })
    return handles.table<Windowed<K>, Agg>({
      plan,
      handles,
      name,
      node,
      key: windowed(key, this.windows.sizeMs),
      value,
      sources,
      backing: new StoredTable(aggregation, windowView<K, Agg>(storeName)),
    })
  }

  private spec<Agg>(
    name: string,
    key: Serde<K>,
    value: Serde<Agg>,
    options: WindowedOptions,
  ): WindowStoreSpec<K, Agg> {
    const { sizeMs, graceMs } = this.windows
    const retentionMs = options.retentionMs ?? sizeMs + graceMs
    if (retentionMs < sizeMs + graceMs) {
      throw new TopologyError(
        `The windows in ${name} are to be kept ${retentionMs} ms, less than their size and grace, ` +
          `${sizeMs + graceMs} ms. Make retentionMs at least that, or leave it out.`,
      )
    }
    const store = storeOptions(options.store)
    return windowStore({ ...store, name, key, value, windowSizeMs: sizeMs, retentionMs })
  }
}
