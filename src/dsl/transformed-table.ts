import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { Record } from '../core/record.ts'
import type { ValueAndTimestamp } from '../state/store.ts'
import type { ProcessorContext } from '../topology/processor.ts'
import type { TableValuesTransform } from './processors/table-transform-values.ts'
import { keyValueView } from './store-view.ts'
import type { TableBacking, TableReader, TableView } from './table-view.ts'
import { TransformedRecord, type ValueTransformer } from './value-transformer.ts'

/** A table that a user's transformer makes of another one. Source: Java's `KTableTransformValues`. */
export class TransformedTable<K, V, Out> implements TableBacking<K, Out> {
  private readonly parent: TableBacking<K, V>
  private readonly transform: TableValuesTransform<K, V, Out>

  constructor(parent: TableBacking<K, V>, transform: TableValuesTransform<K, V, Out>) {
    this.parent = parent
    this.transform = transform
  }

  storeName(): string | undefined {
    return this.transform.storeName
  }

  materialize(): string | undefined {
    return this.transform.storeName
  }

  sendOldValues(force: boolean): boolean {
    if (this.transform.storeName !== undefined || this.parent.sendOldValues(force)) {
      this.transform.sendOldValues = true
    }
    return this.transform.sendOldValues
  }

  isVersioned(): boolean {
    return this.transform.storeName === undefined
      ? this.parent.isVersioned()
      : this.transform.storeIsVersioned
  }

  view(): TableView<K, Out> {
    const { storeName, connected } = this.transform
    if (storeName !== undefined) return keyValueView(storeName)
    const parent = this.parent.view()
    return {
      // Who reads the table transforms it itself, and so needs the stores of the transformer too.
      storeNames: [...new Set([...parent.storeNames, ...connected])],
      open: (context) => new TransformedReader(parent.open(context), this.transform, context),
    }
  }
}

/** Transforms a table's values as they are read, with a transformer of its own. */
class TransformedReader<K, V, Out> implements TableReader<K, Out> {
  private readonly parent: TableReader<K, V>
  private readonly transformer: ValueTransformer<K, V, Out>
  private readonly context: ProcessorContext<never, never>
  private readonly current: TransformedRecord
  private starting: MaybePromise<void>

  constructor(
    parent: TableReader<K, V>,
    transform: TableValuesTransform<K, V, Out>,
    context: ProcessorContext<never, never>,
  ) {
    this.parent = parent
    this.context = context
    this.transformer = transform.supplier()
    this.current = new TransformedRecord(context)
    this.starting = this.transformer.init?.(this.current)
  }

  get(key: K, asOfMs?: number): MaybePromise<Out | null | undefined> {
    if (isPromise(this.starting)) return this.whenStarted(this.starting, key, asOfMs)
    const value = this.parent.get(key, asOfMs)
    return isPromise(value)
      ? value.then((read) => this.compute(key, read ?? null))
      : this.compute(key, value ?? null)
  }

  getWithTimestamp(key: K): MaybePromise<ValueAndTimestamp<Out> | undefined> {
    if (isPromise(this.starting)) return this.starting.then(() => this.stampedOf(key))
    return this.stampedOf(key)
  }

  prefetch(key: K, asOfMs?: number): void {
    this.parent.prefetch(key, asOfMs)
  }

  async close(): Promise<void> {
    await this.transformer.close?.()
    await this.parent.close?.()
  }

  private async whenStarted(
    starting: Promise<void>,
    key: K,
    asOfMs: number | undefined,
  ): Promise<Out | null | undefined> {
    await starting
    this.starting = undefined
    return await this.get(key, asOfMs)
  }

  private stampedOf(key: K): MaybePromise<ValueAndTimestamp<Out> | undefined> {
    const found = this.parent.getWithTimestamp(key)
    if (isPromise(found)) return found.then((read) => this.stamp(key, read))
    return this.stamp(key, found)
  }

  private stamp(
    key: K,
    found: ValueAndTimestamp<V> | undefined,
  ): MaybePromise<ValueAndTimestamp<Out> | undefined> {
    const stamped = (value: Out | null): ValueAndTimestamp<Out> | undefined =>
      value === null ? undefined : { value, timestampMs: found?.timestampMs ?? -1 }
    const value = this.compute(key, found?.value ?? null)
    return isPromise(value) ? value.then(stamped) : stamped(value)
  }

  private compute(key: K, value: V | null): MaybePromise<Out | null> {
    const record = new Record(key, value, this.context.currentStreamTimeMs())
    return this.transformer.transform(value, key, this.current.at(record, this.context))
  }
}
