import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import { Change } from '../change.ts'
import {
  TransformedRecord,
  type ValueTransformer,
  type ValueTransformerSupplier,
} from '../value-transformer.ts'
import { tableRows, whenPut, type TableRows } from './table-rows.ts'

/** How a user's transformer makes one table of another; settled when the topology is built. */
export interface TableValuesTransform<K, V, Out> {
  readonly supplier: ValueTransformerSupplier<K, V, Out>
  /** The stores that transformers use. */
  readonly connected: readonly string[]
  readonly storeName: string | undefined
  /** Whether that store keeps history. */
  readonly storeIsVersioned: boolean
  sendOldValues: boolean
}

type Forward<K, Out> = ProcessorContext<K, Change<Out>>

/** Transforms a table's values one by one, deletions too. Source: Java's `KTableTransformValues`. */
export class TableTransformValuesProcessor<K, V, Out> implements Processor<
  K,
  Change<V>,
  K,
  Change<Out>
> {
  private readonly transform: TableValuesTransform<K, V, Out>
  private readonly transformer: ValueTransformer<K, V, Out>
  private current!: TransformedRecord
  private rows: TableRows<K, Out> | undefined

  constructor(transform: TableValuesTransform<K, V, Out>) {
    this.transform = transform
    this.transformer = transform.supplier()
  }

  init(context: Forward<K, Out>): MaybePromise<void> {
    const { storeName } = this.transform
    if (storeName !== undefined) this.rows = tableRows<K, Out>(context, storeName)
    this.current = new TransformedRecord(context)
    return this.transformer.init?.(this.current)
  }

  prefetch(key: K): void {
    if (this.transform.sendOldValues) this.rows?.prefetch(key)
  }

  process(record: Record<K, Change<V>>, context: Forward<K, Out>): MaybePromise<void> {
    const newValue = this.compute(record.value.newValue, record, context)
    if (isPromise(newValue)) return this.later(newValue, record, context)
    const oldValue = this.oldValue(record, context)
    if (isPromise(oldValue)) return this.later(newValue, record, context, oldValue)
    return this.finish(newValue, oldValue ?? null, record, context)
  }

  close(): MaybePromise<void> {
    return this.transformer.close?.()
  }

  private compute(
    value: V | null,
    record: Record<K, Change<V>>,
    context: Forward<K, Out>,
  ): MaybePromise<Out | null> {
    return this.transformer.transform(value, record.key, this.current.at(record, context))
  }

  /** After the new value, as in Kafka Streams: a transformer may count its calls. */
  private oldValue(
    record: Record<K, Change<V>>,
    context: Forward<K, Out>,
  ): MaybePromise<Out | null | undefined> {
    if (!this.transform.sendOldValues) return null
    if (!this.rows) return this.compute(record.value.oldValue, record, context)
    const old = this.rows.get(record.key)
    return isPromise(old) ? old.then((found) => found?.value) : old?.value
  }

  private async later(
    newValue: MaybePromise<Out | null>,
    record: Record<K, Change<V>>,
    context: Forward<K, Out>,
    oldValue?: MaybePromise<Out | null | undefined>,
  ): Promise<void> {
    const after = await newValue
    const before = await (oldValue ?? this.oldValue(record, context))
    await this.finish(after, before ?? null, record, context)
  }

  private finish(
    newValue: Out | null,
    oldValue: Out | null,
    record: Record<K, Change<V>>,
    context: Forward<K, Out>,
  ): MaybePromise<void> {
    const forward = (isLatest: boolean): MaybePromise<void> =>
      context.forward(record.withValue(new Change(newValue, oldValue, isLatest)))
    if (!this.rows) return forward(record.value.isLatest)
    return whenPut(this.rows.put(record.key, newValue, record.timestampMs), forward)
  }
}
