import { isPromise } from '../core/maybe-promise.ts'
import type { SessionStore } from '../state/session-store-types.ts'
import type { KeyValueStore, ValueAndTimestamp, WindowStore } from '../state/store.ts'
import type { VersionedStore } from '../state/versioned-store-types.ts'
import type { SessionWindowed, Windowed } from '../core/windowed.ts'
import type { TableView } from './table-view.ts'

/** Reads a table from its key-value store, or from its versioned store, which answers as of a time too. */
export function keyValueView<K, V>(storeName: string): TableView<K, V> {
  return {
    storeNames: [storeName],
    open(context) {
      const store = context.store(storeName) as KeyValueStore<K, V> | VersionedStore<K, V>
      if (store.kind === 'key-value') {
        return {
          get: (key) => store.get(key),
          getWithTimestamp: (key) => store.getWithTimestamp(key),
          prefetch: (key) => store.prefetch(key),
        }
      }
      return {
        get(key, asOfMs) {
          const version = store.get(key, asOfMs)
          return isPromise(version) ? version.then((found) => found?.value) : version?.value
        },
        getWithTimestamp: (key) => store.get(key),
        prefetch: (key, asOfMs) => store.prefetch(key, asOfMs),
      }
    },
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
        getWithTimestamp: ({ key, startMs }) => store.fetchWithTimestamp(key, startMs),
        prefetch: (windowed) => store.prefetch(windowed.key, windowed.startMs),
      }
    },
  }
}

/** Reads a table by sessions from its session store. */
export function sessionView<K, V>(storeName: string): TableView<SessionWindowed<K>, V> {
  return {
    storeNames: [storeName],
    open(context) {
      const store = context.store(storeName) as SessionStore<K, V>
      return {
        get: ({ key, startMs, endMs }) => store.fetchSession(key, startMs, endMs),
        // A session's result is as old as its last record, whose time is the session's end.
        getWithTimestamp({ key, startMs, endMs }) {
          const found = store.fetchSession(key, startMs, endMs)
          return isPromise(found)
            ? found.then((value) => stamped(value, endMs))
            : stamped(found, endMs)
        },
        prefetch: ({ key, startMs, endMs }) => store.prefetch(key, endMs, startMs),
      }
    },
  }
}

function stamped<V>(value: V | undefined, timestampMs: number): ValueAndTimestamp<V> | undefined {
  return value === undefined ? undefined : { value, timestampMs }
}
