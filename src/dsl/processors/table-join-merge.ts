import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import { Change } from '../change.ts'
import { tableRows, whenPut, type TableRows } from './table-rows.ts'

/** Where the results of both sides of a join of tables meet. */
export interface TableJoinMerge {
  /** Undefined where the results are not held. */
  readonly storeName: string | undefined
}

/** Holds the results of a join of tables, where they are to be held. Source: Java's `KTableKTableJoinMerger`. */
export class TableJoinMergeProcessor<K, V> implements Processor<K, Change<V>, K, Change<V>> {
  private readonly merge: TableJoinMerge
  private rows: TableRows<K, V> | undefined

  constructor(merge: TableJoinMerge) {
    this.merge = merge
  }

  init(context: ProcessorContext<K, Change<V>>): void {
    const { storeName } = this.merge
    if (storeName !== undefined) this.rows = tableRows<K, V>(context, storeName)
  }

  process(
    record: Record<K, Change<V>>,
    context: ProcessorContext<K, Change<V>>,
  ): MaybePromise<void> {
    // Each side sends old values where they are wanted, and none where they are not.
    if (!this.rows) return context.forward(record)
    const { newValue, oldValue } = record.value
    return whenPut(this.rows.put(record.key, newValue, record.timestampMs), (isLatest) =>
      context.forward(record.withValue(new Change(newValue, oldValue, isLatest))),
    )
  }
}
