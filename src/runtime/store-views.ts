import type { WorkerParts } from './worker-parts.ts'
import type { StoreView } from './worker-status.ts'

/** The partitions of a store that a worker has; each throws when it is read while it is restored. */
export function storeViewsOf(parts: WorkerParts, storeName: string): StoreView[] {
  const global = parts.globalStores.view(storeName)
  if (global) return [global]
  return parts.tasks.all
    .filter(({ inputs }) =>
      inputs.subTopology.stores.some((store) => store.storeName === storeName),
    )
    .map((task) => {
      const partitions = parts.layouts.current.taskCounts.get(task.id.subTopology)!
      return task.view(storeName, partitions, () => parts.tasks.committedStore(task, storeName))
    })
}
