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

/** A store's name, or more about it. */
export type StoreOption = string | StoreOptions

/** The options of a store option; a name alone leaves the rest at its defaults. */
export function storeOptions(store: StoreOption | undefined): StoreOptions {
  return typeof store === 'string' ? { name: store } : (store ?? {})
}
