import type { MaybePromise } from '../core/maybe-promise.ts'
import type { RangeOptions, ScanDirection, StateStore, StoreIterator } from './store.ts'

/** A session: the value of a key from its first record's time to its last one's. Source: Java's `SessionWindow`. */
export interface SessionEntry<K, V> {
  readonly key: K
  /** Event time of the session's first record. */
  readonly startMs: number
  /** Event time of the session's last record; inclusive, so that a session of one record starts and ends with it. */
  readonly endMs: number
  readonly value: V
}

/**
 * Sessions by key, end and start, for reading. All times are milliseconds, all bounds inclusive.
 *
 * @remarks Source: `org.apache.kafka.streams.state.ReadOnlySessionStore`.
 */
export interface ReadOnlySessionStore<K, V> extends StateStore {
  readonly kind: 'session'
  /** The value of the session with exactly these times. */
  fetchSession(key: K, startMs: number, endMs: number): MaybePromise<V | undefined>
  /**
   * One key's sessions that end at `earliestEndMs` or later and start at `latestStartMs` or before: those that an
   * interval touches. By end, then start.
   */
  findSessions(
    key: K,
    earliestEndMs: number,
    latestStartMs: number,
    options?: ScanDirection,
  ): StoreIterator<SessionEntry<K, V>>
  /**
   * The same for the keys `from` ≤ key ≤ `to` by their bytes; a bound that is left out is open. By end, then start,
   * then key.
   */
  findSessionsOfKeys(
    keys: RangeOptions<K>,
    earliestEndMs: number,
    latestStartMs: number,
  ): StoreIterator<SessionEntry<K, V>>
  /** All of one key's sessions, by end, then start. */
  fetch(key: K, options?: ScanDirection): StoreIterator<SessionEntry<K, V>>
  /** All keys' sessions that end in the interval, by end, then start, then key. */
  findSessionsByEnd(
    earliestEndMs: number,
    latestEndMs: number,
    options?: ScanDirection,
  ): StoreIterator<SessionEntry<K, V>>
  /** All sessions, by end, then start, then key. */
  all(options?: ScanDirection): StoreIterator<SessionEntry<K, V>>
}

/**
 * A session store as a processor sees it. Sessions that ended at or before the highest end put here less the
 * retention are gone and take no writes.
 *
 * @remarks Source: `org.apache.kafka.streams.state.SessionStore`.
 */
export interface SessionStore<K, V> extends ReadOnlySessionStore<K, V> {
  /** Writes a session's value; null or undefined removes the session. Throws `SerializationError`. */
  put(key: K, startMs: number, endMs: number, value: V | null | undefined): void
  remove(key: K, startMs: number, endMs: number): void
  /** Asks for what {@link findSessions} will read to be read together with the batch; see `Processor.prefetch`. */
  prefetch(key: K, earliestEndMs: number, latestStartMs: number): void
}
