import { KeyElsewhereError, QueryError, StateStoreNotAvailableError } from '../core/errors.ts'
import { partitionForKey } from '../core/murmur2.ts'
import type { StoreKind, StateStore } from '../state/store.ts'
import type { StoreView } from '../runtime/worker-status.ts'
import type { QueryableStore, QueryHost } from './query-host.ts'

/** Finds the partitions of one store that answer a query, on this worker. */
export class StoreReader {
  readonly store: QueryableStore
  readonly #host: QueryHost

  constructor(host: QueryHost, store: QueryableStore) {
    this.#host = host
    this.store = store
  }

  /** This reader, when it is known where the partitions are. */
  async located(): Promise<this> {
    await this.#host.locate?.(this.store.name)
    return this
  }

  /** All partitions that are here. Throws `StateStoreNotAvailableError` where there is none. */
  all(): StoreView[] {
    const views = this.#host.storeViews(this.store.name)
    if (views.length === 0) throw this.#absent()
    return views
  }

  /** The partition that a key belongs to by Kafka's default partitioner, or the one that the caller names. */
  forKey(key: unknown, partition?: number): StoreView {
    const views = this.all()
    const first = views[0]!
    if (first.partition === undefined) return first
    const bytes = this.store.key.serialize(key, { topic: this.store.name, part: 'key' })
    const wanted = partition ?? partitionForKey(bytes, first.partitions)
    const view = views.find((candidate) => candidate.partition === wanted)
    if (view) return view
    const here = views.map((candidate) => candidate.partition).join(', ')
    throw new KeyElsewhereError(
      `partition ${wanted} of view ${this.store.name} is on another worker, or moving; ` +
        `this one has ${here} of ${first.partitions}: ask the worker that has it`,
    )
  }

  #absent(): StateStoreNotAvailableError {
    const { state } = this.#host.status()
    return new StateStoreNotAvailableError(
      `view ${this.store.name} has no partition on this worker, whose state is ${state}; ` +
        'ask again when it is running, or ask another worker',
    )
  }
}

/** The store behind a view as the kind it was declared as. Throws `QueryError` for any other. */
export function storeOfKind<S extends StateStore>(view: StoreView, kind: StoreKind): S {
  const { store } = view
  if (store.kind !== kind) {
    throw new QueryError(`view ${view.storeName} is a ${store.kind} store, not a ${kind} store`)
  }
  return store as S
}
