import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { ValueAndTimestamp } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import { Change } from '../change.ts'
import { skipRecord } from './skipped.ts'
import { tableRows, whenPut, type TableRows } from './table-rows.ts'

/** How a topic becomes a table; settled when the topology is built. */
export interface TableSource {
  /** Undefined where nothing needs the table to be held. */
  storeName: string | undefined
  sendOldValues: boolean
}

/**
 * Makes a table's updates of a topic's records. Records without a key are skipped; a record without a value deletes.
 * A record older than the one it replaces is applied too; where the replaced one is at hand, that is logged.
 *
 * @remarks Source: Java's `KTableSource`, which reads the old value even where only the warning needs it.
 */
export class TableSourceProcessor<K, V> implements Processor<K, V | null, K, Change<V>> {
  private readonly source: TableSource
  private rows: TableRows<K, V> | undefined

  constructor(source: TableSource) {
    this.source = source
  }

  init(context: ProcessorContext<K, Change<V>>): void {
    const { storeName } = this.source
    if (storeName !== undefined) this.rows = tableRows<K, V>(context, storeName)
  }

  prefetch(key: K): void {
    if (key !== null && this.source.sendOldValues) this.rows?.prefetch(key)
  }

  process(
    record: Record<K, V | null>,
    context: ProcessorContext<K, Change<V>>,
  ): MaybePromise<void> {
    if (record.key === null) {
      skipRecord(context, 'a table takes no record without key')
      return
    }
    if (!this.rows || !this.source.sendOldValues) return this.apply(record, context, undefined)
    const old = this.rows.get(record.key)
    if (isPromise(old)) return this.whenRead(old, record, context)
    return this.apply(record, context, old)
  }

  private async whenRead(
    old: Promise<ValueAndTimestamp<V> | undefined>,
    record: Record<K, V | null>,
    context: ProcessorContext<K, Change<V>>,
  ): Promise<void> {
    await this.apply(record, context, await old)
  }

  private apply(
    record: Record<K, V | null>,
    context: ProcessorContext<K, Change<V>>,
    old: ValueAndTimestamp<V> | undefined,
  ): MaybePromise<void> {
    if (old && record.timestampMs < old.timestampMs) {
      context.logger.warn('An update of a table is older than what it replaces; it is applied.', {
        store: this.source.storeName,
        oldTimestampMs: old.timestampMs,
        newTimestampMs: record.timestampMs,
        ...context.recordMetadata,
      })
    }
    const forward = (isLatest: boolean): MaybePromise<void> =>
      context.forward(record.withValue(new Change(record.value, old?.value ?? null, isLatest)))
    if (!this.rows) return forward(true)
    return whenPut(this.rows.put(record.key, record.value, record.timestampMs), forward)
  }
}
