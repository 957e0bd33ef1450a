import { unpacked } from '../core/byte-text.ts'
import { noHeaders } from '../core/headers.ts'
import { headersBefore, valueBehindHeaders } from './header-values.ts'
import type { StoreSpec } from './store-spec.ts'
import type { LayerEntry } from './layer-entry.ts'
import type { WriteChange } from './task-state.ts'

/** Gives what the changelog gets of a write; nothing for a write that it does not get. */
export type ChangeOf = (entry: LayerEntry, write: WriteChange) => void

/** How a store's writes go to its changelog. */
export function changesOf(spec: StoreSpec): ChangeOf {
  const { storeName } = spec
  if (spec.kind !== 'key-value' || spec.headers !== true) {
    return ({ changelogKey, value, timestampMs }, write) => {
      if (changelogKey === undefined) return
      write(storeName, changelogKey, value, timestampMs, noHeaders)
    }
  }
  return ({ changelogKey, value, timestampMs }, write) => {
    if (changelogKey === undefined) return
    if (value === null) {
      write(storeName, changelogKey, null, timestampMs, noHeaders)
      return
    }
    const bytes = unpacked(value)
    const headers = headersBefore(bytes)
    write(storeName, changelogKey, valueBehindHeaders(bytes), timestampMs, headers)
  }
}
