import type { Serde } from '../serdes/serde.ts'
import type { KeyValueStoreSpec, VersionedStoreSpec } from '../state/store-spec.ts'
import type { TableSource } from './processors/table-source.ts'
import { neededSerde } from './serde-needed.ts'
import type { TableStoreOptions } from './store-options.ts'
import { keyValueView } from './store-view.ts'
import { tableStore } from './table-store.ts'
import type { TableBacking, TableView } from './table-view.ts'

/**
 * A table read from a topic or made of a stream. It is held in a store where the user names one or an operator needs
 * it, else its updates pass through.
 *
 * @remarks Source: Java's `KTableSource`.
 */
export class SourceTable<K, V> implements TableBacking<K, V> {
  readonly source: TableSource
  private readonly reservedName: string
  private readonly options: TableStoreOptions
  private readonly serdes: { readonly key?: Serde<K>; readonly value?: Serde<V> }
  private made: KeyValueStoreSpec<K, V> | VersionedStoreSpec<K, V> | undefined

  constructor(
    reservedName: string,
    options: TableStoreOptions,
    key: Serde<K> | undefined,
    value: Serde<V> | undefined,
  ) {
    // Who asks for history wants it held, under whatever name.
    const storeName = options.name ?? (options.versioned && reservedName)
    this.source = { storeName, sendOldValues: false }
    this.reservedName = reservedName
    this.options = options
    this.serdes = { ...(key && { key }), ...(value && { value }) }
  }

  storeName(): string | undefined {
    return this.source.storeName
  }

  materialize(): string {
    this.source.storeName = this.reservedName
    return this.reservedName
  }

  sendOldValues(force: boolean): boolean {
    if (!force && this.source.storeName === undefined) return false
    this.materialize()
    this.source.sendOldValues = true
    return true
  }

  isVersioned(): boolean {
    return this.options.versioned !== undefined
  }

  view(): TableView<K, V> {
    return keyValueView(this.materialize())
  }

  /** The store, where there is one. Asked when the topology is built. */
  spec(): KeyValueStoreSpec<K, V> | VersionedStoreSpec<K, V> | undefined {
    if (this.source.storeName === undefined) return undefined
    const operator = `The table ${this.reservedName}`
    this.made ??= tableStore(this.options, {
      name: this.reservedName,
      key: neededSerde(this.serdes.key, 'key', operator, 'is held in a store'),
      value: neededSerde(this.serdes.value, 'value', operator, 'is held in a store'),
    })
    return this.made
  }
}
