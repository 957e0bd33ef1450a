import type { ReadOnlySessionStore, SessionEntry } from '../state/session-store-types.ts'
import { freshnessOf, type Freshness } from './freshness.ts'
import type { ViewReadOptions } from './key-value-view.ts'
import { storeOfKind, type StoreReader } from './store-reader.ts'
import type { WindowRange } from './window-view.ts'

/** A session's value read from a view, and how fresh the answer is. */
export interface SessionValue<V> extends Freshness {
  readonly value: V
}

/** A materialized session store as of the last commit, over the partitions that are on this worker. */
export class SessionView<K, V> {
  readonly #reader: StoreReader

  /** @internal */
  constructor(reader: StoreReader) {
    this.#reader = reader
  }

  get name(): string {
    return this.#reader.store.name
  }

  /**
   * The value of the session of a key with exactly these times, or undefined.
   *
   * @throws QueryError when the key's partition is not on this worker; StateStoreNotAvailableError while it is restored
   */
  async get(
    key: K,
    startMs: number,
    endMs: number,
    options: ViewReadOptions = {},
  ): Promise<SessionValue<V> | undefined> {
    const view = (await this.#reader.located()).forKey(key, options.partition)
    const store = storeOfKind<ReadOnlySessionStore<K, V>>(view, 'session')
    const value = await store.fetchSession(key, startMs, endMs)
    return value === undefined ? undefined : { value, ...freshnessOf([view]) }
  }

  /** One key's sessions that the interval touches, by end. */
  async *fetch(
    key: K,
    range: WindowRange = {},
    options: ViewReadOptions = {},
  ): AsyncGenerator<SessionEntry<K, V>> {
    const view = (await this.#reader.located()).forKey(key, options.partition)
    const store = storeOfKind<ReadOnlySessionStore<K, V>>(view, 'session')
    const { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER } = range
    for await (const entry of store.findSessions(key, fromMs, toMs)) yield entry
  }

  /** All keys' sessions that the interval touches, by end within each partition. */
  async *fetchAll(range: WindowRange = {}): AsyncGenerator<SessionEntry<K, V>> {
    const { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER } = range
    for (const view of (await this.#reader.located()).all()) {
      const store = storeOfKind<ReadOnlySessionStore<K, V>>(view, 'session')
      for await (const entry of store.findSessionsOfKeys({}, fromMs, toMs)) yield entry
    }
  }

  /** How fresh an answer over all partitions here would be now. */
  freshness(): Freshness {
    return freshnessOf(this.#reader.all())
  }
}
