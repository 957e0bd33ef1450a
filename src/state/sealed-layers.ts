import type { SlotLayer } from './slot-layer.ts'
import type { SealedChanges, WriteChange } from './task-state.ts'
import type { TaskStore } from './task-store.ts'

/** The layers that a seal set aside, one a store. */
export class SealedLayers implements SealedChanges {
  readonly stores: readonly { readonly store: TaskStore; readonly layer: SlotLayer }[]

  constructor(stores: readonly TaskStore[]) {
    this.stores = stores.map((store) => ({ store, layer: store.seal() }))
  }

  get count(): number {
    let count = 0
    for (const { layer } of this.stores) count += layer.size
    return count
  }

  writeChangelog(write: WriteChange): void {
    for (const { store, layer } of this.stores) {
      if (!store.logsLastWrite) continue
      for (const entry of layer.changes()) store.changeOf(entry, write)
    }
  }
}
