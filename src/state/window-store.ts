import { byteText, type PackedBytes } from '../core/byte-text.ts'
import type { LayeredStore } from './layered-store.ts'
import type { WindowStore } from './store.ts'
import { LayerEntry } from './layer-entry.ts'
import type { StoreSerdes } from './store-serdes.ts'
import { windowChangelogKey, windowStorageKey } from './window-keys.ts'
import { checkWindowStart, WindowReader, type WindowStoreRules } from './window-reader.ts'
import { checkTimestamp, type WriteContext } from './write-context.ts'

/** A window store over an uncommitted layer, for processing. */
export class LayeredWindowStore<K, V> extends WindowReader<K, V> implements WindowStore<K, V> {
  readonly #store: LayeredStore
  readonly #context: WriteContext

  constructor(
    store: LayeredStore,
    serdes: StoreSerdes<K, V>,
    rules: WindowStoreRules,
    context: WriteContext,
  ) {
    super(store.name, store, serdes, rules)
    this.#store = store
    this.#context = context
  }

  put(
    key: K,
    value: V | null | undefined,
    windowStartMs: number,
    timestampMs: number = this.#context.clock.recordTimestampMs,
  ): void {
    checkWindowStart(this.name, windowStartMs)
    checkTimestamp(this.name, timestampMs)
    if (this.retainsDuplicates && (value === null || value === undefined)) return
    const stored = this.storedAt(key, windowStartMs)
    const keyBytes = this.serdes.lastKeyPacked
    const valueBytes = value === null || value === undefined ? null : this.serdes.valueBytes(value)
    this.#store.observe(windowStartMs)
    if (windowStartMs <= this.expiredToMs) {
      this.#context.expired(windowStartMs)
      return
    }
    if (this.retainsDuplicates && valueBytes !== null) {
      this.#add(windowStartMs, keyBytes, valueBytes, timestampMs)
      return
    }
    const entry = new LayerEntry(
      windowChangelogKey(keyBytes, windowStartMs),
      valueBytes,
      timestampMs,
    )
    this.#store.put(stored, entry)
    this.#context.written(entry)
  }

  prefetch(key: K, windowStartMs: number): void {
    checkWindowStart(this.name, windowStartMs)
    if (this.retainsDuplicates) return
    if (windowStartMs > this.expiredToMs) this.#store.want(this.storedAt(key, windowStartMs))
  }

  #add(windowStartMs: number, key: PackedBytes, value: PackedBytes, timestampMs: number): void {
    const sequence = this.#store.nextSequence()
    const changelogKey = windowChangelogKey(key, windowStartMs, sequence)
    const entry = new LayerEntry(changelogKey, value, timestampMs)
    const interval = this.#store.segmentIntervalMs
    this.#store.put(windowStorageKey(interval, byteText(key), windowStartMs, sequence), entry)
    this.#context.written(entry)
  }
}
