import type { ReadOnlySessionStore } from '../state/session-store-types.ts'
import type { KeyValueStore, StateStore, WindowStore } from '../state/store.ts'
import type { ReadOnlyVersionedStore } from '../state/versioned-store-types.ts'
import { KeyValueView } from './key-value-view.ts'
import { SessionView } from './session-view.ts'
import type { StoreReader } from './store-reader.ts'
import { VersionedView } from './versioned-view.ts'
import { WindowView } from './window-view.ts'

/** The view of a store, by the store's type. */
export type ViewOf<S extends StateStore> =
  S extends KeyValueStore<infer K, infer V>
    ? KeyValueView<K, V>
    : S extends WindowStore<infer K, infer V>
      ? WindowView<K, V>
      : S extends ReadOnlySessionStore<infer K, infer V>
        ? SessionView<K, V>
        : S extends ReadOnlyVersionedStore<infer K, infer V>
          ? VersionedView<K, V>
          : never

/** Opens the view that a store's kind has. */
export function viewOf<S extends StateStore>(reader: StoreReader): ViewOf<S> {
  const views = {
    'key-value': KeyValueView,
    window: WindowView,
    session: SessionView,
    versioned: VersionedView,
  }
  // Which of them it is follows from the store's kind, which the reference's type repeats.
  return new views[reader.store.kind](reader) as unknown as ViewOf<S>
}
