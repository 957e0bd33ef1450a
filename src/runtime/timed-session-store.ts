import type { MaybePromise } from '../core/maybe-promise.ts'
import type { SessionEntry, SessionStore } from '../state/session-store-types.ts'
import type { RangeOptions, ScanDirection, StoreIterator } from '../state/store.ts'
import type { StoreClock } from '../state/task-state.ts'
import type { WriteTime } from './write-time.ts'

/** A session store as one processor sees it: its writes get the time of the record that the processor handles. */
export class TimedSessionStore<K, V> implements SessionStore<K, V> {
  readonly name: string
  readonly kind = 'session'
  readonly #store: SessionStore<K, V>
  readonly #time: WriteTime
  readonly #clock: StoreClock

  constructor(store: SessionStore<K, V>, time: WriteTime, clock: StoreClock) {
    this.name = store.name
    this.#store = store
    this.#time = time
    this.#clock = clock
  }

  fetchSession(key: K, startMs: number, endMs: number): MaybePromise<V | undefined> {
    return this.#store.fetchSession(key, startMs, endMs)
  }

  findSessions(
    key: K,
    earliestEndMs: number,
    latestStartMs: number,
    options?: ScanDirection,
  ): StoreIterator<SessionEntry<K, V>> {
    return this.#store.findSessions(key, earliestEndMs, latestStartMs, options)
  }

  findSessionsOfKeys(
    keys: RangeOptions<K>,
    earliestEndMs: number,
    latestStartMs: number,
  ): StoreIterator<SessionEntry<K, V>> {
    return this.#store.findSessionsOfKeys(keys, earliestEndMs, latestStartMs)
  }

  fetch(key: K, options?: ScanDirection): StoreIterator<SessionEntry<K, V>> {
    return this.#store.fetch(key, options)
  }

  findSessionsByEnd(
    earliestEndMs: number,
    latestEndMs: number,
    options?: ScanDirection,
  ): StoreIterator<SessionEntry<K, V>> {
    return this.#store.findSessionsByEnd(earliestEndMs, latestEndMs, options)
  }

  all(options?: ScanDirection): StoreIterator<SessionEntry<K, V>> {
    return this.#store.all(options)
  }

  put(key: K, startMs: number, endMs: number, value: V | null | undefined): void {
    this.#clock.recordTimestampMs = this.#time.recordTimestampMs
    this.#store.put(key, startMs, endMs, value)
  }

  remove(key: K, startMs: number, endMs: number): void {
    this.#clock.recordTimestampMs = this.#time.recordTimestampMs
    this.#store.remove(key, startMs, endMs)
  }

  prefetch(key: K, earliestEndMs: number, latestStartMs: number): void {
    this.#store.prefetch(key, earliestEndMs, latestStartMs)
  }
}
