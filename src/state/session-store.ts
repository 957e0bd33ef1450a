import type { LayeredStore } from './layered-store.ts'
import { sessionChangelogKey } from './session-keys.ts'
import { checkSession, SessionReader } from './session-reader.ts'
import type { SessionStore } from './session-store-types.ts'
import { LayerEntry } from './layer-entry.ts'
import type { StoreSerdes } from './store-serdes.ts'
import { checkTimestamp, type WriteContext } from './write-context.ts'

/** A session store over an uncommitted layer, for processing. */
export class LayeredSessionStore<K, V> extends SessionReader<K, V> implements SessionStore<K, V> {
  readonly #store: LayeredStore
  readonly #context: WriteContext

  constructor(
    store: LayeredStore,
    serdes: StoreSerdes<K, V>,
    retentionMs: number,
    context: WriteContext,
  ) {
    super(store.name, store, serdes, retentionMs)
    this.#store = store
    this.#context = context
  }

  put(key: K, startMs: number, endMs: number, value: V | null | undefined): void {
    const times = checkSession(this.name, startMs, endMs)
    const timestampMs = this.#context.clock.recordTimestampMs
    checkTimestamp(this.name, timestampMs)
    const stored = this.storedAt(key, times)
    const changelogKey = sessionChangelogKey(this.serdes.lastKeyBytes, times)
    const bytes = value === null || value === undefined ? null : this.serdes.valueBytes(value)
    this.#store.observe(endMs)
    if (endMs <= this.expiredToMs) {
      this.#context.expired(startMs)
      return
    }
    const entry = new LayerEntry(changelogKey, bytes, timestampMs)
    this.#store.put(stored, entry)
    this.#context.written(entry)
  }

  remove(key: K, startMs: number, endMs: number): void {
    this.put(key, startMs, endMs, null)
  }

  // What a scan will read is not yet read ahead: only single keys are.
  prefetch(): void {}
}
