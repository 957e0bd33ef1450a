import { long } from '../serdes/long.ts'
import type { Serde } from '../serdes/serde.ts'
import type { Aggregator, Initializer, Reducer } from './callbacks.ts'
import { CogroupInputs } from './cogroup-inputs.ts'
import { CountWindows } from './count-windows.ts'
import type { DeclaredGroupState } from './declared.ts'
import { DeclaredCogroupedStream } from './declared-cogrouped-stream.ts'
import { DeclaredCountWindowedStream } from './declared-count-windowed-stream.ts'
import { DeclaredSessionStream } from './declared-session-stream.ts'
import { DeclaredWindowedStream } from './declared-windowed-stream.ts'
import type { MaterializedOptions } from './operator-options.ts'
import { StreamAggregateProcessor, type StreamAggregation } from './processors/stream-aggregate.ts'
import { neededSerde } from './serde-needed.ts'
import { storeOptions } from './store-options.ts'
import { StoredTable } from './stored-table.ts'
import { keyValueView } from './store-view.ts'
import { StreamAggregations } from './stream-aggregation.ts'
import type { CogroupedKStream } from './k-cogrouped-stream.ts'
import type {
  CountWindowedKStream,
  KGroupedStream,
  SessionWindowedKStream,
  TimeWindowedKStream,
} from './k-grouped-stream.ts'
import type { KTable } from './k-table.ts'
import { SessionWindows } from './session-windows.ts'
import { tableStore } from './table-store.ts'
import { windowKind, type FixedWindows } from './window-kind.ts'

type Steps<K, V, Agg> = Pick<StreamAggregation<K, V, Agg>, 'initializer' | 'aggregator'>

/** A grouped stream as the builder makes it. Source: Java's `KGroupedStreamImpl`. */
export class DeclaredGroupedStream<K, V> implements KGroupedStream<K, V> {
  readonly state: DeclaredGroupState<K, V>
  private readonly aggregations: StreamAggregations<K, V>

  constructor(state: DeclaredGroupState<K, V>) {
    this.state = state
    this.aggregations = new StreamAggregations(state)
  }

  count(options: MaterializedOptions = {}): KTable<K, number> {
    const steps: Steps<K, V, number> = {
      initializer: () => 0,
      aggregator: (count) => count + 1,
    }
    return this.aggregated('KSTREAM-AGGREGATE-', steps, long({ as: 'number' }), options)
  }

  reduce(
    reducer: Reducer<V>,
    options: MaterializedOptions & { readonly value?: Serde<V> } = {},
  ): KTable<K, V> {
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
    options: MaterializedOptions & { readonly value: Serde<Agg> },
  ): KTable<K, Agg> {
    const steps: Steps<K, V, Agg> = { initializer, aggregator }
    return this.aggregated('KSTREAM-AGGREGATE-', steps, options.value, options)
  }

  windowedBy(windows: CountWindows): CountWindowedKStream<K, V>
  windowedBy(windows: SessionWindows): SessionWindowedKStream<K, V>
  windowedBy(windows: FixedWindows): TimeWindowedKStream<K, V>
  windowedBy(
    windows: FixedWindows | SessionWindows | CountWindows,
  ): TimeWindowedKStream<K, V> | SessionWindowedKStream<K, V> | CountWindowedKStream<K, V> {
    if (windows instanceof CountWindows) {
      return new DeclaredCountWindowedStream(this.aggregations, windows)
    }
    if (windows instanceof SessionWindows) {
      return new DeclaredSessionStream(this.aggregations, windows)
    }
    return new DeclaredWindowedStream(this.aggregations, windowKind(windows))
  }

  cogroup<Agg>(aggregator: Aggregator<K, V, Agg>): CogroupedKStream<K, Agg> {
    return new DeclaredCogroupedStream(CogroupInputs.of(this.state, aggregator))
  }

  private aggregated<Agg>(
    prefix: string,
    steps: Steps<K, V, Agg>,
    valueSerde: Serde<Agg> | undefined,
    options: MaterializedOptions,
  ): KTable<K, Agg> {
    const { plan, handles, key: keySerde } = this.aggregations.state
    const store = storeOptions(options.store)
    const storeName = store.name ?? plan.storeName(prefix)
    const name = plan.processorName(prefix, options.name)
    const key = neededSerde(keySerde, 'key', `The grouping before ${name}`, 'is held in a store')
    const value = neededSerde(valueSerde, 'value', name, 'is held in a store')
    const aggregation: StreamAggregation<K, V, Agg> = { ...steps, storeName, sendOldValues: false }
    const { node, sources } = this.aggregations.add({
      name,
      spec: tableStore(store, { name: storeName, key, value }),
      supplier: () => new StreamAggregateProcessor(aggregation),
    })
    const view = keyValueView<K, Agg>(storeName)
    const backing = new StoredTable([aggregation], view, store.versioned !== undefined)
    return handles.table<K, Agg>({ plan, handles, name, node, key, value, sources, backing })
  }
}
