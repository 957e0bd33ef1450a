import { StateCorruptedError } from '../core/errors.ts'
import { storageKey } from './key-bytes.ts'
import { LayerEntry, StoreLayer } from './store-layer.ts'
import type { ChangelogRecord } from './task-state.ts'
import type { TaskStore } from './task-store.ts'
import { parseWindowChangelogKey, windowStorageKey } from './window-keys.ts'

/**
 * The writes that changelog records stand for.
 *
 * Windows that have expired by the end of the records are left to the engine to drop, and to reads to hide.
 */
export function restoredLayer(store: TaskStore, records: readonly ChangelogRecord[]): StoreLayer {
  const layer = new StoreLayer()
  const isWindow = store.shape.kind === 'window'
  for (const record of records) {
    const entry = new LayerEntry(record.key, record.value, record.timestampMs)
    if (!isWindow) {
      layer.put(storageKey(record.key), entry)
      continue
    }
    const window = parseWindowChangelogKey(record.key)
    if (!window) {
      throw new StateCorruptedError(
        `The changelog of the window store ${store.name} holds a key of ${record.key.length} bytes that is no window's ` +
          'key; was the topic written by a store of another kind? Give the store another name, or delete the topic',
      )
    }
    layer.observedMs = Math.max(layer.observedMs, window.windowStartMs)
    const interval = store.layered.segmentIntervalMs
    layer.put(windowStorageKey(interval, storageKey(window.key), window.windowStartMs), entry)
  }
  return layer
}
