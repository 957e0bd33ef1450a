import type { SessionWindowed } from '../core/windowed.ts'
import { sessionWindowed } from '../serdes/session-windowed.ts'
import type { Serde } from '../serdes/serde.ts'
import { sessionStore } from '../state/session-store-spec.ts'
import type { SessionStoreSpec } from '../state/store-spec.ts'
import type { Declared } from './declared.ts'
import type { WindowedOptions } from './operator-options.ts'
import type { SessionWindows } from './session-windows.ts'
import { storeOptions } from './store-options.ts'
import { StoredTable, type StoredAggregation } from './stored-table.ts'
import { sessionView } from './store-view.ts'
import type { KTable } from './k-table.ts'
import { keptMs } from './windowed-table.ts'

/** The store of an aggregation by sessions. */
export function sessionSpec<K, Agg>(
  windows: SessionWindows,
  name: string,
  key: Serde<K>,
  value: Serde<Agg>,
  options: Pick<WindowedOptions, 'emit' | 'retentionMs' | 'store'>,
): SessionStoreSpec<K, Agg> {
  const retentionMs = keptMs(name, windows.gapMs + windows.graceMs, options)
  return sessionStore({ ...storeOptions(options.store), name, key, value, retentionMs })
}

/** See {@link LogicalNodeOptions.closesAfterMs}. A session's end is inclusive. */
export function sessionClosesAfterMs({ gapMs, graceMs }: SessionWindows): number {
  return gapMs + graceMs + 1
}

/** The table of an aggregation by sessions, or of several that share a store. */
export function sessionTable<K, Agg>(
  place: Pick<Declared<unknown, unknown>, 'plan' | 'handles' | 'name' | 'node' | 'sources'>,
  key: Serde<K>,
  value: Serde<Agg>,
  aggregations: readonly StoredAggregation[],
): KTable<SessionWindowed<K>, Agg> {
  const { plan, handles, name, node, sources } = place
  const { storeName } = aggregations[0]!
  return handles.table<SessionWindowed<K>, Agg>({
    plan,
    handles,
    name,
    node,
    key: sessionWindowed(key),
    value,
    sources,
    backing: new StoredTable(aggregations, sessionView<K, Agg>(storeName)),
  })
}
