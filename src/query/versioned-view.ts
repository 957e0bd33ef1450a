import type { RangeOptions } from '../state/store.ts'
import type {
  ReadOnlyVersionedStore,
  VersionedEntry,
  VersionedRecord,
  VersionRange,
} from '../state/versioned-store-types.ts'
import { freshnessOf, type Freshness } from './freshness.ts'
import type { ViewReadOptions, ViewValue } from './key-value-view.ts'
import { storeOfKind, type StoreReader } from './store-reader.ts'

/** A version read from a view, with how fresh the answer is. */
export interface VersionViewValue<V> extends ViewValue<V> {
  /** When another version took its place, exclusive; undefined for the latest version. */
  readonly validToMs?: number
}

/** Which version is asked for. */
export interface AsOfOptions extends ViewReadOptions {
  /** The version that was valid at this event time, in milliseconds. @defaultValue the latest */
  readonly asOfMs?: number
}

/**
 * A materialized versioned store as of the last commit, over the partitions that are on this worker.
 *
 * @remarks Source: KIP-960, KIP-968 (interactive queries of versioned stores).
 */
export class VersionedView<K, V> {
  readonly #reader: StoreReader

  /** @internal */
  constructor(reader: StoreReader) {
    this.#reader = reader
  }

  get name(): string {
    return this.#reader.store.name
  }

  /**
   * The latest value under a key, or the one that was valid at `asOfMs`; undefined where there was none, or the history
   * does not reach back so far.
   *
   * @throws QueryError when the key's partition is not on this worker; StateStoreNotAvailableError while it is restored
   */
  async get(key: K, options: AsOfOptions = {}): Promise<VersionViewValue<V> | undefined> {
    const view = (await this.#reader.located()).forKey(key, options.partition)
    const store = storeOfKind<ReadOnlyVersionedStore<K, V>>(view, 'versioned')
    const found = await store.get(key, options.asOfMs)
    return found && { ...found, ...freshnessOf([view]) }
  }

  /** One key's versions that the interval touches, oldest first. */
  async *versions(
    key: K,
    range: VersionRange = {},
    options: ViewReadOptions = {},
  ): AsyncGenerator<VersionedRecord<V>> {
    const view = (await this.#reader.located()).forKey(key, options.partition)
    const store = storeOfKind<ReadOnlyVersionedStore<K, V>>(view, 'versioned')
    for await (const version of store.versions(key, range)) yield version
  }

  /** The latest values between two keys, both inclusive, in key order within each partition. */
  async *range(options: RangeOptions<K> = {}): AsyncGenerator<VersionedEntry<K, V>> {
    for (const view of (await this.#reader.located()).all()) {
      const store = storeOfKind<ReadOnlyVersionedStore<K, V>>(view, 'versioned')
      for await (const entry of store.range(options)) yield entry
    }
  }

  /** How fresh an answer over all partitions here would be now. */
  freshness(): Freshness {
    return freshnessOf(this.#reader.all())
  }
}
