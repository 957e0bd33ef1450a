import { foreignRecord, type StoreLayout } from './store-layout.ts'
import { StoreLayer } from './store-layer.ts'
import type { StoreSpec } from './store-spec.ts'
import type { ChangelogRecord } from './task-state.ts'

/**
 * The writes that changelog records stand for.
 *
 * What has expired by the end of the records is left to the engine to drop, and to reads to hide.
 */
export function restoredLayer(
  spec: StoreSpec,
  layout: StoreLayout,
  segmentIntervalMs: number,
  records: readonly ChangelogRecord[],
): StoreLayer {
  const layer = new StoreLayer()
  for (const record of records) {
    if (layout.restore(layer, record, segmentIntervalMs)) continue
    throw foreignRecord(spec.kind, spec.storeName, record)
  }
  return layer
}
