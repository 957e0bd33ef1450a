import { TopologyError } from '../core/errors.ts'
import type { Windowed } from '../core/windowed.ts'
import type { Serde } from '../serdes/serde.ts'
import { windowed } from '../serdes/windowed.ts'
import type { WindowStoreSpec } from '../state/store-spec.ts'
import { windowStore } from '../state/window-store-spec.ts'
import type { Declared } from './declared.ts'
import type { WindowedOptions } from './operator-options.ts'
import type { WindowAggregation } from './processors/window-updates.ts'
import { storeOptions } from './store-options.ts'
import { StoredTable, type StoredAggregation } from './stored-table.ts'
import { windowView } from './store-view.ts'
import type { KTable } from './k-table.ts'
import { checkMs } from './whole-ms.ts'
import type { WindowKind } from './window-kind.ts'

const defaultEmitIntervalMs = 1000

/** The store of a windowed aggregation. */
export function windowSpec<K, Agg>(
  windows: WindowKind,
  name: string,
  key: Serde<K>,
  value: Serde<Agg>,
  options: Pick<WindowedOptions, 'emit' | 'retentionMs' | 'store'>,
): WindowStoreSpec<K, Agg> {
  if (options.emit === 'window-close' && !windows.close) {
    throw new TopologyError(
      `The windows in ${name} never close, so that no result would ever be sent. Leave out emit: 'window-close'.`,
    )
  }
  const retentionMs = keptMs(name, windows.leastRetentionMs, options)
  const store = storeOptions(options.store)
  return windowStore({ ...store, name, key, value, windowSizeMs: windows.sizeMs, retentionMs })
}

/** How long windows are kept. Throws `TopologyError` where that would be too short. */
export function keptMs(
  storeName: string,
  leastMs: number,
  options: Pick<WindowedOptions, 'emit' | 'retentionMs'>,
): number {
  const { retentionMs = leastMs, emit } = options
  if (retentionMs < leastMs) {
    throw new TopologyError(
      `The windows in ${storeName} are to be kept ${retentionMs} ms, less than their size and ` +
        `grace, ${leastMs} ms. Make retentionMs at least that, or leave it out.`,
    )
  }
  // A window must not leave the store at the very moment at which it closes and is to be sent.
  return emit === 'window-close' ? Math.max(retentionMs, leastMs + 1) : retentionMs
}

/** What an aggregation's options say of how it runs. */
export function windowAggregationSettings(
  name: string,
  spec: { readonly storeName: string; readonly retentionMs: number },
  options: Pick<WindowedOptions, 'emit' | 'emitIntervalMs'>,
): Pick<
  WindowAggregation<never, never, never>,
  'name' | 'storeName' | 'retentionMs' | 'emit' | 'emitIntervalMs' | 'sendOldValues'
> {
  const { emit = 'update', emitIntervalMs = defaultEmitIntervalMs } = options
  checkMs(name, 'emitIntervalMs', emitIntervalMs, 0)
  const { storeName, retentionMs } = spec
  return { name, storeName, retentionMs, emit, emitIntervalMs, sendOldValues: false }
}

/** The table of a windowed aggregation, or of several that share a store. */
export function windowedTable<K, Agg>(
  place: Pick<Declared<unknown, unknown>, 'plan' | 'handles' | 'name' | 'node' | 'sources'>,
  windows: WindowKind,
  key: Serde<K>,
  value: Serde<Agg>,
  aggregations: readonly StoredAggregation[],
): KTable<Windowed<K>, Agg> {
  const { plan, handles, name, node, sources } = place
  const { storeName } = aggregations[0]!
  return handles.table<Windowed<K>, Agg>({
    plan,
    handles,
    name,
    node,
    key: windowed(key, windows.sizeMs),
    value,
    sources,
    backing: new StoredTable(aggregations, windowView<K, Agg>(storeName)),
  })
}
