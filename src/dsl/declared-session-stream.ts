import type { SessionWindowed } from '../core/windowed.ts'
import { long } from '../serdes/long.ts'
import type { Serde } from '../serdes/serde.ts'
import type { Aggregator, Initializer, Merger, Reducer } from './callbacks.ts'
import { addLateOutput, lateOutput } from './late-output.ts'
import type { WindowedOptions } from './operator-options.ts'
import {
  SessionAggregateProcessor,
  type SessionAggregation,
} from './processors/session-aggregate.ts'
import { neededSerde } from './serde-needed.ts'
import { sessionClosesAfterMs, sessionSpec, sessionTable } from './session-table.ts'
import type { SessionWindows } from './session-windows.ts'
import { storeOptions } from './store-options.ts'
import type { StreamAggregations } from './stream-aggregation.ts'
import type { SessionWindowedKStream } from './k-grouped-stream.ts'
import type { KStream } from './k-stream.ts'
import type { KTable } from './k-table.ts'
import { windowAggregationSettings } from './windowed-table.ts'

type Steps<K, V, Agg> = Pick<SessionAggregation<K, V, Agg>, 'initializer' | 'aggregator' | 'merger'>

/** A stream grouped by sessions as the builder makes it. Source: Java's `SessionWindowedKStreamImpl`. */
export class DeclaredSessionStream<K, V> implements SessionWindowedKStream<K, V> {
  private readonly aggregations: StreamAggregations<K, V>
  private readonly windows: SessionWindows

  constructor(aggregations: StreamAggregations<K, V>, windows: SessionWindows) {
    this.aggregations = aggregations
    this.windows = windows
  }

  count(options: WindowedOptions<KStream<K, V>> = {}): KTable<SessionWindowed<K>, number> {
    const steps: Steps<K, V, number> = {
      initializer: () => 0,
      aggregator: (count) => count + 1,
      merger: (one, other) => (one ?? 0) + (other ?? 0),
    }
    return this.aggregated('KSTREAM-AGGREGATE-', steps, long({ as: 'number' }), options)
  }

  reduce(
    reducer: Reducer<V>,
    options: WindowedOptions<KStream<K, V>> & { readonly value?: Serde<V> } = {},
  ): KTable<SessionWindowed<K>, V> {
    const steps: Steps<K, V, V> = {
      initializer: () => null,
      aggregator: (aggregate, value) => (aggregate === null ? value : reducer(aggregate, value)),
      merger: (one, other) =>
        one === null || other === null ? (one ?? other) : reducer(one, other),
    }
    const value = options.value ?? this.aggregations.state.value
    return this.aggregated('KSTREAM-REDUCE-', steps, value, options)
  }

  aggregate<Agg>(
    initializer: Initializer<Agg>,
    aggregator: Aggregator<K, V, Agg>,
    merger: Merger<K, Agg>,
    options: WindowedOptions<KStream<K, V>> & { readonly value: Serde<Agg> },
  ): KTable<SessionWindowed<K>, Agg> {
    const steps = { initializer, aggregator, merger: merger as Merger<K, Agg | null> }
    return this.aggregated('KSTREAM-AGGREGATE-', steps, options.value, options)
  }

  private aggregated<Agg>(
    prefix: string,
    steps: Steps<K, V, Agg>,
    valueSerde: Serde<Agg> | undefined,
    options: WindowedOptions<KStream<K, V>>,
  ): KTable<SessionWindowed<K>, Agg> {
    const { state } = this.aggregations
    const { plan } = state
    const storeName = storeOptions(options.store).name ?? plan.storeName(prefix)
    const name = plan.processorName(prefix, options.name)
    const key = neededSerde(state.key, 'key', `The grouping before ${name}`, 'is held in a store')
    const value = neededSerde(valueSerde, 'value', name, 'is held in a store')
    const spec = sessionSpec(this.windows, storeName, key, value, options)
    const late = lateOutput(name, options.late)
    const settings = windowAggregationSettings(name, spec, options)
    const aggregation: SessionAggregation<K, V, Agg> = { ...steps, ...settings, late }
    const { node, sources } = this.aggregations.add({
      name,
      spec,
      supplier: () => new SessionAggregateProcessor(aggregation, this.windows),
      closesAfterMs: sessionClosesAfterMs(this.windows),
    })
    const stream = { ...state, sources }
    const last = late ? addLateOutput(late, [node], stream, options.late!) : node
    return sessionTable({ ...stream, name: last.name, node: last }, key, value, [aggregation])
  }
}
