import type { TableBacking, TableView } from './table-view.ts'

/** A table that is always held in a store: an aggregation. Source: Java's `KStreamAggregate` and its like. */
export class StoredTable<K, V> implements TableBacking<K, V> {
  private readonly aggregation: { readonly storeName: string; sendOldValues: boolean }
  private readonly stored: TableView<K, V>

  constructor(
    aggregation: { readonly storeName: string; sendOldValues: boolean },
    stored: TableView<K, V>,
  ) {
    this.aggregation = aggregation
    this.stored = stored
  }

  storeName(): string {
    return this.aggregation.storeName
  }

  materialize(): string {
    return this.aggregation.storeName
  }

  sendOldValues(): boolean {
    this.aggregation.sendOldValues = true
    return true
  }

  view(): TableView<K, V> {
    return this.stored
  }
}
