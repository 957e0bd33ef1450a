import type { RangeOptions, ScanDirection } from '../state/store.ts'
import type {
  VersionedEntry,
  VersionedRecord,
  VersionedStore,
  VersionPut,
  VersionRange,
} from '../state/versioned-store-types.ts'
import { atHand, listed } from './at-hand.ts'

/** A versioned store of a test driver: in memory, so that no read has to be awaited. */
export class TestVersionedStore<K, V> {
  readonly name: string
  readonly kind = 'versioned'
  readonly #store: VersionedStore<K, V>

  /** @internal Made by {@link TopologyTestDriver.store}. */
  constructor(store: VersionedStore<K, V>) {
    this.name = store.name
    this.#store = store
  }

  /** The latest version, or the one that was valid at `asOfMs`. */
  get(key: K, asOfMs?: number): VersionedRecord<V> | undefined {
    return atHand(this.#store.get(key, asOfMs))
  }

  /** One key's versions, oldest first. */
  versions(key: K, range?: VersionRange): VersionedRecord<V>[] {
    return listed(this.#store.versions(key, range))
  }

  /** The latest values with `from` ≤ key ≤ `to`, by the bytes of their keys. */
  range(options: RangeOptions<K>): VersionedEntry<K, V>[] {
    return listed(this.#store.range(options))
  }

  /** The latest values whose serialized key begins with these bytes. */
  prefixScan(prefix: Buffer, options?: ScanDirection): VersionedEntry<K, V>[] {
    return listed(this.#store.prefixScan(prefix, options))
  }

  /** The latest values of all keys, by the bytes of their keys. */
  all(options?: ScanDirection): VersionedEntry<K, V>[] {
    return listed(this.#store.all(options))
  }

  /** Writes as a processor would, for setting up a test; null or undefined deletes from then on. */
  put(key: K, value: V | null | undefined, timestampMs?: number): VersionPut {
    return atHand(this.#store.put(key, value, timestampMs))
  }

  delete(key: K, timestampMs?: number): VersionPut {
    return atHand(this.#store.delete(key, timestampMs))
  }
}
