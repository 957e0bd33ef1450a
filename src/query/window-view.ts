import type { ReadOnlyWindowStore, WindowEntry } from '../state/store.ts'
import { freshnessOf, type Freshness } from './freshness.ts'
import type { ViewReadOptions, ViewValue } from './key-value-view.ts'
import { storeOfKind, type StoreReader } from './store-reader.ts'

/** Bounds on window starts in milliseconds since the epoch, both inclusive; open where left out. */
export interface WindowRange {
  readonly fromMs?: number
  readonly toMs?: number
}

/** A materialized window store as of the last commit, over the partitions that are on this worker. */
export class WindowView<K, V> {
  readonly #reader: StoreReader

  /** @internal */
  constructor(reader: StoreReader) {
    this.#reader = reader
  }

  get name(): string {
    return this.#reader.store.name
  }

  /**
   * The value of the window of a key that starts at this time, or undefined.
   *
   * @throws QueryError when the key's partition is not on this worker; StateStoreNotAvailableError while it is restored
   */
  async get(
    key: K,
    windowStartMs: number,
    options: ViewReadOptions = {},
  ): Promise<ViewValue<V> | undefined> {
    const view = (await this.#reader.located()).forKey(key, options.partition)
    const store = storeOfKind<ReadOnlyWindowStore<K, V>>(view, 'window')
    const found = await store.fetchWithTimestamp(key, windowStartMs)
    return found && { ...found, ...freshnessOf([view]) }
  }

  /** One key's windows by start time. */
  async *fetch(
    key: K,
    range: WindowRange = {},
    options: ViewReadOptions = {},
  ): AsyncGenerator<WindowEntry<K, V>> {
    const view = (await this.#reader.located()).forKey(key, options.partition)
    const store = storeOfKind<ReadOnlyWindowStore<K, V>>(view, 'window')
    const { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER } = range
    for await (const entry of store.fetchRange(key, fromMs, toMs)) yield entry
  }

  /** All keys' windows that start in the interval, by start time within each partition. */
  async *fetchAll(range: WindowRange = {}): AsyncGenerator<WindowEntry<K, V>> {
    const { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER } = range
    for (const view of (await this.#reader.located()).all()) {
      const store = storeOfKind<ReadOnlyWindowStore<K, V>>(view, 'window')
      for await (const entry of store.fetchAll(fromMs, toMs)) yield entry
    }
  }

  /** How fresh an answer over all partitions here would be now. */
  freshness(): Freshness {
    return freshnessOf(this.#reader.all())
  }
}
