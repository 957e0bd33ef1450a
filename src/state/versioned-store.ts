import { unpacked } from '../core/byte-text.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { StorageKey } from './key-bytes.ts'
import type { LayeredStore } from './layered-store.ts'
import { LayerEntry } from './layer-entry.ts'
import type { StoreSerdes } from './store-serdes.ts'
import { expiredAtOnce } from './timed-entries.ts'
import { bigEndian } from './time-bytes.ts'
import { VersionLog } from './version-log.ts'
import { deletionOf, deletionsUntil, latestKey } from './versioned-keys.ts'
import { checkVersionTime, VersionedReader } from './versioned-reader.ts'
import type { VersionedStore, VersionPut } from './versioned-store-types.ts'
import { walk } from './walk.ts'
import type { WriteContext } from './write-context.ts'

const notWritten: VersionPut = Object.freeze({ written: false })
const writtenLatest: VersionPut = Object.freeze({ written: true })

/**
 * A versioned store over an uncommitted layer, for processing.
 *
 * @remarks Source: `org.apache.kafka.streams.state.internals.RocksDBVersionedStore`, which keeps all versions of a key
 * and segment in one value; here each has its own entry.
 */
export class LayeredVersionedStore<K, V>
  extends VersionedReader<K, V>
  implements VersionedStore<K, V>
{
  readonly #store: LayeredStore
  readonly #log: VersionLog
  readonly #context: WriteContext

  constructor(
    store: LayeredStore,
    serdes: StoreSerdes<K, V>,
    historyRetentionMs: number,
    context: WriteContext,
  ) {
    super(store.name, store, serdes, historyRetentionMs)
    this.#store = store
    this.#log = new VersionLog(store)
    this.#context = context
  }

  put(
    key: K,
    value: V | null | undefined,
    timestampMs: number = this.#context.clock.recordTimestampMs,
  ): MaybePromise<VersionPut> {
    checkVersionTime(this.name, timestampMs)
    const stored = this.serdes.storageKey(key)
    const keyBytes = this.serdes.lastKeyPacked
    const bytes =
      value === null || value === undefined ? null : unpacked(this.serdes.valueBytes(value))
    if (timestampMs < this.historyFromMs) {
      this.#context.expired(timestampMs)
      return notWritten
    }
    this.#store.observe(timestampMs)
    const change = new LayerEntry(keyBytes, bytes, timestampMs)
    this.#store.log(bigEndian(timestampMs) + stored, change)
    this.#context.written(change)
    const put = this.#log.put({ key: stored, value: bytes, timestampMs })
    return isPromise(put) ? put.then(putOf) : putOf(put)
  }

  delete(key: K, timestampMs?: number): MaybePromise<VersionPut> {
    return this.put(key, null, timestampMs)
  }

  prefetch(key: K): void {
    this.#store.want(latestKey(this.serdes.storageKey(key)))
  }

  /** Forgets deletions that no write can come behind any more, the oldest first, at most 1,000. */
  expire(): MaybePromise<void> {
    if (this.historyFromMs < 0) return undefined
    const { from, to } = deletionsUntil(this.historyFromMs)
    const notes: StorageKey[] = []
    const walking = walk(this.#store.scan({ from, to, reverse: false }, true), (batch) => {
      for (const { key } of batch) if (notes.length < expiredAtOnce) notes.push(key)
      return notes.length < expiredAtOnce
    })
    return isPromise(walking) ? walking.then(() => this.#forget(notes)) : this.#forget(notes)
  }

  #forget(notes: readonly StorageKey[]): void {
    for (const note of notes) {
      // The note goes with the deletion, so that where it is there the deletion is the latest version.
      this.#store.put(note, new LayerEntry(undefined, null, 0))
      this.#store.put(latestKey(deletionOf(note).key), new LayerEntry(undefined, null, 0))
    }
  }
}

function putOf(validToMs: number | undefined): VersionPut {
  return validToMs === undefined ? writtenLatest : { written: true, validToMs }
}
