import { SerializationError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { bindSerde, type Serde, type SerdeContext, type SerdeEnvironment } from '../serdes/serde.ts'
import { storageKey, storageKeyBytes, type StorageKey } from './key-bytes.ts'
import type { StoredEntry } from './stored-entry.ts'
import type { StoreSpec } from './store-spec.ts'

/** A store's serdes, bound to the services of the worker, and told the store's changelog topic. */
export class StoreSerdes<K, V> {
  readonly #storeName: string
  readonly #key: Serde<K>
  readonly #value: Serde<V>
  readonly #keyContext: SerdeContext
  readonly #valueContext: SerdeContext
  #lastKey: K | undefined
  #lastBytes: Buffer = Buffer.alloc(0)
  #lastStorageKey: StorageKey = ''

  constructor(spec: StoreSpec, topic: string, environment: SerdeEnvironment) {
    this.#storeName = spec.storeName
    this.#key = bindSerde(spec.key as Serde<unknown>, environment) as Serde<K>
    this.#value = bindSerde(spec.value as Serde<unknown>, environment) as Serde<V>
    this.#keyContext = { topic, part: 'key' }
    this.#valueContext = { topic, part: 'value' }
  }

  async prepare(): Promise<void> {
    await this.#key.prepare?.(this.#keyContext)
    await this.#value.prepare?.(this.#valueContext)
  }

  storageKey(key: K): StorageKey {
    // A key is often read and then written: the second time its bytes are at hand. Only strings are certain to be the
    // same bytes again.
    if (key === this.#lastKey && typeof key === 'string') return this.#lastStorageKey
    if (key === null || key === undefined) {
      throw new SerializationError(`The store ${this.#storeName} has no place for a null key`)
    }
    this.#lastBytes = this.#key.serialize(key, this.#keyContext)
    this.#lastKey = key
    this.#lastStorageKey = storageKey(this.#lastBytes)
    return this.#lastStorageKey
  }

  /** The bytes of the key that {@link storageKey} was last asked for. */
  get lastKeyBytes(): Buffer {
    return this.#lastBytes
  }

  key(stored: StorageKey): K {
    return this.#key.deserialize(storageKeyBytes(stored), this.#keyContext)
  }

  valueBytes(value: V): Buffer {
    return this.#value.serialize(value, this.#valueContext)
  }

  value(entry: StoredEntry): V {
    return this.#value.deserialize(entry.bytes(), this.#valueContext)
  }

  resolveValues(entries: readonly StoredEntry[]): MaybePromise<void> {
    if (this.#value.resolve === undefined || entries.length === 0) return undefined
    return this.#value.resolve(
      entries.map((entry) => entry.bytes()),
      this.#valueContext,
    )
  }

  resolveKeys(keys: readonly StorageKey[]): MaybePromise<void> {
    if (this.#key.resolve === undefined || keys.length === 0) return undefined
    return this.#key.resolve(keys.map(storageKeyBytes), this.#keyContext)
  }

  resolveBoth(keys: readonly StorageKey[], entries: readonly StoredEntry[]): MaybePromise<void> {
    const resolving = this.resolveKeys(keys)
    if (isPromise(resolving)) return resolving.then(() => this.resolveValues(entries))
    return this.resolveValues(entries)
  }
}
