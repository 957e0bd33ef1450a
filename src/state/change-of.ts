import { unpacked } from '../core/byte-text.ts'
import { noHeaders } from '../core/headers.ts'
import { headersBefore, valueBehindHeaders } from './header-values.ts'
import type { StoreSpec } from './store-spec.ts'
import type { LayerEntry } from './layer-entry.ts'
import type { Change } from './task-state.ts'

/** Makes of a write what the changelog gets; undefined for a write that it does not get. */
export type ChangeOf = (entry: LayerEntry) => Change | undefined

/** How a store's writes go to its changelog. */
export function changesOf(spec: StoreSpec): ChangeOf {
  const { storeName } = spec
  if (spec.kind !== 'key-value' || spec.headers !== true) {
    return ({ changelogKey, value, timestampMs }) => {
      if (changelogKey === undefined) return undefined
      return { storeName, key: changelogKey, value, timestampMs, headers: noHeaders }
    }
  }
  return ({ changelogKey, value, timestampMs }) => {
    if (changelogKey === undefined) return undefined
    const key = changelogKey
    if (value === null) return { storeName, key, value, timestampMs, headers: noHeaders }
    const bytes = unpacked(value)
    return {
      storeName,
      key,
      value: valueBehindHeaders(bytes),
      timestampMs,
      headers: headersBefore(bytes),
    }
  }
}
