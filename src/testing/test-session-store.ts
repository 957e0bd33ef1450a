import type { SessionEntry, SessionStore } from '../state/session-store-types.ts'
import type { RangeOptions, ScanDirection } from '../state/store.ts'
import { atHand, listed } from './at-hand.ts'

/** A session store of a test driver: in memory, so that no read has to be awaited. All times are inclusive. */
export class TestSessionStore<K, V> {
  readonly name: string
  readonly kind = 'session'
  readonly #store: SessionStore<K, V>

  /** @internal Made by {@link TopologyTestDriver.store}. */
  constructor(store: SessionStore<K, V>) {
    this.name = store.name
    this.#store = store
  }

  fetchSession(key: K, startMs: number, endMs: number): V | undefined {
    return atHand(this.#store.fetchSession(key, startMs, endMs))
  }

  /** One key's sessions that end at `earliestEndMs` or later and start at `latestStartMs` or before. */
  findSessions(
    key: K,
    earliestEndMs: number,
    latestStartMs: number,
    options?: ScanDirection,
  ): SessionEntry<K, V>[] {
    return listed(this.#store.findSessions(key, earliestEndMs, latestStartMs, options))
  }

  /** The same for the keys `from` ≤ key ≤ `to`. */
  findSessionsOfKeys(
    keys: RangeOptions<K>,
    earliestEndMs: number,
    latestStartMs: number,
  ): SessionEntry<K, V>[] {
    return listed(this.#store.findSessionsOfKeys(keys, earliestEndMs, latestStartMs))
  }

  /** All of one key's sessions, by end. */
  fetch(key: K, options?: ScanDirection): SessionEntry<K, V>[] {
    return listed(this.#store.fetch(key, options))
  }

  /** All keys' sessions that end in the interval, by end, then start, then key. */
  findSessionsByEnd(
    earliestEndMs: number,
    latestEndMs: number,
    options?: ScanDirection,
  ): SessionEntry<K, V>[] {
    return listed(this.#store.findSessionsByEnd(earliestEndMs, latestEndMs, options))
  }

  all(options?: ScanDirection): SessionEntry<K, V>[] {
    return listed(this.#store.all(options))
  }

  /** Writes as a processor would, for setting up a test; null or undefined removes the session. */
  put(key: K, startMs: number, endMs: number, value: V | null | undefined): void {
    this.#store.put(key, startMs, endMs, value)
  }

  remove(key: K, startMs: number, endMs: number): void {
    this.#store.remove(key, startMs, endMs)
  }
}
