import type { Headers } from '../core/headers.ts'
import type { KeyValueEntry, RangeOptions, ReadOnlyKeyValueStore } from '../state/store.ts'
import { freshnessOf, type Freshness } from './freshness.ts'
import { storeOfKind, type StoreReader } from './store-reader.ts'

/** A value read from a view, with its event time and how fresh the answer is. */
export interface ViewValue<V> extends Freshness {
  readonly value: V
  /** Event time of the record that wrote the value. */
  readonly timestampMs: number
  /** The headers of that record, where the store keeps them (`headers: true`) and it had any. */
  readonly headers?: Headers
}

/** Names the partition to read, for topics that are not partitioned by Kafka's default. */
export interface ViewReadOptions {
  readonly partition?: number
}

/**
 * A materialized key-value store as of the last commit, over the partitions that are on this worker.
 *
 * @remarks Source: interactive queries, `org.apache.kafka.streams.KafkaStreams.store`.
 */
export class KeyValueView<K, V> {
  readonly #reader: StoreReader

  /** @internal */
  constructor(reader: StoreReader) {
    this.#reader = reader
  }

  get name(): string {
    return this.#reader.store.name
  }

  /**
   * The value under a key, or undefined.
   *
   * @throws QueryError when the key's partition is not on this worker; StateStoreNotAvailableError while it is restored
   */
  async get(key: K, options: ViewReadOptions = {}): Promise<ViewValue<V> | undefined> {
    const view = (await this.#reader.located()).forKey(key, options.partition)
    const store = storeOfKind<ReadOnlyKeyValueStore<K, V>>(view, 'key-value')
    const found = await store.getWithHeaders(key)
    if (!found) return undefined
    const { value, timestampMs, headers } = found
    const kept = headers.length > 0 && { headers }
    return { value, timestampMs, ...kept, ...freshnessOf([view]) }
  }

  /** The entries between two keys, both inclusive, in key order within each partition. */
  async *range(options: RangeOptions<K> = {}): AsyncGenerator<KeyValueEntry<K, V>> {
    for (const view of (await this.#reader.located()).all()) {
      const store = storeOfKind<ReadOnlyKeyValueStore<K, V>>(view, 'key-value')
      for await (const entry of store.range(options)) yield entry
    }
  }

  /** How many entries there are on this worker; an estimate where counting would be slow. */
  async approximateEntries(): Promise<number> {
    let entries = 0
    for (const view of (await this.#reader.located()).all()) {
      entries += await storeOfKind<ReadOnlyKeyValueStore<K, V>>(
        view,
        'key-value',
      ).approximateEntries()
    }
    return entries
  }

  /** How fresh an answer over all partitions here would be now. */
  freshness(): Freshness {
    return freshnessOf(this.#reader.all())
  }
}
