import { isAscii, unpacked, type PackedBytes } from '../core/byte-text.ts'
import { SerializationError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { bindSerde, type Serde, type SerdeContext, type SerdeEnvironment } from '../serdes/serde.ts'
import type { LastWrite } from './last-write.ts'
import { writesAlike } from '../serdes/with-text.ts'
import { storageKey, storageKeyBytes, type StorageKey } from './key-bytes.ts'
import type { StoredEntry } from './stored-entry.ts'
import type { StoreSpec } from './store-spec.ts'

/** A store's serdes, bound to the services of the worker, and told the store's changelog topic. */
export class StoreSerdes<K, V> {
  readonly #storeName: string
  readonly #key: Serde<K>
  readonly #value: Serde<V>
  readonly #writesAlike: boolean
  readonly #keyContext: SerdeContext
  readonly #valueContext: SerdeContext
  #lastKey: K | undefined
  #lastPacked: PackedBytes = ''
  #lastStorageKey: StorageKey = ''

  constructor(spec: StoreSpec, topic: string, environment: SerdeEnvironment) {
    this.#storeName = spec.storeName
    this.#key = bindSerde(spec.key as Serde<unknown>, environment) as Serde<K>
    this.#value = bindSerde(spec.value as Serde<unknown>, environment) as Serde<V>
    this.#keyContext = { topic, part: 'key' }
    this.#valueContext = { topic, part: 'value' }
    this.#writesAlike = writesAlike(this.#value)
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
    const packed =
      this.#key.serializeText === undefined
        ? this.#key.serialize(key, this.#keyContext)
        : this.#key.serializeText(key, this.#keyContext)
    this.#lastPacked = packed
    this.#lastKey = key
    this.#lastStorageKey = typeof packed === 'string' ? packed : storageKey(packed)
    return this.#lastStorageKey
  }

  /** The bytes of the key that {@link storageKey} was last asked for. */
  get lastKeyBytes(): Buffer {
    return unpacked(this.#lastPacked)
  }

  /** The same as they are at hand. */
  get lastKeyPacked(): PackedBytes {
    return this.#lastPacked
  }

  key(stored: StorageKey): K {
    const read = this.#key.deserializeText
    if (read !== undefined && isAscii(stored)) return read.call(this.#key, stored, this.#keyContext)
    return this.#key.deserialize(storageKeyBytes(stored), this.#keyContext)
  }

  valueBytes(value: V): PackedBytes {
    if (this.#value.serializeText === undefined) {
      return this.#value.serialize(value, this.#valueContext)
    }
    const packed = this.#value.serializeText(value, this.#valueContext)
    // A text of the user's own may be a part of a longer one, which would be kept with it.
    return (packed as unknown) === value ? unpacked(packed) : packed
  }

  /** Notes what {@link valueBytes} gave, where it is the same for whatever else the serde is used for. */
  noteWrite(
    last: LastWrite | undefined,
    value: V | null | undefined,
    bytes: PackedBytes | null,
  ): void {
    if (last === undefined) return
    if (bytes !== null && this.#writesAlike) {
      last.note(this.#value as Serde<unknown>, value, bytes)
    } else last.forget()
  }

  value(entry: StoredEntry): V {
    const packed = entry.packed()
    if (typeof packed !== 'string') return this.#value.deserialize(packed, this.#valueContext)
    if (this.#value.deserializeText !== undefined && isAscii(packed)) {
      return this.#value.deserializeText(packed, this.#valueContext)
    }
    return this.#value.deserialize(unpacked(packed), this.#valueContext)
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
