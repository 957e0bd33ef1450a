import type { LoggingOptions } from '../state/logging-spec.ts'
import type { StoreEngine } from '../state/store-spec.ts'

/** How a table is held. Source: Java's `Materialized`. */
export interface StoreOptions {
  /** @defaultValue a generated name, which changes when operators are added before this one */
  readonly name?: string
  /** @defaultValue `'default'`: what the application's configuration says */
  readonly engine?: StoreEngine
  /** The changelog; `false` for none. @defaultValue on, the last update a key at each commit */
  readonly logging?: LoggingOptions | boolean
}

/** How a table that is not windowed is held. Source: Java's `Materialized` for key-value stores. */
export interface TableStoreOptions extends StoreOptions {
  /**
   * Keeps the history of each key: values with the times from which they were valid, in a versioned store. Updates that
   * arrive out of order then take their place in the history, and a join finds the value as of the record's time.
   *
   * @defaultValue the latest value alone
   * @remarks Source: KIP-889, KIP-914, `Stores.persistentVersionedKeyValueStore`.
   */
  readonly versioned?: {
    /** How far back from stream time versions are kept, and updates taken, in milliseconds. */
    readonly historyRetentionMs: number
  }
  /**
   * How long a row is there that no update has written, in whole milliseconds of stream time above 0; then it is gone
   * from the store and its changelog, as if it had never been. What was made of the table downstream is not told. Not
   * together with `versioned`. @defaultValue for ever
   */
  readonly ttlMs?: number
  /**
   * Whether each row keeps the headers of the record that wrote it, for `getWithHeaders` of the store. Not together with
   * `versioned`. @defaultValue false
   */
  readonly headers?: boolean
}

/** A store's name, or more about it. */
export type StoreOption = string | TableStoreOptions

/** A window or session store's name, or more about it. */
export type WindowStoreOption = string | StoreOptions

/** The options of a store option; a name alone leaves the rest at its defaults. */
export function storeOptions(store: StoreOption | undefined): TableStoreOptions {
  return typeof store === 'string' ? { name: store } : (store ?? {})
}
