import type { Serde } from '../serdes/serde.ts'
import type { StoreKind } from '../state/store.ts'
import type { StoreView, WorkerStatus } from '../runtime/worker-status.ts'

/** What queries need of the worker that they run in. */
export interface QueryHost {
  status(): WorkerStatus
  /** The partitions of a store that are here; empty for a store that has none here now. */
  storeViews(storeName: string): StoreView[]
  /** Brings up to date what {@link storeViews} says, where the partitions are in other threads; to be awaited before. */
  locate?(storeName: string): Promise<void>
  /** Says which part of the worker does not answer any more; undefined where all is well. */
  stuck?(): string | undefined
}

/** A store of the topology that can be read by name. */
export interface QueryableStore {
  readonly name: string
  readonly kind: StoreKind
  /** Bound to the worker's registry. */
  readonly key: Serde<unknown>
  /** Length of the windows in milliseconds; undefined for a key-value store. */
  readonly windowSizeMs: number | undefined
}
