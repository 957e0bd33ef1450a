import { unpacked } from '../core/byte-text.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { LifecycleError } from '../core/errors.ts'
import { noHeaders, type Headers } from '../core/headers.ts'
import type { EntryReader } from './entry-reader.ts'
import { WithoutHeaders, withHeaders } from './header-values.ts'
import { afterKey, afterPrefix, storageKey } from './key-bytes.ts'
import type { WritableEntries } from './writable-entries.ts'
import { LayerEntry } from './layer-entry.ts'
import type { StoredEntry } from './stored-entry.ts'
import type {
  KeyValueEntry,
  KeyValueStore,
  RangeOptions,
  ReadOnlyKeyValueStore,
  ScanDirection,
  StoreIterator,
  ValueAndTimestamp,
  ValueWithHeaders,
} from './store.ts'
import type { StoreSerdes } from './store-serdes.ts'
import { TypedIterator } from './typed-iterator.ts'
import { checkTimestamp, type WriteContext } from './write-context.ts'

/** A key-value store over bytes, for reading. */
export class KeyValueReader<K, V> implements ReadOnlyKeyValueStore<K, V> {
  readonly name: string
  readonly kind = 'key-value'
  readonly #reader: EntryReader
  protected readonly serdes: StoreSerdes<K, V>
  readonly #valueOf: (entry: StoredEntry | undefined) => V | undefined
  readonly #stampedOf: (entry: StoredEntry | undefined) => ValueAndTimestamp<V> | undefined

  readonly #headedOf: (entry: StoredEntry | undefined) => ValueWithHeaders<V> | undefined

  constructor(name: string, reader: EntryReader, serdes: StoreSerdes<K, V>) {
    this.name = name
    this.#reader = reader
    this.serdes = serdes
    this.#valueOf = (entry) => (entry === undefined ? undefined : serdes.value(entry))
    this.#stampedOf = (entry) =>
      entry === undefined
        ? undefined
        : { value: serdes.value(entry), timestampMs: entry.timestampMs }
    this.#headedOf = (entry) =>
      entry === undefined
        ? undefined
        : {
            value: serdes.value(entry),
            timestampMs: entry.timestampMs,
            headers: entry instanceof WithoutHeaders ? entry.headers() : noHeaders,
          }
  }

  get(key: K): MaybePromise<V | undefined> {
    const entry = this.#reader.find(this.serdes.storageKey(key))
    return isPromise(entry) ? entry.then(this.#valueOf) : this.#valueOf(entry)
  }

  getWithTimestamp(key: K): MaybePromise<ValueAndTimestamp<V> | undefined> {
    const entry = this.#reader.find(this.serdes.storageKey(key))
    return isPromise(entry) ? entry.then(this.#stampedOf) : this.#stampedOf(entry)
  }

  getWithHeaders(key: K): MaybePromise<ValueWithHeaders<V> | undefined> {
    const entry = this.#reader.find(this.serdes.storageKey(key))
    return isPromise(entry) ? entry.then(this.#headedOf) : this.#headedOf(entry)
  }

  range(options: RangeOptions<K> = {}): StoreIterator<KeyValueEntry<K, V>> {
    const { from, to, reverse = false } = options
    return this.#iterate(
      from === undefined ? '' : this.serdes.storageKey(from),
      to === undefined ? undefined : afterKey(this.serdes.storageKey(to)),
      reverse,
    )
  }

  prefixScan(
    prefix: Buffer,
    { reverse = false }: ScanDirection = {},
  ): StoreIterator<KeyValueEntry<K, V>> {
    const from = storageKey(prefix)
    return this.#iterate(from, afterPrefix(from), reverse)
  }

  approximateEntries(): MaybePromise<number> {
    return this.#reader.count()
  }

  #iterate(
    from: string,
    to: string | undefined,
    reverse: boolean,
  ): StoreIterator<KeyValueEntry<K, V>> {
    const scan = this.#reader.scan({ from, to, reverse }, false)
    return new TypedIterator(scan, ({ key, entry }) => {
      const read = {
        key: this.serdes.key(key),
        value: this.serdes.value(entry),
        timestampMs: entry.timestampMs,
      }
      return entry instanceof WithoutHeaders ? { ...read, headers: entry.headers() } : read
    })
  }
}

/** A key-value store over an uncommitted layer, for processing. */
export class LayeredKeyValueStore<K, V>
  extends KeyValueReader<K, V>
  implements KeyValueStore<K, V>
{
  readonly #store: WritableEntries
  readonly #context: WriteContext
  readonly #keepsHeaders: boolean

  constructor(
    store: WritableEntries,
    serdes: StoreSerdes<K, V>,
    context: WriteContext,
    keepsHeaders = false,
  ) {
    super(store.name, store, serdes)
    this.#store = store
    this.#context = context
    this.#keepsHeaders = keepsHeaders
  }

  put(
    key: K,
    value: V | null | undefined,
    timestampMs: number = this.#context.clock.recordTimestampMs,
    headers?: Headers,
  ): void {
    checkTimestamp(this.name, timestampMs)
    const stored = this.serdes.storageKey(key)
    let valueBytes = value === null || value === undefined ? null : this.serdes.valueBytes(value)
    this.serdes.noteWrite(this.#context.clock.lastWrite, value, valueBytes)
    if (this.#keepsHeaders && valueBytes !== null) {
      valueBytes = withHeaders(
        headers ?? this.#context.clock.recordHeaders ?? noHeaders,
        unpacked(valueBytes),
      )
    }
    const entry = new LayerEntry(stored, valueBytes, timestampMs)
    this.#store.put(stored, entry)
    this.#context.written(entry)
  }

  delete(key: K): void {
    this.put(key, null)
  }

  putIfAbsent(key: K, value: V): MaybePromise<V | undefined> {
    const before = this.get(key)
    if (!isPromise(before)) {
      if (before === undefined) this.put(key, value)
      return before
    }
    // The record's time and the layers may be others when the disk has answered.
    const timestampMs = this.#context.clock.recordTimestampMs
    const headers = this.#context.clock.recordHeaders
    const discards = this.#store.discards
    return before.then(async (found) => {
      if (found !== undefined) return found
      if (discards !== this.#store.discards) {
        throw new LifecycleError(
          `The store ${this.name} dropped its uncommitted writes while putIfAbsent waited for a read`,
        )
      }
      const since = await this.get(key)
      if (since === undefined) this.put(key, value, timestampMs, headers)
      return since
    })
  }

  serializedKey(key: K): Buffer {
    this.serdes.storageKey(key)
    return this.serdes.lastKeyBytes
  }

  prefetch(key: K): void {
    this.#store.want(this.serdes.storageKey(key))
  }
}
