import type { TableBacking, TableView } from './table-view.ts'

/** An aggregation as far as its table must know it. */
export interface StoredAggregation {
  readonly storeName: string
  sendOldValues: boolean
}

/**
 * A table that is always held in a store: an aggregation, or several that share it.
 *
 * @remarks Source: Java's `KStreamAggregate` and its like, `KTablePassThrough`.
 */
export class StoredTable<K, V> implements TableBacking<K, V> {
  private readonly aggregations: readonly StoredAggregation[]
  private readonly versioned: boolean
  private readonly stored: TableView<K, V>

  constructor(
    aggregations: readonly StoredAggregation[],
    stored: TableView<K, V>,
    versioned: boolean = false,
  ) {
    this.aggregations = aggregations
    this.versioned = versioned
    this.stored = stored
  }

  storeName(): string {
    return this.aggregations[0]!.storeName
  }

  materialize(): string {
    return this.aggregations[0]!.storeName
  }

  sendOldValues(): boolean {
    for (const aggregation of this.aggregations) aggregation.sendOldValues = true
    return true
  }

  isVersioned(): boolean {
    return this.versioned
  }

  view(): TableView<K, V> {
    return this.stored
  }
}
