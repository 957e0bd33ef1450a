import type { KeyValueStore, WindowStore } from '../state/store.ts'
import type { Windowed } from '../core/windowed.ts'
import type { TableView } from './table-view.ts'

/** Reads a table from its key-value store. */
export function keyValueView<K, V>(storeName: string): TableView<K, V> {
  return {
    storeNames: [storeName],
    open: (context) => context.store(storeName) as KeyValueStore<K, V>,
  }
}

/** Reads a windowed table from its window store. */
export function windowView<K, V>(storeName: string): TableView<Windowed<K>, V> {
  return {
    storeNames: [storeName],
    open(context) {
      const store = context.store(storeName) as WindowStore<K, V>
      return {
        get: (windowed) => store.fetch(windowed.key, windowed.startMs),
        prefetch: (windowed) => store.prefetch(windowed.key, windowed.startMs),
      }
    },
  }
}
