import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import { TableLookup, type TableJoin } from './table-lookup.ts'

/**
 * Looks each record up in a table as it comes.
 *
 * @remarks Source: Java's `KStreamKTableJoinProcessor`.
 */
export class TableJoinProcessor<K, V, TableK, TableV, Out> implements Processor<K, V, K, Out> {
  private readonly lookup: TableLookup<K, V, TableK, TableV, Out>

  constructor(join: TableJoin<K, V, TableK, TableV, Out>) {
    this.lookup = new TableLookup(join)
  }

  init(context: ProcessorContext<K, Out>): void {
    this.lookup.init(context)
  }

  prefetch(key: K, timestampMs: number): void {
    this.lookup.prefetch(key, timestampMs)
  }

  close(): MaybePromise<void> {
    return this.lookup.close()
  }

  process(record: Record<K, V>, context: ProcessorContext<K, Out>): MaybePromise<void> {
    if (record.value === null) {
      this.lookup.skips(record, null, context)
      return
    }
    const key = this.lookup.keyOf(record, context)
    if (isPromise(key)) return key.then((found) => this.joinWith(found, record, context))
    return this.joinWith(key, record, context)
  }

  private joinWith(
    key: TableK | null,
    record: Record<K, V>,
    context: ProcessorContext<K, Out>,
  ): MaybePromise<void> {
    if (this.lookup.skips(record, key, context)) return
    const value = this.lookup.read(key, record.timestampMs)
    return this.lookup.joinWith(value, record, context, (joined) => context.forward(joined))
  }
}
