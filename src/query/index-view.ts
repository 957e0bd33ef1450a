import { StateStoreNotAvailableError } from '../core/errors.ts'
import type { IndexSlot } from '../state/index-slot.ts'
import type { KeyValueEntry, ReadOnlyKeyValueStore } from '../state/store.ts'
import { indexedRows, type IndexRef } from '../state/table-index.ts'
import { freshnessOf, type Freshness } from './freshness.ts'
import { storeOfKind, type StoreReader } from './store-reader.ts'

/** How much of a table an answer is made of. */
export interface IndexCoverage {
  /** The partitions that are on this worker, whose rows are found. */
  readonly partitions: readonly number[]
  /** How many partitions the table has. */
  readonly of: number
}

/**
 * The rows of a table by an index, as of the last commit, over the partitions that are on this worker: rows of one index
 * key may lie in any partition, so where the table is spread over workers, each is to be asked.
 */
export class IndexView<I, K, V> {
  readonly #ref: IndexRef<I, K, V>
  readonly #index: StoreReader
  readonly #table: StoreReader

  /** @internal */
  constructor(ref: IndexRef<I, K, V>, index: StoreReader, table: StoreReader) {
    this.#ref = ref
    this.#index = index
    this.#table = table
  }

  get name(): string {
    return this.#ref.storeName
  }

  /**
   * The rows that have this index key, by partition, and by the bytes of their keys in each.
   *
   * @throws StateStoreNotAvailableError where no partition is on this worker, or one is being restored
   */
  async *get(indexKey: I): AsyncGenerator<KeyValueEntry<K, V>> {
    const tables = (await this.#table.located()).all()
    for (const view of (await this.#index.located()).all()) {
      const table = tables.find(({ partition }) => partition === view.partition)
      if (!table) throw this.#moving(view.partition)
      const stores = {
        index: storeOfKind<ReadOnlyKeyValueStore<IndexSlot<I, K>, true>>(view, 'key-value'),
        table: storeOfKind<ReadOnlyKeyValueStore<K, V>>(table, 'key-value'),
        keysOf: this.#ref.keysOf,
      }
      yield* indexedRows(stores, indexKey)
    }
  }

  /** Which partitions an answer would cover now. */
  coverage(): IndexCoverage {
    const views = this.#index.all()
    const partitions = views.map(({ partition }) => partition).filter((each) => each !== undefined)
    return { partitions, of: views[0]?.partitions ?? 0 }
  }

  /** How fresh an answer would be now. */
  freshness(): Freshness {
    return freshnessOf(this.#index.all())
  }

  #moving(partition: number | undefined): StateStoreNotAvailableError {
    return new StateStoreNotAvailableError(
      `partition ${partition} of the index ${this.name} is moving; ask again`,
    )
  }
}
