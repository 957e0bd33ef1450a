import type { SessionWindowed, Windowed } from '../core/windowed.ts'
import type { Serde } from '../serdes/serde.ts'
import type { Aggregator, Initializer, Merger } from './callbacks.ts'
import type { CogroupInputs, CogroupStep } from './cogroup-inputs.ts'
import type { MaterializedOptions, WindowedTableOptions } from './operator-options.ts'
import {
  SessionAggregateProcessor,
  type SessionAggregation,
} from './processors/session-aggregate.ts'
import { StreamAggregateProcessor, type StreamAggregation } from './processors/stream-aggregate.ts'
import type { WindowAggregation } from './processors/window-updates.ts'
import { sessionClosesAfterMs, sessionSpec, sessionTable } from './session-table.ts'
import { SessionWindows } from './session-windows.ts'
import { storeOptions } from './store-options.ts'
import { StoredTable, type StoredAggregation } from './stored-table.ts'
import { keyValueView } from './store-view.ts'
import type {
  CogroupedKStream,
  SessionWindowedCogroupedKStream,
  TimeWindowedCogroupedKStream,
} from './k-cogrouped-stream.ts'
import type { KGroupedStream } from './k-grouped-stream.ts'
import type { KStream } from './k-stream.ts'
import type { KTable } from './k-table.ts'
import { tableStore } from './table-store.ts'
import { windowKind, type FixedWindows, type WindowKind } from './window-kind.ts'
import { windowAggregationSettings, windowedTable, windowSpec } from './windowed-table.ts'

const prefix = 'COGROUPKSTREAM-AGGREGATE-'
const stored = 'is held in a store'

/** Streams that are aggregated together, as the builder makes them. Source: Java's `CogroupedKStreamImpl`. */
export class DeclaredCogroupedStream<K, Agg> implements CogroupedKStream<K, Agg> {
  private readonly inputs: CogroupInputs<K, Agg>

  constructor(inputs: CogroupInputs<K, Agg>) {
    this.inputs = inputs
  }

  cogroup<V>(
    grouped: KGroupedStream<K, V>,
    aggregator: Aggregator<K, V, Agg>,
  ): CogroupedKStream<K, Agg> {
    return new DeclaredCogroupedStream(this.inputs.with(grouped, aggregator))
  }

  aggregate(
    initializer: Initializer<Agg>,
    options: MaterializedOptions & { readonly value: Serde<Agg> },
  ): KTable<K, Agg> {
    const { inputs } = this
    const store = storeOptions(options.store)
    const name = store.name ?? inputs.first.plan.storeName(prefix)
    const key = inputs.keySerde(stored)
    const { value } = options
    const spec = tableStore(store, { name, key, value })
    const aggregations: StoredAggregation[] = []
    const place = inputs.add(spec, options, undefined, ({ input }) => {
      const aggregation: StreamAggregation<K, unknown, Agg> = {
        initializer,
        aggregator: input.aggregator,
        storeName: name,
        sendOldValues: false,
      }
      aggregations.push(aggregation)
      return () => new StreamAggregateProcessor(aggregation)
    })
    const backing = new StoredTable(
      aggregations,
      keyValueView<K, Agg>(name),
      store.versioned !== undefined,
    )
    return place.handles.table<K, Agg>({ ...place, key, value, backing })
  }

  windowedBy(windows: SessionWindows): SessionWindowedCogroupedKStream<K, Agg>
  windowedBy(windows: FixedWindows): TimeWindowedCogroupedKStream<K, Agg>
  windowedBy(
    windows: FixedWindows | SessionWindows,
  ): TimeWindowedCogroupedKStream<K, Agg> | SessionWindowedCogroupedKStream<K, Agg> {
    return windows instanceof SessionWindows
      ? new DeclaredSessionCogroup(this.inputs, windows)
      : new DeclaredWindowedCogroup(this.inputs, windowKind(windows))
  }
}

type CogroupTableOptions<K, Agg> = WindowedTableOptions<KStream<K, unknown>> & {
  readonly value: Serde<Agg>
}

/** Source: Java's `TimeWindowedCogroupedKStreamImpl` and `SlidingWindowedCogroupedKStreamImpl`. */
class DeclaredWindowedCogroup<K, Agg> implements TimeWindowedCogroupedKStream<K, Agg> {
  private readonly inputs: CogroupInputs<K, Agg>
  private readonly windows: WindowKind

  constructor(inputs: CogroupInputs<K, Agg>, windows: WindowKind) {
    this.inputs = inputs
    this.windows = windows
  }

  aggregate(
    initializer: Initializer<Agg>,
    options: CogroupTableOptions<K, Agg>,
  ): KTable<Windowed<K>, Agg> {
    const { inputs, windows } = this
    const storeName = storeOptions(options.store).name ?? inputs.first.plan.storeName(prefix)
    const key = inputs.keySerde(stored)
    const { value } = options
    const spec = windowSpec(windows, storeName, key, value, options)
    const aggregations: StoredAggregation[] = []
    const supplier = ({ name, input, late }: CogroupStep<K, Agg>) => {
      const { aggregator } = input
      const settings = windowAggregationSettings(name, spec, {})
      const steps = { initializer, aggregator, late }
      const aggregation: WindowAggregation<K, unknown, Agg> = { ...steps, ...settings }
      aggregations.push(aggregation)
      return () => windows.processor(aggregation)
    }
    const place = inputs.add(spec, options, windows.closesAfterMs, supplier)
    return windowedTable(place, windows, key, value, aggregations)
  }
}

/** Source: Java's `SessionWindowedCogroupedKStreamImpl`. */
class DeclaredSessionCogroup<K, Agg> implements SessionWindowedCogroupedKStream<K, Agg> {
  private readonly inputs: CogroupInputs<K, Agg>
  private readonly windows: SessionWindows

  constructor(inputs: CogroupInputs<K, Agg>, windows: SessionWindows) {
    this.inputs = inputs
    this.windows = windows
  }

  aggregate(
    initializer: Initializer<Agg>,
    merger: Merger<K, Agg>,
    options: CogroupTableOptions<K, Agg>,
  ): KTable<SessionWindowed<K>, Agg> {
    const { inputs, windows } = this
    const storeName = storeOptions(options.store).name ?? inputs.first.plan.storeName(prefix)
    const key = inputs.keySerde(stored)
    const { value } = options
    const spec = sessionSpec(windows, storeName, key, value, options)
    const aggregations: StoredAggregation[] = []
    const supplier = ({ name, input, late }: CogroupStep<K, Agg>) => {
      const { aggregator } = input
      const settings = windowAggregationSettings(name, spec, {})
      const steps = { initializer, aggregator, merger: merger as Merger<K, Agg | null>, late }
      const aggregation: SessionAggregation<K, unknown, Agg> = { ...steps, ...settings }
      aggregations.push(aggregation)
      return () => new SessionAggregateProcessor(aggregation, windows)
    }
    const place = inputs.add(spec, options, sessionClosesAfterMs(windows), supplier)
    return sessionTable(place, key, value, aggregations)
  }
}
