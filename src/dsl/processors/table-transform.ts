import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Mapper } from '../callbacks.ts'
import { Change } from '../change.ts'
import { CurrentRecord } from '../record-context.ts'
import { tableRows, whenPut, type TableRows } from './table-rows.ts'

/** How one table becomes another, value by value; settled when the topology is built. */
export interface TableTransform<K, V, Out> {
  /** The new table's value for a value of the old one; null where it has none. */
  readonly compute: Mapper<K, V, Out | null>
  /** Whether an update that was absent before and is absent now is kept back, as a filter does. */
  readonly dropsAbsent: boolean
  readonly storeName: string | undefined
  /** Whether that store keeps history. */
  readonly storeIsVersioned: boolean
  /** Whether the updates are those of a table with history, which may come behind newer ones. */
  readonly parentIsVersioned: boolean
  sendOldValues: boolean
}

/** Filters or maps a table. Source: Java's `KTableFilter` and `KTableMapValues`. */
export class TableTransformProcessor<K, V, Out> implements Processor<K, Change<V>, K, Change<Out>> {
  private readonly transform: TableTransform<K, V, Out>
  private readonly current = new CurrentRecord()
  private rows: TableRows<K, Out> | undefined

  constructor(transform: TableTransform<K, V, Out>) {
    this.transform = transform
  }

  init(context: ProcessorContext<K, Change<Out>>): void {
    const { storeName } = this.transform
    if (storeName !== undefined) this.rows = tableRows<K, Out>(context, storeName)
  }

  prefetch(key: K): void {
    if (this.transform.sendOldValues) this.rows?.prefetch(key)
  }

  process(
    record: Record<K, Change<V>>,
    context: ProcessorContext<K, Change<Out>>,
  ): MaybePromise<void> {
    const newValue = this.compute(record.value.newValue, record, context)
    const oldValue = this.oldValue(record, context)
    if (isPromise(newValue) || isPromise(oldValue)) {
      return this.later(newValue, oldValue, record, context)
    }
    return this.finish(newValue, oldValue ?? null, record, context)
  }

  private compute(
    value: V | null,
    record: Record<K, Change<V>>,
    context: ProcessorContext<K, Change<Out>>,
  ): MaybePromise<Out | null> {
    if (value === null) return null
    return this.transform.compute(value, record.key, this.current.at(record, context))
  }

  private oldValue(
    record: Record<K, Change<V>>,
    context: ProcessorContext<K, Change<Out>>,
  ): MaybePromise<Out | null | undefined> {
    if (!this.transform.sendOldValues) return null
    if (!this.rows) return this.compute(record.value.oldValue, record, context)
    const old = this.rows.get(record.key)
    return isPromise(old) ? old.then((found) => found?.value) : old?.value
  }

  private async later(
    newValue: MaybePromise<Out | null>,
    oldValue: MaybePromise<Out | null | undefined>,
    record: Record<K, Change<V>>,
    context: ProcessorContext<K, Change<Out>>,
  ): Promise<void> {
    const [after, before] = await Promise.all([newValue, oldValue])
    await this.finish(after, before ?? null, record, context)
  }

  private finish(
    newValue: Out | null,
    oldValue: Out | null,
    record: Record<K, Change<V>>,
    context: ProcessorContext<K, Change<Out>>,
  ): MaybePromise<void> {
    const { dropsAbsent, parentIsVersioned, sendOldValues } = this.transform
    // The old value of an update that comes behind a newer one does not say whether it changes history.
    const mayDrop = dropsAbsent && sendOldValues && !parentIsVersioned
    if (mayDrop && oldValue === null && newValue === null) return
    const forward = (isLatest: boolean): MaybePromise<void> =>
      context.forward(record.withValue(new Change(newValue, oldValue, isLatest)))
    if (!this.rows) return forward(record.value.isLatest)
    return whenPut(this.rows.put(record.key, newValue, record.timestampMs), forward)
  }
}
