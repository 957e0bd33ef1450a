import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { Record } from '../core/record.ts'
import type { ValueAndTimestamp } from '../state/store.ts'
import type { ProcessorContext } from '../topology/processor.ts'
import type { TableTransform } from './processors/table-transform.ts'
import { CurrentRecord } from './record-context.ts'
import { keyValueView } from './store-view.ts'
import type { TableBacking, TableReader, TableView } from './table-view.ts'

/** A table filtered or mapped of another one. Source: Java's `KTableFilter` and `KTableMapValues`. */
export class DerivedTable<K, V, Out> implements TableBacking<K, Out> {
  private readonly parent: TableBacking<K, V>
  private readonly transform: TableTransform<K, V, Out>

  constructor(parent: TableBacking<K, V>, transform: TableTransform<K, V, Out>) {
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
    if (this.transform.storeName !== undefined) return keyValueView(this.transform.storeName)
    const parent = this.parent.view()
    return {
      storeNames: parent.storeNames,
      open: (context) => new DerivedReader(parent.open(context), this.transform, context),
    }
  }
}

/** Computes a derived table's values as they are read. */
class DerivedReader<K, V, Out> implements TableReader<K, Out> {
  private readonly parent: TableReader<K, V>
  private readonly transform: TableTransform<K, V, Out>
  private readonly context: ProcessorContext<never, never>
  private readonly current = new CurrentRecord()

  constructor(
    parent: TableReader<K, V>,
    transform: TableTransform<K, V, Out>,
    context: ProcessorContext<never, never>,
  ) {
    this.parent = parent
    this.transform = transform
    this.context = context
  }

  get(key: K, asOfMs?: number): MaybePromise<Out | null | undefined> {
    const value = this.parent.get(key, asOfMs)
    return isPromise(value)
      ? value.then((read) => this.compute(key, read))
      : this.compute(key, value)
  }

  getWithTimestamp(key: K): MaybePromise<ValueAndTimestamp<Out> | undefined> {
    const found = this.parent.getWithTimestamp(key)
    return isPromise(found)
      ? found.then((read) => this.computeWithTimestamp(key, read))
      : this.computeWithTimestamp(key, found)
  }

  prefetch(key: K, asOfMs?: number): void {
    this.parent.prefetch(key, asOfMs)
  }

  close(): MaybePromise<void> {
    return this.parent.close?.()
  }

  private compute(key: K, value: V | null | undefined): MaybePromise<Out | null> {
    if (value === null || value === undefined) return null
    const record = new Record(key, value, this.context.currentStreamTimeMs())
    return this.transform.compute(value, key, this.current.at(record, this.context))
  }

  private computeWithTimestamp(
    key: K,
    found: ValueAndTimestamp<V> | undefined,
  ): MaybePromise<ValueAndTimestamp<Out> | undefined> {
    if (found === undefined) return undefined
    const stamp = (value: Out | null): ValueAndTimestamp<Out> | undefined =>
      value === null ? undefined : { value, timestampMs: found.timestampMs }
    const value = this.compute(key, found.value)
    return isPromise(value) ? value.then(stamp) : stamp(value)
  }
}
