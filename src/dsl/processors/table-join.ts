import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Joiner, Mapper } from '../callbacks.ts'
import { CurrentRecord } from '../record-context.ts'
import type { TableReader, TableView } from '../table-view.ts'
import { skipRecord } from './skipped.ts'

/** What a join of a stream with a table is made of. */
export interface TableJoin<K, V, TableK, TableV, Out> {
  readonly view: TableView<TableK, TableV>
  readonly joiner: Joiner<K, V, TableV | null, Out>
  /** The table's key for a record; undefined: the record's own. */
  readonly on: Mapper<K, V, TableK | null> | undefined
  /** Whether records go on for which the table has nothing. */
  readonly left: boolean
}

/**
 * Looks each record up in a table. Records without a value are skipped, and those without a key for the table too,
 * except by a left join.
 *
 * @remarks Source: Java's `KStreamKTableJoinProcessor`.
 */
export class TableJoinProcessor<K, V, TableK, TableV, Out> implements Processor<K, V, K, Out> {
  private readonly join: TableJoin<K, V, TableK, TableV, Out>
  private readonly current = new CurrentRecord()
  private table!: TableReader<TableK, TableV>

  constructor(join: TableJoin<K, V, TableK, TableV, Out>) {
    this.join = join
  }

  init(context: ProcessorContext<K, Out>): void {
    this.table = this.join.view.open(context)
  }

  prefetch(key: K): void {
    // Where the table's key is computed of the value, it is not known yet.
    if (key !== null && !this.join.on) this.table.prefetch(key as unknown as TableK)
  }

  process(record: Record<K, V>, context: ProcessorContext<K, Out>): MaybePromise<void> {
    if (record.value === null) {
      skipRecord(context, 'a join with a table takes no record without value')
      return
    }
    if (!this.join.on) return this.lookUp(record.key as unknown as TableK, record, context)
    const key = this.join.on(record.value, record.key, this.current.at(record, context))
    if (isPromise(key)) return key.then((found) => this.lookUp(found, record, context))
    return this.lookUp(key, record, context)
  }

  private lookUp(
    key: TableK | null,
    record: Record<K, V>,
    context: ProcessorContext<K, Out>,
  ): MaybePromise<void> {
    if (key === null || key === undefined) {
      if (this.join.left) return this.joined(null, record, context)
      skipRecord(context, 'a join with a table takes no record without key')
      return
    }
    const value = this.table.get(key)
    if (isPromise(value)) return this.whenRead(value, record, context)
    return this.joined(value ?? null, record, context)
  }

  private async whenRead(
    value: Promise<TableV | null | undefined>,
    record: Record<K, V>,
    context: ProcessorContext<K, Out>,
  ): Promise<void> {
    await this.joined((await value) ?? null, record, context)
  }

  private joined(
    value: TableV | null,
    record: Record<K, V>,
    context: ProcessorContext<K, Out>,
  ): MaybePromise<void> {
    if (value === null && !this.join.left) return
    const current = this.current.at(record, context)
    const out = this.join.joiner(record.value, value, record.key, current)
    if (isPromise(out)) return out.then((result) => context.forward(record.withValue(result)))
    return context.forward(record.withValue(out))
  }
}
